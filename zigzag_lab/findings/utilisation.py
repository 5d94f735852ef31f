"""Checks of how well the layers fill the array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import fsum, prod

from zigzag_lab.findings.design import InputSet, Use
from zigzag_lab.findings.finding import Places, check
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.spatial import SpatialMapping

WORTH_A_WORD = 1.05
"""Least gain that a hint names."""

Unrolled = Sequence[tuple[Use, SpatialMapping]]


@check(
    "idle-dimension", "an array dimension is idle in most layers", "workload", "accelerator", "rules", about="mapping"
)
def idle_dimensions(design: InputSet) -> Places:
    """Yield, for each entry, the array dimensions along which one unit alone works in more than half of the layers."""
    sizes = design.sizes
    n_layers = sum(use.n_layers for use in design.uses)
    idle = {dim: _n_idle(design.unrolled, dim) for dim, size in sizes.items() if size > 1}
    mostly = {dim: n for dim, n in idle.items() if 2 * n > n_layers}
    if not mostly:
        return
    fixing = [entry for entry, _ in design.entries_in_use() if any(_is_held(entry, dim) for dim in mostly)]
    where = f"mapping entry '{fixing[0].name}': spatial_mapping" if fixing else "operational_array"
    counted = ", ".join(f"{dim} in {n} of {n_layers} layers" for dim, n in mostly.items())
    units = prod(sizes[dim] for dim in mostly)
    why = f"one unit in {units} works there" if len(set(mostly.values())) == 1 else "most of its units do nothing there"
    yield where, f"idle dimensions of the array: {counted}", why, _remedy(design, list(mostly), is_held=bool(fixing))


def _n_idle(unrolled: Unrolled, dim: str) -> int:
    return sum(use.n_layers for use, mapping in unrolled if mapping.utilisation_of(dim) == 1)


def _is_held(entry: MappingConstraints, dim: str) -> bool:
    return dim in entry.spatial_mapping or dim in entry.spatial_hints


def _remedy(design: InputSet, dims: list[str], *, is_held: bool) -> str:
    """What leaving dimensions to the search brings: ideal cycles of all layers before over after."""
    if not is_held:
        return (
            "No loop of these layers can be spread over them: the array may have too many dimensions for the network."
        )
    before = fsum(use.n_macs / mapping.n_units for use, mapping in design.unrolled)
    free = [(use, design.unrolled_freely(use.layer, use.entry)) for use, _ in design.unrolled]
    after = fsum(use.n_macs / (mapping.n_units if mapping else 1) for use, mapping in free)
    gain = before / after if after else 1.0
    if gain < WORTH_A_WORD:
        return "Leaving out spatial_mapping brings little here: layers are small, or innermost memories feed few units."
    return f"Without spatial_mapping and its hints the search uses more of it: {gain:.1f} times fewer ideal cycles."


@check(
    "starved-dimension",
    "an unrolling is cut to what the innermost memories feed or hold",
    "workload",
    "accelerator",
    "rules",
    about="accelerator",
)
def starved_dimensions(design: InputSet) -> Places:
    """Yield array dimensions along which the innermost memories cut the mapping file's unrolling, in most of the work.

    Work counts in operations. Unrollings beyond the loop or the array are no matter of the memories.
    """
    machine = design.accelerator
    n_macs = sum(use.n_macs for use in design.uses)
    for dim, size in design.sizes.items():
        cut = [(use, asked, got) for use, asked, got in _unrollings(design, dim) if got < asked <= size]
        if machine is None or 2 * sum(use.n_macs for use, _, _ in cut) <= n_macs:
            continue
        _, asked, got = max(cut, key=lambda one: one[0].n_macs)
        inner = (machine.memories[index] for index in machine.innermost)
        names = ", ".join(memory.name for memory in inner if dim in memory.served_dimensions)
        yield (
            f"accelerator {machine.name}: memories ({names})",
            f"{got} of the {asked} units that the mapping file asks for along {dim} are fed, in most of the work",
            "an innermost memory is too narrow, or too small, for one element a unit at a time",
            f"Give it wider ports, or more bits, or take {dim} out of its served_dimensions.",
        )


def _unrollings(design: InputSet, dim: str) -> Iterator[tuple[Use, int, int]]:
    """(layers, units that their entry asks for along a dimension, units in use); a loop on several dimensions aside."""
    for use, mapping in design.unrolled:
        sizes, given = use.layer.loop_sizes, use.entry.spatial_mapping
        asked = {loop: min(n, sizes[loop]) for loop, n in given.get(dim, {}).items() if loop in sizes}
        if not any(loop in unrolled for loop in asked for other, unrolled in given.items() if other != dim):
            yield use, prod(asked.values()), mapping.utilisation_of(dim)
