"""The lattice of tile shapes: which loops lie inside a position, whatever their order.

A *point* says how many loops of each kind (dimension and size) are inside; every order of the loops is a path from the
empty point to the full one. Axes: ``N`` point, ``k`` kind of loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from zigzag_lab.search.factors import Factor


class Lattice:
    """All multisets that can lie inside a position of an order of loops.

    Args:
        loops: the temporal loops, all of them; equal ones are interchangeable.

    Attributes:
        kinds: the distinct loops.
        counts: how many loops there are of each kind.
        strides: what one more loop of each kind adds to the number of a point.
    """

    def __init__(self, loops: Sequence[Factor]) -> None:
        self.loops = tuple(loops)
        self.kinds = tuple(dict.fromkeys(self.loops))
        self.counts = tuple(self.loops.count(kind) for kind in self.kinds)
        strides, n_points = [], 1
        for count in self.counts:
            strides.append(n_points)
            n_points *= count + 1
        self.strides, self.n_points = tuple(strides), n_points

    @property
    def full(self) -> int:
        """The point with every loop inside."""
        return self.n_points - 1

    @cached_property
    def inside(self) -> np.ndarray:
        """[k, N] loops of each kind inside each point."""
        points = np.arange(self.n_points)
        if not self.kinds:
            return np.zeros((0, 1), dtype=np.int64)
        return np.array([points // s % (c + 1) for s, c in zip(self.strides, self.counts, strict=True)])

    @cached_property
    def n_inside(self) -> np.ndarray:
        """[N] loops inside each point."""
        return self.inside.sum(axis=0)

    @cached_property
    def cycles(self) -> np.ndarray:
        """[N] iterations of all loops inside."""
        return self._product(lambda _: True)

    def iterations(self, dim: str) -> np.ndarray:
        """[N] iterations of one loop dimension inside."""
        return self._product(lambda d: d == dim)

    def _product(self, keep: object) -> np.ndarray:
        product = np.ones(self.n_points)
        for (dim, size), inside in zip(self.kinds, self.inside, strict=True):
            if keep(dim):  # type: ignore[operator]
                product = product * float(size) ** inside
        return product

    def leaves(self, dims: Sequence[str]) -> np.ndarray:
        """[N] whether a loop over one of some dimensions is still outside."""
        left = np.zeros(self.n_points, dtype=bool)
        for (dim, _), inside, count in zip(self.kinds, self.inside, self.counts, strict=True):
            if dim in dims:
                left |= inside < count
        return left

    def enters(self, dims: Sequence[str]) -> np.ndarray:
        """[N] whether a loop over a dimension other than some is inside."""
        entered = np.zeros(self.n_points, dtype=bool)
        for (dim, _), inside in zip(self.kinds, self.inside, strict=True):
            if dim not in dims:
                entered |= inside > 0
        return entered
