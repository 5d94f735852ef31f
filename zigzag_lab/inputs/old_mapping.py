"""Mappings of ZigZag up to 3.7, and of Stream, rewritten in the notation of today."""

from __future__ import annotations

from collections.abc import Mapping

from zigzag_lab.inputs.checked import Entry, shown
from zigzag_lab.inputs.old_accelerator import Rewritten

ONE_CORE = "there is one core"
OF_MAPPING = {
    "core_allocation": ONE_CORE,
    "core_allocation_is_fixed": ONE_CORE,
    "inter_core_tiling": ONE_CORE,
    "intra_core_tiling": "tiles are searched; temporal_ordering fixes the order of loops, innermost first",
    "layer_dimensions": "loops are named by the workload",
    "kernel": "units that wait are computed, not given",
}
"""Keys of entries of ZigZag up to 3.7, and of Stream -> why they go."""

OF_FILE = {"fused_groups": "layers are priced one by one"}
"""Keys beside the entries of Stream's files -> why they go."""

LAYERS = "layers"
"""Where the entries of Stream's newer files stand."""


def is_of_stream(data: object) -> bool:
    """Whether a file is a mapping of Stream with its entries below ``layers``."""
    layers = data.get(LAYERS) if isinstance(data, Mapping) else None
    return isinstance(layers, list) and any(isinstance(e, Mapping) and "core_allocation" in e for e in layers)


def foreign_keys(entry: object) -> list[str]:
    """Return the keys of an entry that only ZigZag up to 3.7 or Stream knows."""
    return [key for key in OF_MAPPING if key in entry] if isinstance(entry, Mapping) else []


def rewritten_mapping(top: Entry) -> Rewritten:
    """Rewrite a mapping file: entries without what places layers on cores, and one for all other layers.

    Raises:
        InputError: two entries of one name differ.
    """
    file = top.items() if is_of_stream(top.value) else {LAYERS: top}
    kept: dict[object, Mapping[str, object]] = {}
    left_out = []
    for element in file[LAYERS].elements("a list of entries, each starting with '- name: ...'"):
        fields = element.items()
        name = fields["name"].text("a layer's name, an operator type, or 'default'") if "name" in fields else None
        left_out += [f"entry {name}: {key}: {shown(fields[key].value)}" for key in foreign_keys(element.value)]
        entry = {key: field.value for key, field in fields.items() if key not in OF_MAPPING}
        if kept.setdefault(name, entry) != entry:
            raise element.error(f"two entries are called '{name}', and differ", "each name once", "Remove one of them.")
    left_out += [f"{key}: {shown(file[key].value)}" for key in OF_FILE if key in file]
    if "default" in kept:
        return Rewritten(list(kept.values()), left_out=tuple(left_out))
    note = "an entry 'default', for layers that no other entry names: nothing is fixed about them"
    return Rewritten([*kept.values(), {"name": "default"}], assumed=(note,), left_out=tuple(left_out))
