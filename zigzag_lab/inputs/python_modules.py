"""Python modules, as ZigZag 2 reads them: named with how to write the same as YAML, never run."""

from __future__ import annotations

from pathlib import Path

from zigzag_lab.vocab import InputError

_OF_MODULES = {
    "accelerator": (
        "Write a YAML file: each MemoryInstance and its add_memory is an entry of memories, innermost first, "
        "size as it is; port_alloc with r_bw, w_bw and the granularities is ports; served_dimensions {(1, 0)} is [D1], "
        "{(0, 0)} is [], 'all' is every dimension; Multiplier's energy_cost and area are unit_energy and unit_area "
        "of operational_array, and its dimensions are sizes."
    ),
    "mapping": (
        "Write a YAML file: a list with an entry for each operator, {'default': {...}} as '- name: default'; "
        "{'D1': ('K', 32)} as 'D1: [\"K, 32\"]' below spatial_mapping; memory_operand_links as they are; "
        "core_allocation goes."
    ),
    "workload": (
        "Write a YAML file: a list with an entry for each layer, {0: {...}} as '- id: 0'; loop_dim_size as loop_dims "
        "and loop_sizes; operand_source with the ids of layers, and its own id for constants."
    ),
}
"""What a Python module of ZigZag 2 describes -> how to write it as YAML."""


def refuse_module(source: str | Path, what: str) -> None:
    """Refuse a Python module, as ZigZag 2 reads them; it is not looked into, let alone run.

    Args:
        source: its path.
        what: what it was taken for: accelerator, mapping or workload; nothing where that is not known.

    Raises:
        InputError: the path ends as Python modules do.
    """
    if Path(source).suffix == ".py":
        ways = (
            [_OF_MODULES[what]] if what in _OF_MODULES else [f"For {key}s: {way}" for key, way in _OF_MODULES.items()]
        )
        found = "this is a Python file, as ZigZag 2 reads them, and is not run"
        raise InputError(str(source), found, f"{what or 'the same'} as a YAML file", " ".join(ways))
