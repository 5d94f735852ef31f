"""The unrolled loops of a spatial mapping, operand by operand and level by level, split into new data and reuse.

A 3 by 3 window sliding over an image reads 3 new elements and reuses 6 at each step: an OX loop is neither relevant
nor irrelevant to the input, but *partially relevant*. ZigZag 3.9.1 (``mapping_assist_funcs.py``) replaces each such
loop by two: one over new elements of the data dimension, one of pure reuse.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

from zigzag_lab.mapping.spatial import Loop, LoopLevels, UnrolledLoops
from zigzag_lab.workload import DimensionRelation, Layer


@dataclass(frozen=True, slots=True)
class SplitLevel:
    """The loops of one level, as the factors by which they bring new data and reuse old.

    Attributes:
        relevant: factors of new data, in loop order.
        reuse: factors of reuse, in loop order.
        neither: loops of one iteration that are in no list of the operand.
    """

    relevant: tuple[float, ...]
    reuse: tuple[float, ...]
    neither: tuple[float, ...]

    @property
    def n_relevant(self) -> float:
        """Product of the factors of new data."""
        return prod(self.relevant)

    @property
    def n_reuse(self) -> float:
        """Product of the factors of reuse."""
        return prod(self.reuse)


def data_extent(layer: Layer, relation: DimensionRelation, a: float, b: float) -> int:
    """Elements along a data dimension that ``a`` by ``b`` iterations touch, clipped to what exists without padding.

    Fractional iterations are truncated first, as in ZigZag 3.9.1.
    """
    return min(layer.data_sizes[relation.data_dim], relation.extent(int(a), int(b)))


def split_levels(layer: Layer, operand: str, levels: Sequence[Sequence[Loop]]) -> list[SplitLevel]:
    """Split the loops of each level of an operand, innermost level first.

    The factors of a partially relevant loop depend on the loops inside it: each is the growth of the extent (new
    data) and of iterations per element (reuse) that the loop adds.
    """
    relevancy = layer.relevancy
    relevant, irrelevant = relevancy.relevant[operand], relevancy.irrelevant[operand]
    relation_of = {dim: r for r in relevancy.partial[operand] for dim in r.loop_dims}
    iterations: dict[str, float] = dict.fromkeys(relation_of, 1)
    extent_so_far: dict[str, float] = {r.data_dim: 1 for r in relevancy.partial[operand]}
    reuse_so_far: dict[str, float] = dict(extent_so_far)
    split: list[SplitLevel] = []
    for loops in levels:
        new: list[float] = []
        reused: list[float] = []
        neither: list[float] = []
        for dim, size in loops:
            if dim in relevant:
                new.append(size)
            elif dim in irrelevant:
                reused.append(size)
            elif dim in relation_of:
                relation = relation_of[dim]
                iterations[dim] *= size
                a, b = iterations[relation.dim_a], iterations[relation.dim_b]
                extent = data_extent(layer, relation, a, b)
                reuse = a * b / extent
                new.append(extent / extent_so_far[relation.data_dim])
                reused.append(reuse / reuse_so_far[relation.data_dim])
                extent_so_far[relation.data_dim], reuse_so_far[relation.data_dim] = extent, reuse
            else:
                neither.append(size)
        split.append(SplitLevel(tuple(new), tuple(reused), tuple(neither)))
    return split


def is_dyadic(value: float) -> bool:
    """Whether a number is a multiple of 2^-20, so that its products with loop sizes are exact in float64.

    >>> is_dyadic(2.5), is_dyadic(10 / 3)
    (True, False)
    """
    return float(value * 1048576).is_integer()


@dataclass(frozen=True)
class OperandUnrolling:
    """The spatial loops of one operand, per level (0 is the array, m + 1 is memory m).

    Attributes:
        levels: the unrolled loops per level.
        split: the same, split into new data and reuse.
    """

    levels: LoopLevels
    split: tuple[SplitLevel, ...]

    @cached_property
    def n_instances(self) -> tuple[int, ...]:
        """Per level: how many units at it are in use."""
        totals = [prod((*s.relevant, *s.reuse, *s.neither)) for s in self.split]
        return tuple(round(round(prod(totals[a:]), 3)) for a in range(len(totals)))

    @cached_property
    def boost(self) -> tuple[int, ...]:
        """Per level: how many distinct tiles of it the memory above feeds at once; 1 for the outermost."""
        unique = [prod(s.n_relevant for s in self.split[a:]) for a in range(len(self.split))]
        ratios = [round(low / high) for low, high in itertools.pairwise(unique)]
        return (*ratios, 1)

    @cached_property
    def dims(self) -> tuple[str, ...]:
        """Loop dimensions unrolled for this operand at any level."""
        return tuple(dict.fromkeys(d for level in self.levels for d, _ in level))

    @cached_property
    def _factors(self) -> dict[str, tuple[float, ...]]:
        return {dim: tuple(dict(level).get(dim, 1) for level in self.levels) for dim in self.dims}

    def factors(self, dim: str) -> tuple[float, ...]:
        """Per level: the unrolling of a loop dimension there, 1 where it is not unrolled."""
        return self._factors.get(dim, (1,) * len(self.levels))

    @cached_property
    def is_whole(self) -> bool:
        """Whether every unrolling is a whole number."""
        return all(float(factor).is_integer() for loops in self.levels for _, factor in loops)

    @cached_property
    def inside(self) -> tuple[tuple[tuple[str, float], ...], ...]:
        """Per level: (loop dimension, its unrolling over all levels up to it), for the dimensions unrolled there."""
        inside: list[tuple[tuple[str, float], ...]] = []
        totals: dict[str, float] = {}
        for loops in self.levels:
            for dim, factor in loops:
                totals[dim] = totals.get(dim, 1) * factor
            inside.append(tuple(totals.items()))
        return tuple(inside)

    @cached_property
    def _rounding(self) -> frozenset[str]:
        return frozenset(dim for dim, factors in self._factors.items() if not all(map(is_dyadic, factors)))

    def rounding_dims(self, dims: Sequence[str]) -> tuple[str, ...]:
        """Those of some loop dimensions whose unrolling is not exact in binary: there, the order of products shows."""
        return tuple(d for d in dims if d in self._rounding)


@dataclass(frozen=True)
class SpatialForm:
    """One form of a spatial mapping, fractional or integer, per operand."""

    loops: UnrolledLoops
    operands: dict[str, OperandUnrolling]

    @classmethod
    def of(cls, layer: Layer, loops: UnrolledLoops) -> SpatialForm:
        """Analyse unrolled loops for each operand of a layer."""
        operands = {
            op: OperandUnrolling(loops.levels[op], tuple(split_levels(layer, op, loops.levels[op])))
            for op in layer.operands
        }
        return cls(loops, operands)
