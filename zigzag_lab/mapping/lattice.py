"""The lattice of tile shapes: which loops lie inside a position, whatever their order.

A *point* is the number of loops of each kind (dimension and size) inside; every order of the loops is a path from the
empty point to the full one. Axes: ``N`` point, ``k`` kind of loop, ``t`` position between loops, ``m`` mapping.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property, lru_cache
from math import prod

import numpy as np

Factor = tuple[str, int]


def n_tile_shapes(loops: Sequence[Factor]) -> int:
    """Count the points of the lattice of some loops.

    >>> n_tile_shapes([("K", 2), ("K", 2), ("C", 3)])
    6
    """
    return prod(loops.count(loop) + 1 for loop in dict.fromkeys(loops))


class Lattice:
    """All multisets that can lie inside a position of an order of loops.

    Args:
        loops: the temporal loops, all of them; equal ones are interchangeable.

    Attributes:
        kinds: the distinct loops.
        counts: how many loops there are of each kind.
        strides: what one more loop of each kind adds to the number of a point.

    >>> lattice = Lattice([("K", 2), ("K", 2), ("C", 3)])
    >>> lattice.cycles.tolist()
    [1.0, 2.0, 4.0, 3.0, 6.0, 12.0]
    >>> lattice.numbers(np.array([[0], [2], [1]])).ravel().tolist()  # the points that the order K 2, C 3, K 2 passes
    [0, 1, 4, 5]
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
        return _inside(self.counts)

    @cached_property
    def _powers(self) -> np.ndarray:
        """[k, N] iterations of the loops of each kind inside each point."""
        sizes = np.array([float(size) for _, size in self.kinds])
        return np.power(sizes[:, None], self.inside)

    @cached_property
    def cycles(self) -> np.ndarray:
        """[N] iterations of all loops inside."""
        return np.multiply.reduce(self._powers, axis=0)

    def iterations(self, dim: str) -> np.ndarray:
        """[N] iterations of one loop dimension inside."""
        return np.multiply.reduce(self._powers[self._over((dim,))], axis=0)

    def leaves(self, dims: Collection[str]) -> np.ndarray:
        """[N] whether a loop over one of some dimensions is still outside."""
        rows = self._over(dims)
        left: np.ndarray = np.any(self.inside[rows] < np.array(self.counts, dtype=np.int64)[rows, None], axis=0)
        return left

    def enters(self, dims: Collection[str]) -> np.ndarray:
        """[N] whether a loop over a dimension other than some is inside."""
        rows = self._over({dim for dim, _ in self.kinds}.difference(dims))
        entered: np.ndarray = np.any(self.inside[rows] > 0, axis=0)
        return entered

    def _over(self, dims: Collection[str]) -> list[int]:
        return [k for k, (dim, _) in enumerate(self.kinds) if dim in dims]

    @cached_property
    def steps(self) -> tuple[np.ndarray, np.ndarray]:
        """Every pair of points of which the second has one more loop inside."""
        before = [np.flatnonzero(row < count) for row, count in zip(self.inside, self.counts, strict=True)]
        after = [points + stride for points, stride in zip(before, self.strides, strict=True)]
        nothing = np.zeros(0, dtype=np.int64)
        return np.concatenate([nothing, *before]), np.concatenate([nothing, *after])

    def numbers(self, order: np.ndarray) -> np.ndarray:
        """[t, m] the points that some orders pass; ``order`` is [slot, m], indices into ``loops``."""
        strides = np.array([self.strides[self.kinds.index(loop)] for loop in self.loops], dtype=np.int64)
        numbers = np.zeros((len(order) + 1, order.shape[1]), dtype=np.int64)
        np.cumsum(strides[order], axis=0, out=numbers[1:])
        return numbers


@lru_cache(maxsize=64)
def _inside(counts: tuple[int, ...]) -> np.ndarray:
    """[k, N] loops of each kind inside each point."""
    strides = np.cumprod([1, *(count + 1 for count in counts)])
    points = np.arange(strides[-1])
    inside = points // strides[:-1, None] % (np.array(counts, dtype=np.int64)[:, None] + 1)
    inside.setflags(write=False)
    return inside


class OwnPoints:
    """A stand-in for a lattice too large for a table: a point of its own for every position of every order.

    Args:
        order: [slot, m] indices into ``loops``.
    """

    def __init__(self, loops: Sequence[Factor], order: np.ndarray) -> None:
        self.loops, self.order = tuple(loops), order
        self.n_points = (len(order) + 1) * order.shape[1]

    def _products(self, keep: np.ndarray) -> np.ndarray:
        """[N] product of the sizes of selected loops inside; ``keep`` [loop] selects."""
        sizes = np.where(keep, np.array([float(size) for _, size in self.loops]), 1.0)
        table = np.ones((len(self.order) + 1, self.order.shape[1]))
        np.cumprod(sizes[self.order], axis=0, out=table[1:])
        return table.ravel()

    @cached_property
    def cycles(self) -> np.ndarray:
        """[N] iterations of all loops inside."""
        return self._products(np.ones(len(self.loops), dtype=bool))

    def iterations(self, dim: str) -> np.ndarray:
        """[N] iterations of one loop dimension inside."""
        return self._products(np.array([d == dim for d, _ in self.loops], dtype=bool))

    def leaves(self, dims: Collection[str]) -> np.ndarray:
        """[N] whether a loop over one of some dimensions is still outside."""
        table = np.zeros((len(self.order) + 1, self.order.shape[1]), dtype=bool)
        table[:-1] = np.array([d in dims for d, _ in self.loops], dtype=bool)[self.order]
        left: np.ndarray = np.logical_or.accumulate(table[::-1], axis=0)[::-1].ravel()
        return left

    def numbers(self, order: np.ndarray) -> np.ndarray:
        """[t, m] the points that the orders pass."""
        return np.arange(self.n_points).reshape(len(order) + 1, order.shape[1])


Points = Lattice | OwnPoints
"""The multisets of loops inside positions, as numbers that tables are indexed with; the last has all loops inside."""
