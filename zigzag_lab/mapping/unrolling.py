"""The unrolled loops of a spatial mapping, operand by operand and level by level."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

from zigzag_lab.mapping.sliding import SplitLevel, split_levels
from zigzag_lab.mapping.spatial import LoopLevels, UnrolledLoops
from zigzag_lab.workload import Layer


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
        totals = [prod(_interleaved(s)) for s in self.split]
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

    def inside(self, level: int) -> tuple[tuple[str, float], ...]:
        """(loop dimension, its unrolling over all levels up to one), for the dimensions that are unrolled there."""
        return self._inside[level]

    @cached_property
    def _inside(self) -> tuple[tuple[tuple[str, float], ...], ...]:
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


def _interleaved(split: SplitLevel) -> tuple[float, ...]:
    return (*split.relevant, *split.reuse, *split.neither)


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
