"""Tile sizes of an operand as tables over the lattice of tile shapes.

Where an unrolling is not exact in binary, the kernel's last digit depends on the order of the loops and may decide a
rounding; a table then holds the lower outcome or, on demand, the higher. Axes: ``N`` point.
"""

from __future__ import annotations

from math import prod

import numpy as np

from zigzag_lab.mapping.lattice import Lattice
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.shapes import extents
from zigzag_lab.mapping.unrolling import OperandUnrolling, SpatialForm

_NOISE = 1e-12
_TIE = 2e-9


class TileSizes:
    """Elements of the tiles of one operand."""

    def __init__(self, problem: Problem, lattice: Lattice, operand: str) -> None:
        self.problem, self.lattice, self.operand = problem, lattice, operand
        self.is_output = operand == problem.layer.output_operand
        self.memories = problem.memories[operand]
        self.n_levels = len(self.memories)
        self.irrelevant = problem.layer.relevancy.irrelevant[operand]
        self.relevant = problem.layer.relevancy.relevant[operand]

    def differs(self, form: SpatialForm) -> np.ndarray:
        """[level, N] whether the order of loops may show in the size of a tile."""
        boundaries = range(1, self.n_levels + 1)
        return np.stack([self.elems(form, a) != self.elems(form, a, upper=True) for a in boundaries])

    def raw_elems(self, form: SpatialForm, level: int, *, upper: bool = False) -> np.ndarray:
        """[N] elements inside a level, not rounded, by the loops alone; the higher ones on demand."""
        layer, unrolled = self.problem.layer, form.operands[self.operand]
        elems = np.ones(self.lattice.n_points)
        for dim in self.relevant:
            elems = elems * (self.lattice.iterations(dim) * prod(unrolled.factors(dim)[: level + 1]))
        for relation in layer.relevancy.partial[self.operand]:
            a, b = (self._iterations(unrolled, dim, level)[int(upper)] for dim in relation.loop_dims)
            elems = elems * extents(relation, layer.data_sizes[relation.data_dim], a, b)
        return elems

    def _iterations(self, unrolled: OperandUnrolling, dim: str, level: int) -> tuple[np.ndarray, np.ndarray]:
        """[N] whole iterations of a partially relevant dimension; the lower and the higher where noise decides."""
        value = self.lattice.iterations(dim) * prod(unrolled.factors(dim)[: level + 1])
        if not unrolled.rounding_dims((dim,)):
            return np.trunc(value), np.trunc(value)
        return np.trunc(value * (1 - _NOISE)), np.trunc(value * (1 + _NOISE))

    def elems(self, form: SpatialForm, boundary: int, *, upper: bool = False) -> np.ndarray:
        """[N] elements that one instance of the memory inside a boundary holds; the higher ones on demand."""
        if boundary == 0:
            return np.ones(self.lattice.n_points)
        raw = self.raw_elems(form, boundary - 1, upper=upper)
        if not self.may_tie(form, boundary):
            return np.rint(raw)
        return np.rint(raw * (1 + _TIE if upper else 1 - _TIE))

    def may_tie(self, form: SpatialForm, boundary: int) -> bool:
        """Whether the elements inside a boundary may end on a half, so that the order of all products decides."""
        unrolled = form.operands[self.operand]
        factors = [f for dim in self.relevant for f in unrolled.factors(dim)[:boundary]]
        partial = self.problem.layer.relevancy.partial[self.operand]
        whole = float(prod(factors)).is_integer()
        return not whole and bool(partial or unrolled.rounding_dims(self.relevant))
