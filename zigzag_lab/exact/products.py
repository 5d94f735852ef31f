"""The products that ZigZag 3.9.1 forms on its way to the size of a tile, for many orders of loops at once.

The loops inside a tile multiply from the innermost outwards: those of a level in time, then those that are unrolled
there, and what the levels multiply to level by level (:mod:`zigzag_lab.mapping.sliding`). The allocator takes those
that are unrolled first (:mod:`zigzag_lab.mapping.footprint`). Rounding on the way shows where an unrolling is not
whole.
Axes: ``x`` product, ``m`` beginning of an order; tables are [x, m].
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from zigzag_lab.mapping.problem import Variant
from zigzag_lab.mapping.shapes import extents
from zigzag_lab.workload import DimensionRelation

if TYPE_CHECKING:
    from zigzag_lab.exact.terms import OperandTerms

POINT = 0
"""Row of the loops that are inside, as a point of the lattice."""


class Products:
    """The products of one operand in one form of the spatial mapping.

    Args:
        terms: the tables of the operand.
        variant: the form.
        first_row: of a table, the first row that is free.

    Attributes:
        n_rows: how many rows it takes: the iterations of each sliding dimension, as the cost model multiplies them and
            as the allocator does; where elements may end on a half, what the loops of the open level multiply to, and
            what all closed levels do.
    """

    def __init__(self, terms: OperandTerms, variant: Variant, first_row: int) -> None:
        self.layer, self.lattice, self.relevant = terms.problem.layer, terms.lattice, terms.relevant
        self.unrolled = variant.operands[terms.operand]
        self.relations = self.layer.relevancy.partial[terms.operand]
        self.relation_of = {dim: relation for relation in self.relations for dim in relation.loop_dims}
        n = len(self.relation_of)
        self.iterations = {dim: first_row + i for i, dim in enumerate(self.relation_of)}
        self.allocated = {dim: first_row + n + i for i, dim in enumerate(self.relation_of)}
        self.may_tie = any(terms.may_tie(variant, level + 1) for level in range(terms.n_levels))
        self.level, self.whole = first_row + 2 * n, first_row + 2 * n + 1
        self.n_rows = 2 * (n + self.may_tie)

    def open(self, table: np.ndarray, level: int) -> None:
        """Begin a level, in place; above the outermost there is none."""
        for dim, factor in self.unrolled.levels[level]:
            if dim in self.allocated:
                table[self.allocated[dim]] *= factor

    def grow(self, table: np.ndarray, dim: str, size: int) -> None:
        """One more loop in time, in place."""
        self._multiply(table, dim, size)
        if dim in self.allocated:
            table[self.allocated[dim]] *= size

    def _multiply(self, table: np.ndarray, dim: str, size: float) -> None:
        if dim in self.iterations:
            relation = self.relation_of[dim]
            before = self._extent(table, relation, self.iterations)
            table[self.iterations[dim]] *= size
            if self.may_tie:
                table[self.level] *= self._extent(table, relation, self.iterations) / np.maximum(before, 1)
        elif dim in self.relevant and self.may_tie:
            table[self.level] *= size

    def close(self, table: np.ndarray, level: int) -> tuple[np.ndarray, np.ndarray]:
        """End a level, in place: [m] elements of its tile, and as the allocator counts them, not rounded."""
        allocated = self._elems(table, level, self.allocated)
        for dim, factor in self.unrolled.levels[level]:
            self._multiply(table, dim, factor)
        if not self.may_tie:
            return np.rint(self._elems(table, level, self.iterations)), allocated
        table[self.whole] *= table[self.level]
        table[self.level] = 1
        return np.rint(table[self.whole]), allocated

    def _elems(self, table: np.ndarray, level: int, iterations: dict[str, int]) -> np.ndarray:
        elems, point = np.ones(table.shape[1]), table[POINT].astype(np.int64)
        for dim in self.relevant:
            elems = elems * (self.lattice.iterations(dim)[point] * prod(self.unrolled.factors(dim)[: level + 1]))
        for relation in self.relations:
            elems = elems * self._extent(table, relation, iterations)
        return elems

    def _extent(self, table: np.ndarray, relation: DimensionRelation, iterations: dict[str, int]) -> np.ndarray:
        a, b = (table[iterations[dim]] for dim in relation.loop_dims)
        return np.asarray(extents(relation, self.layer.data_sizes[relation.data_dim], a, b))
