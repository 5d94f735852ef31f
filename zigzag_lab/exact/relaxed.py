"""Lower bounds that need no graph: each operand by itself, its cuts in any order that is a chain of tile shapes.

Operands then need not agree on an order of loops, and share no memory. Bounds are additive, so the least of each is
the sum over operands of the cheapest chain, by dynamic programming over the lattice: milliseconds for spaces of any
size. Axes: ``N`` point, ``m`` state.
"""

from __future__ import annotations

from math import prod

import numpy as np

from zigzag_lab.cost.array import mac_energy_pj, systolic_drain_cycles, with_static
from zigzag_lab.cost.certificate import TOLERANCE
from zigzag_lab.exact.bounds import Bounds, Tables
from zigzag_lab.exact.space import LevelAllocation, Space
from zigzag_lab.mapping.lattice import Lattice
from zigzag_lab.mapping.problem import Problem


class Relaxation:
    """Least sums over level allocations, operand by operand."""

    def __init__(self, space: Space) -> None:
        self.space, self.lattice = space, space.lattice
        self.bounds = Bounds(space)

    def least(self, tables: Tables) -> float:
        """The least sum of one figure over all boundaries."""
        return sum(self._of_operand(o, of_operand) for o, of_operand in enumerate(tables))

    def _of_operand(self, o: int, tables: list[np.ndarray]) -> float:
        terms, least = self.space.terms[o], np.zeros(self.lattice.n_points)
        if terms.is_output:
            least = least + tables[0][0]
        else:
            only_reuse = ~self.lattice.enters(terms.irrelevant)
            least = _least_inside(self.lattice, np.where(only_reuse, tables[0], np.inf))
        for level in range(terms.n_levels):
            least = np.where(self.space.fits(o, level), least + tables[level + 1], np.inf)
            if level < terms.n_levels - 1:
                least = _least_inside(self.lattice, least)
        return float(least[-1])

    def energy_pj(self) -> float:
        """A lower bound of dynamic energy."""
        return self.least(self.bounds.energy()) + mac_energy_pj(self.space.problem)

    def latency_cycles(self, enough: float = np.inf) -> float:
        """A lower bound of latency: the highest additive bound, or the first above what is enough."""
        bound = self.bounds.fixed
        for tables, base in self.bounds.each_additive_bound():
            if bound > enough:
                break
            bound = max(bound, self.least(tables) + base)
        return bound


def compulsory(problem: Problem) -> tuple[float, float]:
    """Energy and latency of the operations alone, which every mapping has; for problems of any size."""
    cycles = prod(problem.temporal_sizes.values()) * problem.accelerator.array.cycles_per_op
    latency = cycles + systolic_drain_cycles(problem)
    return with_static(problem, mac_energy_pj(problem), latency), latency


class EnergyCutoff:
    """An upper bound of dynamic energy that prunes the graph while it is built.

    Energy is a sum over level allocations. What an operand still costs at least follows from its state and point alone,
    as if it were by itself and in memories of its own; added to what was paid so far, that bounds a mapping from below
    long before it is complete.

    Args:
        most_pj: dynamic energy of a mapping; what costs as much is still of interest.
    """

    def __init__(self, space: Space, most_pj: float) -> None:
        self.space, self.lattice = space, space.lattice
        bounds = Bounds(space)
        self.tables = bounds.energy()
        self.most = most_pj * (1 + TOLERANCE) - bounds.at_start(self.tables) - mac_energy_pj(space.problem)
        self._to_go = [self._least(o) for o in range(len(space.operands))]

    def cost(self, operand: int, point: int, allocation: LevelAllocation) -> float:
        """Energy that an operand adds when levels are allocated at a point."""
        tables, rows = self.tables[operand], allocation.rows or (point,) * (allocation.last - allocation.first)
        leading = float(tables[0][point]) if allocation.leads else 0.0
        levels = range(allocation.first, allocation.last)
        return leading + sum(float(tables[level + 1][row]) for level, row in zip(levels, rows, strict=True))

    def to_go(self, operand: int, codes: np.ndarray, point: np.ndarray) -> np.ndarray:
        """[m] the least that an operand still costs in some states at some points."""
        level, leads = self.space.level(codes), np.zeros(len(codes), dtype=np.int64)
        if not self.space.terms[operand].is_output:
            leads = codes & 1
        least: np.ndarray = self._to_go[operand][level + leads * (self.space.terms[operand].n_levels + 1), point]
        return least

    def _least(self, o: int) -> np.ndarray:
        """[state, N] the least to go: by the open level, then the same for inputs whose first reuse goes on."""
        terms, n_points = self.space.terms[o], self.lattice.n_points
        tables = [table[:n_points] for table in self.tables[o]]  # a tile's first size is its least
        least = np.zeros((terms.n_levels + 1, n_points))
        for level in reversed(range(terms.n_levels)):
            ending = np.where(self.space.fits(o, level)[:n_points], tables[level + 1] + least[level + 1], np.inf)
            is_top = level == terms.n_levels - 1
            least[level] = ending[-1] if is_top else _least_outside(self.lattice, ending)
        only_reuse = ~self.lattice.enters(terms.irrelevant)
        leading = _least_outside(self.lattice, np.where(only_reuse, tables[0] + least[0], np.inf))
        return np.concatenate([least, np.broadcast_to(leading, least.shape)])


def _least_inside(lattice: Lattice, table: np.ndarray) -> np.ndarray:
    """[N] the least at any point inside each."""
    grid = table.reshape(tuple(count + 1 for count in reversed(lattice.counts)) or (1,))
    for axis in range(grid.ndim):
        grid = np.minimum.accumulate(grid, axis=axis)
    return grid.ravel()


def _least_outside(lattice: Lattice, table: np.ndarray) -> np.ndarray:
    """[N] the least at any point that has each inside."""
    return _least_inside(lattice, table[::-1])[::-1]
