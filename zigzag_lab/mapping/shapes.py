"""How large tiles are, by the loops inside them, whatever order those are in.

Axes: ``N`` point (:mod:`zigzag_lab.mapping.lattice`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from math import gcd, prod
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from zigzag_lab.mapping.lattice import Factor, Lattice, Points, n_tile_shapes
from zigzag_lab.workload import DimensionRelation

if TYPE_CHECKING:
    from zigzag_lab.mapping.problem import OperandUnrolling, Problem, Variant

T = TypeVar("T")

MOST_POINTS = 2**15
"""Tile shapes that are tabulated; of more, each mapping works out its own."""


class TileShapes:
    """The tiles of one problem under one choice of temporal loops; tables are worked out once.

    Args:
        problem: what is mapped.
        points: what may be inside a position.
    """

    def __init__(self, problem: Problem, points: Points) -> None:
        self.problem, self.points = problem, points
        self.dims = frozenset(dim for dim, _ in points.loops)
        self._known: dict[Hashable, Any] = {}

    @classmethod
    def of(cls, problem: Problem, loops: Sequence[Factor]) -> TileShapes | None:
        """The tiles of some loops in any order; None where they are too many for tables."""
        return cls(problem, Lattice(loops)) if n_tile_shapes(loops) <= MOST_POINTS else None

    def known(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was worked out under a key before, or is now."""
        if key not in self._known:
            self._known[key] = make()
        found: T = self._known[key]
        return found

    def iterations(self, dim: str) -> np.ndarray | None:
        """[N] iterations of one loop dimension inside; None where it has no temporal loop."""
        return self.known(("dim", dim), lambda: self.points.iterations(dim)) if dim in self.dims else None

    def leaves_reuse(self, operand: str) -> np.ndarray:
        """[N] whether a loop that is irrelevant to an operand is outside."""
        irrelevant = self.problem.layer.relevancy.irrelevant[operand]
        return self.known(("leaves", irrelevant), lambda: self.points.leaves(irrelevant))

    def needed_elems(self, operand: str, level: int) -> np.ndarray | None:
        """[N] elements of an operand as the allocator counts them at a memory level; None where the order shows.

        Spatial loops up to the level count with their fractional unrolling.
        """
        unrolled = self.problem.fractional.operands[operand]
        if unrolled.rounding_dims(self._addressing(operand)):
            return None
        elems: np.ndarray | float = np.ones(self.points.n_points)
        for dim in self.problem.layer.relevancy.relevant[operand]:
            elems = elems * self._all_iterations(unrolled, dim, level)
        return np.asarray(self._slid(elems, unrolled, operand, level))

    def held_elems(self, variant: Variant, operand: str, level: int) -> np.ndarray | None:
        """[N] elements of the tile that an instance of a memory holds; None where the order of loops shows in it."""
        if self.order_shows(variant, operand, level):
            return None
        unrolled = variant.operands[operand]
        elems = self.relevant(operand) * self._spatial(unrolled, operand, level)
        return np.rint(self._slid(elems, unrolled, operand, level))

    def order_shows(self, variant: Variant, operand: str, level: int) -> bool:
        """Whether the order of loops may show in the elements that an instance of a memory holds."""
        unrolled = variant.operands[operand]
        spatial = self._spatial(unrolled, operand, level)
        return bool(unrolled.rounding_dims(self._addressing(operand))) or not float(spatial).is_integer()

    def _spatial(self, unrolled: OperandUnrolling, operand: str, level: int) -> float:
        """Spatial iterations of the fully relevant loops up to a level."""
        relevant = self.problem.layer.relevancy.relevant[operand]
        return prod(f for d in relevant for f in unrolled.factors(d)[: level + 1])

    def _addressing(self, operand: str) -> tuple[str, ...]:
        """The dimensions that an operand's tile grows along."""
        relevancy = self.problem.layer.relevancy
        return (*relevancy.relevant[operand], *(d for r in relevancy.partial[operand] for d in r.loop_dims))

    def relevant(self, operand: str) -> np.ndarray:
        """[N] iterations of all loops that are fully relevant to an operand."""
        return self.known(("relevant", operand), lambda: self._product(self.problem.layer.relevancy.relevant[operand]))

    def _product(self, dims: tuple[str, ...]) -> np.ndarray:
        product = np.ones(self.points.n_points)
        for table in (self.iterations(dim) for dim in dims):
            product = product if table is None else product * table
        return product

    def _slid(
        self, elems: np.ndarray | float, unrolled: OperandUnrolling, operand: str, level: int
    ) -> np.ndarray | float:
        """Elements times the extents along the data dimensions that slide."""
        layer = self.problem.layer
        for relation in layer.relevancy.partial[operand]:
            a, b = (self._all_iterations(unrolled, dim, level) for dim in relation.loop_dims)
            elems = elems * extents(relation, layer.data_sizes[relation.data_dim], a, b)
        return elems

    def _all_iterations(self, unrolled: OperandUnrolling, dim: str, level: int) -> np.ndarray | float:
        """[N] iterations of a dimension inside, temporal and spatial up to a level."""
        spatial = float(prod(unrolled.factors(dim)[: level + 1]))
        temporal = self.iterations(dim)
        return spatial if temporal is None else temporal * spatial


def extents(
    relation: DimensionRelation, limit: int, a: np.ndarray | float, b: np.ndarray | float
) -> np.ndarray | float:
    """Elements along a data dimension that ``a`` by ``b`` iterations touch, clipped (``DimensionRelation.extent``)."""
    common = gcd(relation.coef_a, relation.coef_b)
    a, b = np.trunc(a), np.trunc(b)
    overlap = np.maximum(0.0, b - relation.coef_a // common) * (a - relation.coef_b // common)
    return np.minimum(float(limit), a * b - overlap)
