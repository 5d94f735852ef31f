"""Partially relevant loops, split into a relevant part (new data) and an irrelevant part (reuse).

A 3 by 3 window sliding over an image reads 3 new elements and reuses 6 at each step: an OX loop is neither relevant
nor irrelevant to the input. ZigZag 3.9.1 (``mapping_assist_funcs.py``) replaces each such loop by two: one over new
elements of the data dimension, one of pure reuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from zigzag_lab.mapping.spatial import Loop
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
