"""All distinct orders of a multiset of loops, in chunks of index arrays.

The visiting order is Williams' prefix-shift order (A. Williams, "Loopless Generation of Multiset Permutations using a
Constant Number of Variables by Prefix Shifts", SODA 2009), which ZigZag 3.9.1 follows: among mappings of equal cost
the first visited wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import factorial, prod

import numpy as np

CHUNK = 4096
_REMEMBERED_ORDERINGS = 50_000


def n_orderings(loops: Sequence[tuple[str, int]]) -> int:
    """How many distinct orders a multiset of loops has."""
    counts = [loops.count(loop) for loop in dict.fromkeys(loops)]
    return factorial(len(loops)) // prod(factorial(c) for c in counts)


def orderings(loops: Sequence[tuple[str, int]], chunk: int = CHUNK) -> Iterator[np.ndarray]:
    """Yield [n, m] arrays of indices into ``loops``, innermost loop first, at most ``chunk`` columns each."""
    if not loops:
        yield np.zeros((0, 1), dtype=np.int8)
        return
    distinct = sorted(set(loops))
    counts = tuple(loops.count(loop) for loop in distinct)
    first_of_rank = np.array([loops.index(loop) for loop in distinct], dtype=np.int8)
    if n_orderings(loops) > _REMEMBERED_ORDERINGS:
        yield from (first_of_rank[ranks] for ranks in _visit(counts, chunk))
        return
    remembered = _all_ranks(counts)
    for start in range(0, remembered.shape[1], chunk):
        yield first_of_rank[remembered[:, start : start + chunk]]


@lru_cache(maxsize=64)
def _all_ranks(counts: tuple[int, ...]) -> np.ndarray:
    ranks = np.concatenate(list(_visit(counts, _REMEMBERED_ORDERINGS)), axis=1)
    ranks.setflags(write=False)
    return ranks


def _visit(counts: tuple[int, ...], chunk: int) -> Iterator[np.ndarray]:
    """[n, m] arrays of ranks in visiting order; the highest rank is innermost in the first one."""
    current = bytearray(rank for rank in range(len(counts) - 1, -1, -1) for _ in range(counts[rank]))
    n = len(current)
    visited = bytearray(current)
    pivot = max(n - 2, 0)
    while n > 1 and (pivot + 2 < n or current[pivot + 1] < current[0]):
        last = pivot + 2 if pivot + 2 < n and current[pivot] >= current[pivot + 2] else pivot + 1
        moved = current.pop(last)
        pivot = 0 if moved < current[0] else pivot + 1
        current.insert(0, moved)
        visited += current
        if len(visited) >= n * chunk:
            yield _columns(visited, n)
            visited = bytearray()
    if visited:
        yield _columns(visited, n)


def _columns(visited: bytearray, n: int) -> np.ndarray:
    return np.ascontiguousarray(np.frombuffer(bytes(visited), dtype=np.int8).reshape(-1, n).T)


def first_visited(counts: Sequence[int], children: Sequence[np.ndarray], accepted: np.ndarray) -> list[int]:
    """The first of some orders in the order in which :func:`orderings` visits them, as ranks from the innermost on.

    The orders are given as walks: a number stands for what has been reached, from 0 before the first loop.

    Args:
        counts: how many loops there are of each rank.
        children: per position, [number, rank] the number reached by one more loop of a rank; -1 where there is none.
        accepted: the numbers that a whole order must reach. Some order has to.
    """
    found = _FirstVisited(children).first(tuple(counts), accepted)
    if found is None:
        raise ValueError("no order reaches what is accepted")
    return found


class _FirstVisited:
    """Williams' order, by what comes last.

    All orders W of a multiset are its falling order, then L; R is L, then the falling order. With z the least element,
    L is one part for each larger element c, ascending: the part for c of the multiset without a z, followed by z; then
    R of the multiset without a c, followed by c.
    """

    def __init__(self, children: Sequence[np.ndarray]) -> None:
        self.children = children

    def first(self, counts: tuple[int, ...], accepted: np.ndarray) -> list[int] | None:
        """The first of W."""
        goal = np.zeros(self._n_numbers(sum(counts)) + 1, dtype=bool)
        goal[accepted] = True
        falling = self._falling(counts, goal)
        return self._others(counts, goal) if falling is None else falling

    def _n_numbers(self, position: int) -> int:
        return int(self.children[position - 1].max(initial=0)) + 1 if position else 1

    def _falling(self, counts: tuple[int, ...], goal: np.ndarray) -> list[int] | None:
        order = [rank for rank in range(len(counts) - 1, -1, -1) for _ in range(counts[rank])]
        number = 0
        for position, rank in enumerate(order):
            number = int(self.children[position][number, rank])
            if number < 0:
                return None
        return order if goal[number] else None

    def _others(self, counts: tuple[int, ...], goal: np.ndarray) -> list[int] | None:
        """The first of L."""
        least = next((rank for rank, count in enumerate(counts) if count), len(counts))
        parts = (self._part(counts, goal, rank) for rank in range(least + 1, len(counts)) if counts[rank])
        return next((found for found in parts if found is not None), None)

    def _part(self, counts: tuple[int, ...], goal: np.ndarray, rank: int) -> list[int] | None:
        """The first of L's part for an element."""
        least = next(r for r, count in enumerate(counts) if count)
        fewer, before = self._without(counts, goal, least)
        if before.any() and next(r for r, count in enumerate(fewer) if count) < rank:
            found = self._part(fewer, before, rank)
            if found is not None:
                return [*found, least]
        fewer, before = self._without(counts, goal, rank)
        if not before.any():
            return None
        rest = self._others(fewer, before)
        if rest is None:
            rest = self._falling(fewer, before)
        return None if rest is None else [*rest, rank]

    def _without(self, counts: tuple[int, ...], goal: np.ndarray, rank: int) -> tuple[tuple[int, ...], np.ndarray]:
        """The multiset without one element, and from where that element reaches the goal."""
        fewer = (*counts[:rank], counts[rank] - 1, *counts[rank + 1 :])
        before = np.zeros(self._n_numbers(sum(fewer)) + 1, dtype=bool)
        step = self.children[sum(fewer)][:, rank]
        before[: len(step)] = goal[step]
        return fewer, before
