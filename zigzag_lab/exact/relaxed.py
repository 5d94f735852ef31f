"""Lower bounds that need no graph: each operand by itself, its cuts in any order that is a chain of tile shapes.

Operands then need not agree on an order of loops, and share no memory. Figures are additive, so the least of each is
the sum over operands of the cheapest chain, by dynamic programming over the lattice: milliseconds for spaces of any
size. Axes: ``N`` point.
"""

from __future__ import annotations

from math import prod

import numpy as np

from zigzag_lab.cost.static import mac_energy_pj, systolic_drain_cycles
from zigzag_lab.exact.bounds import Bounds, Tables
from zigzag_lab.exact.space import Space
from zigzag_lab.mapping.problem import Problem


class Relaxation:
    """Least sums over closings, operand by operand.

    Args:
        space: what may be done where.
    """

    def __init__(self, space: Space) -> None:
        self.space, self.lattice = space, space.lattice
        self.shape = tuple(count + 1 for count in reversed(self.lattice.counts)) or (1,)
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
            least = self._inwards(np.where(only_reuse, tables[0], np.inf))
        for level in range(terms.n_levels):
            least = np.where(self.space.fits(o, level), least + tables[level + 1], np.inf)
            if level < terms.n_levels - 1:
                least = self._inwards(least)
        return float(least[-1])

    def _inwards(self, table: np.ndarray) -> np.ndarray:
        """[N] the least at any point inside each."""
        grid = table.reshape(self.shape)
        for axis in range(grid.ndim):
            grid = np.minimum.accumulate(grid, axis=axis)
        return grid.ravel()

    def energy_pj(self) -> float:
        """A lower bound of energy."""
        return self.least(self.bounds.energy()) + mac_energy_pj(self.space.problem)

    def latency_cycles(self, enough: float = np.inf) -> float:
        """A lower bound of latency: the most that any weighting says, or the first that says more than is asked."""
        bound = self.bounds.fixed
        for tables, base in self.bounds.each_weighting():
            if bound > enough:
                break
            bound = max(bound, self.least(tables) + base)
        return bound


def compulsory(problem: Problem) -> tuple[float, float]:
    """Energy and latency of the operations alone, which every mapping has; for problems of any size."""
    cycles = prod(problem.temporal_sizes.values()) * problem.accelerator.array.cycles_per_op
    return mac_energy_pj(problem), cycles + systolic_drain_cycles(problem)
