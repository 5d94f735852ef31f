"""How large tiles are, by the loops inside them, whatever order those are in.

Axes: ``N`` point (:mod:`zigzag_lab.mapping.lattice`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from math import gcd, prod
from typing import TypeVar, cast

import numpy as np

from zigzag_lab.mapping.lattice import Factor, Lattice, Points, n_tile_shapes
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.unrolling import OperandUnrolling
from zigzag_lab.workload import DimensionRelation

T = TypeVar("T")

MOST_POINTS = 2**15
"""Tile shapes that are tabulated; of more, each mapping works out its own."""


class TileShapes:
    """The tiles of one problem under one choice of temporal loops; tables are worked out once."""

    def __init__(self, problem: Problem, points: Points) -> None:
        self.problem, self.points = problem, points
        self.dims = frozenset(dim for dim, _ in points.loops)
        self._known: dict[Hashable, object] = {}

    @classmethod
    def of(cls, problem: Problem, loops: Sequence[Factor]) -> TileShapes | None:
        """The tiles of some loops in any order; None where they are too many for tables."""
        return cls(problem, Lattice(loops)) if n_tile_shapes(loops) <= MOST_POINTS else None

    def known(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value cached under a key; make it if there is none."""
        if key not in self._known:
            self._known[key] = make()
        return cast(T, self._known[key])

    def iterations(self, dim: str) -> np.ndarray | None:
        """[N] iterations of one loop dimension inside; None where it has no temporal loop."""
        return self.known(("dim", dim), lambda: self.points.iterations(dim)) if dim in self.dims else None

    def leaves_reuse(self, operand: str) -> np.ndarray:
        """[N] whether a loop that is irrelevant to an operand is outside."""
        irrelevant = self.problem.layer.relevancy.irrelevant[operand]
        return self.known(("leaves", irrelevant), lambda: self.points.leaves(irrelevant))

    def elems(self, unrolled: OperandUnrolling, operand: str, level: int) -> np.ndarray | None:
        """[N] elements of the tile inside a position, spatial loops up to a level included, not rounded.

        None where the order of loops shows in the last digit.
        """
        if not unrolled.is_whole and unrolled.rounding_dims(self.problem.layer.addressing(operand)):
            return None
        spatial = unrolled.inside[level]
        return self.known(("elems", operand, spatial), lambda: self._elems(operand, dict(spatial)))

    def _elems(self, operand: str, spatial: dict[str, float]) -> np.ndarray:
        layer = self.problem.layer
        elems = self.relevant(operand) * prod(spatial.get(dim, 1) for dim in layer.relevancy.relevant[operand])
        for relation in layer.relevancy.partial[operand]:
            a, b = (self._all_iterations(dim, spatial) for dim in relation.loop_dims)
            elems = elems * extents(relation, layer.data_sizes[relation.data_dim], a, b)
        return elems

    def relevant(self, operand: str) -> np.ndarray:
        """[N] iterations of all loops that are fully relevant to an operand."""
        return self.known(("relevant", operand), lambda: self._product(self.problem.layer.relevancy.relevant[operand]))

    def _product(self, dims: tuple[str, ...]) -> np.ndarray:
        tables = [table for dim in dims if (table := self.iterations(dim)) is not None]
        return prod(tables, start=np.ones(self.points.n_points))

    def _all_iterations(self, dim: str, spatial: dict[str, float]) -> np.ndarray | float:
        """[N] iterations of a dimension inside, temporal and spatial."""
        temporal = self.iterations(dim)
        return float(spatial.get(dim, 1)) if temporal is None else temporal * spatial.get(dim, 1)


def extents(
    relation: DimensionRelation, limit: int, a: np.ndarray | float, b: np.ndarray | float
) -> np.ndarray | float:
    """Return elements along a data dimension that ``a`` by ``b`` iterations touch, clipped to what exists.

    The formula is that of ``DimensionRelation.extent``, for arrays.

    >>> extents(DimensionRelation("IX", "OX", 1, "FX", 1), 8, np.array([1.0, 4.0, 8.0]), 3.0).tolist()
    [3.0, 6.0, 8.0]
    """
    common = gcd(relation.coef_a, relation.coef_b)
    a, b = np.trunc(a), np.trunc(b)
    overlap = np.maximum(0.0, b - relation.coef_a // common) * (a - relation.coef_b // common)
    return np.minimum(float(limit), a * b - overlap)
