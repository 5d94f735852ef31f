"""How LOMA fills the memories of one operand while loops are added, innermost first.

A memory that an operand has for itself keeps loops until its tile would overflow: accesses to the level above never
grow with another loop, and of equals LOMA takes the last. So what an operand did so far is known while the order is
still growing, and so is everything that its price can depend on (:class:`Fill`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zigzag_lab.exact.space import Space

REJECTED = -1


class Fill(NamedTuple):
    """What the loops so far did to an operand; of two orders with equal fills, none is ever better for it.

    Attributes:
        level: the memory that is being filled.
        n_open: memories below it whose outer boundary may still move up, over irrelevant loops.
        unfinished: whether the memory holds sums that go on outside the level below.
        boundaries: per boundary that stands, (kind of boundary, reuse run, relevant run) as the cost model reads it.
        lead: iterations of the irrelevant loops right at the array; 0 while their run goes on, or where none matter.
        reuse_run, relevant_run: iterations of the unbroken run of irrelevant (relevant) loops that ends here.
    """

    level: int
    n_open: int
    unfinished: bool
    boundaries: tuple[tuple[int, float, float], ...]
    lead: float
    reuse_run: float
    relevant_run: float


class OperandFills:
    """The fills of one operand, numbered as they are met.

    Args:
        space: the lattice of tile shapes and the room that tiles take.
        operand: its index.
    """

    def __init__(self, space: Space, operand: int) -> None:
        terms, lattice, memories = space.terms[operand], space.lattice, space.problem.accelerator.memories
        self.n_levels, self.is_output = terms.n_levels, terms.is_output
        self.sizes = [float(size) for _, size in lattice.kinds]
        self.strides = lattice.strides
        self.is_irrelevant = [dim in terms.irrelevant for dim, _ in lattice.kinds]
        self.is_relevant = [dim in terms.relevant for dim, _ in lattice.kinds]
        self._needed = [[table.tolist() for table in space.needed[operand][level]] for level in range(self.n_levels)]
        self._room = [memories[index].size_bits for index in terms.memories]
        self._unfinished = terms.reuse_left.tolist()
        self._cycles = lattice.cycles.tolist()
        self._kinds = [self._kinds_of_boundary(space, operand, level) for level in range(self.n_levels)]
        first = Fill(0, 0, self._unfinished[0], (), 1.0 if self.is_output else 0.0, 1.0, 1.0)
        self.fills = [first]
        self._numbers = {first: 0}

    @staticmethod
    def _kinds_of_boundary(space: Space, operand: int, level: int) -> list[int]:
        """Per point, a number that is equal where all that the cost model reads at the boundary is."""
        terms, problem = space.terms[operand], space.problem
        columns = [space.lattice.cycles]
        columns += [terms.raw_elems(variant, level) for variant in (problem.fractional, problem.integer)]
        if terms.is_output:
            columns.append(terms.reuse_left)
        kinds: list[int] = np.unique(np.stack(columns), axis=1, return_inverse=True)[1].ravel().tolist()
        return kinds

    def after(self, number: int, point: int, kind: int) -> int:
        """The number of the fill after one more loop at a point; ``REJECTED`` where the memories are too small."""
        filled = self._closed(self.fills[number], point, point + self.strides[kind])
        if filled is None:
            return REJECTED
        fill = self._with_loop(filled, point, kind)
        found = self._numbers.get(fill)
        if found is None:
            found = self._numbers[fill] = len(self.fills)
            self.fills.append(fill)
        return found

    def _closed(self, fill: Fill, point: int, grown: int) -> Fill | None:
        """Close the memories that cannot take the next loop; None where even what is there does not fit."""
        while not self._fits(fill, grown):
            if fill.level == self.n_levels - 1 or not self._fits(fill, point):
                return None
            fill = fill._replace(level=fill.level + 1, n_open=fill.n_open + 1, unfinished=self._unfinished[point])
        return fill if self._fits(fill, point) else None

    def _fits(self, fill: Fill, point: int) -> bool:
        return bool(self._needed[fill.level][0 if fill.unfinished else 1][point] <= self._room[fill.level])

    def _with_loop(self, fill: Fill, point: int, kind: int) -> Fill:
        size = self.sizes[kind]
        if self.is_irrelevant[kind]:
            return fill._replace(reuse_run=fill.reuse_run * size, relevant_run=1.0)
        reuse_run, relevant_run, boundaries = fill.reuse_run, fill.relevant_run, fill.boundaries
        for level in range(fill.level - fill.n_open, fill.level):
            boundaries = (*boundaries, (self._kinds[level][point], reuse_run, relevant_run))
            reuse_run = relevant_run = 1.0
        lead = fill.lead or self._cycles[point]
        relevant_run = relevant_run * size if self.is_relevant[kind] else 1.0
        return Fill(fill.level, 0, fill.unfinished, boundaries, lead, 1.0, relevant_run)
