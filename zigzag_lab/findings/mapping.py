"""Checks of mapping files: entries and loops that apply to nothing, unrollings that do not suit the array."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod

from zigzag_lab.findings.design import InputSet
from zigzag_lab.findings.finding import Places, check
from zigzag_lab.inputs.formats.mapping import ANY, DEFAULT
from zigzag_lab.inputs.formats.workload import OPERATOR_TYPES
from zigzag_lab.vocab import nearest


def _place(entry: str, *keys: str) -> str:
    return f"mapping entry '{entry}': {'.'.join(keys)}"


def _along(loops: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {f" along {dim}": names for dim, names in loops.items()}


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


@check(
    "unknown-loop", "an entry unrolls or orders loops that none of its layers has", "workload", "rules", about="mapping"
)
def unknown_loops(design: InputSet) -> Places:
    """Yield, for each entry in use, the loops that it unrolls or orders and none of its layers has.

    A size of 1 unrolls nothing. Of hints those dimensions count of which no layer has any loop.
    """
    for entry, uses in design.entries_in_use():
        loops = dict.fromkeys(loop for use in uses for loop in use.layer.loop_sizes)
        unrolled = {dim: [k for k, n in one.items() if n > 1] for dim, one in entry.spatial_mapping.items()}
        asked = {dim: [k for k in one if k not in loops] for dim, one in unrolled.items()}
        ordered = [k for k, _ in entry.temporal_ordering if k != ANY and k not in loops]
        others = {dim: list(one) for dim, one in entry.spatial_hints.items() if dim not in unrolled}
        hinted = {dim: one for dim, one in others.items() if not any(k in loops for k in one)}
        for key, unknown, why in (
            ("spatial_mapping", _along(asked), "they are passed over, and units are idle"),
            ("spatial_mapping_hint", _along(hinted), "any loop is tried there, as without a hint"),
            ("temporal_ordering", {"": ordered}, "they are passed over"),
        ):
            missing = [(where, names) for where, names in unknown.items() if names]
            if missing:
                places = _listed(f"{' '.join(names)}{where}" for where, names in missing)
                hint = f"{nearest(missing[0][1][0], loops, 0.5)} Their loops are {', '.join(loops)}.".lstrip()
                yield _place(entry.name, key), f"its layers have no loop {places}", why, hint


@check("clamped-unrolling", "an unrolling is larger than the array dimension", "accelerator", "rules", about="mapping")
def clamped_unrollings(design: InputSet) -> Places:
    """Yield unrollings whose product is larger than their array dimension."""
    sizes = design.sizes
    for entry in design.entries:
        for dim, unrolled in entry.spatial_mapping.items():
            if dim in sizes and prod(unrolled.values()) > sizes[dim]:
                asked = " x ".join(f"{loop} {n}" for loop, n in unrolled.items())
                is_one = len([n for n in unrolled.values() if n > 1]) < 2
                done = f"it is cut to {sizes[dim]}" if is_one else "loops are left out until the others fit"
                yield (
                    _place(entry.name, "spatial_mapping", dim),
                    f"{asked} asks for {prod(unrolled.values())} units, and the array has {sizes[dim]} along {dim}",
                    done,
                    "Ask for at most what the array has, or enlarge operational_array.sizes.",
                )


@check(
    "other-dimensions",
    "a mapping was made for the dimensions of another accelerator",
    "accelerator",
    "rules",
    about="mapping",
)
def other_dimensions(design: InputSet) -> Places:
    """Yield hints for dimensions that the array lacks, and unrollings that leave units of a dimension idle for good."""
    sizes, name = design.sizes, design.accelerator.name if design.accelerator else ""
    for entry in design.entries:
        for dim in entry.spatial_hints:
            if dim not in sizes:
                found, why = f"accelerator {name} has no array dimension {dim}", "the hint has no effect"
                yield _place(entry.name, "spatial_mapping_hint", dim), found, why, f"It has {', '.join(sizes)}."
        for dim, unrolled in entry.spatial_mapping.items():
            n_used = prod(unrolled.values())
            if dim in sizes and 1 < n_used < sizes[dim]:
                yield (
                    _place(entry.name, "spatial_mapping", dim),
                    f"{n_used} units are asked for, and accelerator {name} has {sizes[dim]} along {dim}",
                    f"{sizes[dim] - n_used} of them are idle whatever the layer",
                    f"Unroll up to {sizes[dim]}, or leave {dim} out so that it is searched.",
                )


@check("unmatched-entry", "an entry of the mapping file applies to no layer", "workload", "rules", about="mapping")
def unmatched_entries(design: InputSet) -> Places:
    """Yield entries that are named like no layer of the network, and like no type of operator at all.

    An entry for an operator that the network happens to lack is fine: mapping files are made for many networks.
    """
    layers = design.workload.layers if design.workload else ()
    names = {layer.name for layer in layers} | {layer.operator_type for layer in layers}
    for name in (entry.name for entry in design.entries):
        if name not in names and name != DEFAULT and name not in OPERATOR_TYPES:
            found = "no layer of the network has this name or operator type"
            kinds = dict.fromkeys(layer.operator_type for layer in layers)
            hint = nearest(name, [*names, DEFAULT]) or f"Operator types there are {', '.join(kinds)}."
            yield _place(name, "name"), found, "its layers take the default entry instead", hint
