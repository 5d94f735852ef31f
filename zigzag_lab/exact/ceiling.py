"""A ceiling of energy: what cannot be completed for less is not looked at.

Energy is a sum over closings. What an operand still costs at least follows from its state and point alone, as if it
were by itself and in memories of its own; added to what was paid so far, that bounds a mapping from below long before
it is complete. Axes: ``m`` state, ``e`` step, ``N`` point.
"""

from __future__ import annotations

import numpy as np

from zigzag_lab.cost.certificate import TOLERANCE
from zigzag_lab.cost.static import mac_energy_pj
from zigzag_lab.exact.bounds import Bounds
from zigzag_lab.exact.space import Closing, Space


class Ceiling:
    """The most that mappings may cost to be of interest.

    Args:
        space: what may be done where.
        most_pj: energy of a mapping; what costs as much is still of interest.
    """

    def __init__(self, space: Space, most_pj: float) -> None:
        self.space, self.lattice = space, space.lattice
        bounds = Bounds(space)
        self.tables = bounds.energy()
        self.most = most_pj * (1 + TOLERANCE) - bounds.at_start(self.tables) - mac_energy_pj(space.problem)
        self._to_go = [self._least(o) for o in range(len(space.operands))]

    def cost(self, operand: int, point: int, closing: Closing) -> float:
        """Energy of what an operand closes at a point."""
        tables, rows = self.tables[operand], closing.rows or (point,) * (closing.last - closing.first)
        leading = float(tables[0][point]) if closing.leads else 0.0
        levels = range(closing.first, closing.last)
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
            closing = np.where(self.space.fits(o, level)[:n_points], tables[level + 1] + least[level + 1], np.inf)
            is_top = level == terms.n_levels - 1
            least[level] = closing[-1] if is_top else self._outwards(closing)
        only_reuse = ~self.lattice.enters(terms.irrelevant)
        leading = self._outwards(np.where(only_reuse, tables[0] + least[0], np.inf))
        return np.concatenate([least, np.broadcast_to(leading, least.shape)])

    def _outwards(self, table: np.ndarray) -> np.ndarray:
        """[N] the least at any point that has each inside."""
        grid = table[::-1].reshape(tuple(count + 1 for count in reversed(self.lattice.counts)) or (1,))
        for axis in range(grid.ndim):
            grid = np.minimum.accumulate(grid, axis=axis)
        return grid.ravel()[::-1]
