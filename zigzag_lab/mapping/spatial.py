"""Spatial mappings: which loops run side by side on the array, and how that spreads over the memory levels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from math import ceil, prod
from typing import TypeVar

from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.dimension_order import array_dimension_order
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import Layer

N = TypeVar("N", int, float)

Loop = tuple[str, float]
"""A loop dimension and how many times it iterates (or is unrolled; unrolling may be fractional)."""

LoopLevels = tuple[tuple[Loop, ...], ...]
"""Loops per level, innermost first."""

Unrolling = dict[str, dict[str, float]]


@dataclass(frozen=True)
class SpatialMapping:
    """Loops unrolled over the dimensions of the array, as the user or the search gives them.

    Attributes:
        unrollings: array dimension -> {loop dimension: number of units it is spread over}. The order matters, as in
            ZigZag: user-given dimensions first, searched ones after.

    >>> mapping = SpatialMapping({"D1": {"K": 8}, "D2": {"C": 4, "FX": 3}})
    >>> mapping.n_units, mapping.utilisation_of("D2"), str(mapping)
    (96, 12, 'D1: K 8; D2: C 4 FX 3')
    """

    unrollings: dict[str, dict[str, int]]

    def utilisation_of(self, array_dim: str) -> int:
        """Units in use along an array dimension."""
        return prod(self.unrollings.get(array_dim, {}).values())

    def total_of(self, loop_dim: str) -> int:
        """Unrolling of a loop dimension over the whole array."""
        return prod(u[loop_dim] for u in self.unrollings.values() if loop_dim in u)

    @property
    def n_units(self) -> int:
        """Units in use on the whole array."""
        return prod(self.utilisation_of(d) for d in self.unrollings)

    def __str__(self) -> str:
        dims = (f"{d}: {' '.join(f'{k} {n}' for k, n in u.items()) or '-'}" for d, u in self.unrollings.items())
        return "; ".join(dims)

    def __hash__(self) -> int:
        return hash(tuple((d, tuple(u.items())) for d, u in self.unrollings.items()))


@dataclass(frozen=True)
class UnrolledLoops:
    """A spatial mapping spread over the memory levels.

    Attributes:
        levels: operand -> loops per level. Level 0 are the loops that the innermost memory feeds; level m those
            between memory m - 1 and memory m; one more level on top holds what no memory of the operand serves.
        mapping: the spatial mapping that was spread.
    """

    levels: dict[str, LoopLevels]
    mapping: SpatialMapping

    def loops(self, operand: str) -> tuple[Loop, ...]:
        """All unrolled loops of an operand from inner to outer levels."""
        return tuple(loop for level in self.levels[operand] for loop in level)

    def __hash__(self) -> int:
        return hash(tuple(self.levels.items()))


def unroll(
    layer: Layer, accelerator: Accelerator, links: dict[str, str], mapping: SpatialMapping
) -> tuple[UnrolledLoops, UnrolledLoops]:
    """Spread a spatial mapping over the memory levels, in its fractional and in its integer form.

    An unrolling that does not divide its loop is spread evenly over the temporal iterations that remain: 10 over 4
    units takes 3 passes of 3.33 units (fractional; energy, utilisation and allocation use it) or 3 units (integer,
    truncated; latency uses it). As in ZigZag 3.9.1, only the array dimension with the largest share is adjusted.

    Returns:
        The fractional and the integer form; the same object where they agree.
    """
    fractional = _limited(layer, accelerator, mapping, whole=False)
    integer = _limited(layer, accelerator, mapping, whole=True)
    first = UnrolledLoops(_per_level(accelerator, links, fractional), mapping)
    if integer == fractional:
        return first, first
    return first, UnrolledLoops(_per_level(accelerator, links, integer), mapping)


def _limited(layer: Layer, accelerator: Accelerator, mapping: SpatialMapping, *, whole: bool) -> Unrolling:
    limited: Unrolling = {}
    for array_dim, unrolled in mapping.unrollings.items():
        kept: dict[str, float] = {}
        for dim, factor in unrolled.items():
            if dim not in layer.loop_sizes:
                continue
            size = layer.loop_sizes[dim]
            n_units = min(factor, accelerator.array.sizes[array_dim])
            if n_units > size:
                raise InputError(
                    f"layer {layer.name}: spatial mapping {array_dim}",
                    f"{dim} is unrolled {n_units} times",
                    f"at most its size, {size}",
                )
            if array_dim == _widest(mapping, dim):
                before = prod(u[dim] for u in limited.values() if dim in u)
                passes = ceil(size / (n_units * before))
                share = size / passes / before
                kept[dim] = int(share) if whole else share
            else:
                kept[dim] = n_units
        if kept:
            limited[array_dim] = kept
    return limited


def _widest(mapping: SpatialMapping, dim: str) -> str:
    """The first array dimension with the largest unrolling of a loop."""
    candidates = [(d, u[dim]) for d, u in mapping.unrollings.items() if dim in u]
    largest = max(factor for _, factor in candidates)
    return next(d for d, factor in candidates if factor == largest)


def _per_level(accelerator: Accelerator, links: dict[str, str], unrolling: Unrolling) -> dict[str, LoopLevels]:
    levels: dict[str, LoopLevels] = {}
    for operand, memory_operand in links.items():
        if memory_operand not in accelerator.levels:
            continue  # a link of an operand that the layer has not, on an accelerator cut down to what it has
        remaining = dict(unrolling)
        per_memory: list[tuple[Loop, ...]] = []
        for index in accelerator.levels[memory_operand]:
            served = array_dimension_order(accelerator.memories[index].served_dimensions)
            per_memory.append(_merged([remaining.pop(d) for d in served if d in remaining]))
        per_memory.append(_merged(list(remaining.values())))
        levels[operand] = tuple(per_memory)
    return levels


def multiplied(loops: Iterable[tuple[str, N]]) -> dict[str, N]:
    """Loop dimension -> iterations of all loops over it.

    >>> multiplied([("K", 2), ("C", 3), ("K", 4)])
    {'K': 8, 'C': 3}
    """
    totals: dict[str, N] = {}
    for dim, size in loops:
        totals[dim] = totals[dim] * size if dim in totals else size
    return totals


def _merged(unrollings: list[dict[str, float]]) -> tuple[Loop, ...]:
    """Unrollings of the same loop at one level, multiplied."""
    return tuple(multiplied(chain.from_iterable(unrolled.items() for unrolled in unrollings)).items())


def temporal_loop_sizes(layer: Layer, fractional: UnrolledLoops) -> dict[str, int]:
    """Iterations that remain in time, per loop dimension in the layer's order; loops of one iteration are absent.

    The division is done on floats, level by level of the first input operand, as in ZigZag 3.9.1, where
    ``ceil(75 / (75 / 7))`` may take one pass too many.
    """
    sizes = dict(layer.loop_sizes)
    for dim, factor in fractional.loops(layer.input_operands[0]):
        if dim not in sizes:
            continue
        passes = ceil(sizes[dim] / factor)
        if passes == 1:
            del sizes[dim]
        else:
            sizes[dim] = passes
    return {dim: size for dim, size in sizes.items() if size > 1}
