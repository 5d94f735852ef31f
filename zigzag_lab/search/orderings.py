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
    by_rank = sorted(range(len(loops)), key=lambda i: loops[i])
    distinct = sorted(set(loops))
    counts = tuple(loops.count(loop) for loop in distinct)
    first_of_rank = np.array([next(i for i in by_rank if loops[i] == loop) for loop in distinct], dtype=np.int8)
    for ranks in _chunks(counts, chunk, n_orderings(loops)):
        yield first_of_rank[ranks]


def _chunks(counts: tuple[int, ...], chunk: int, total: int) -> Iterator[np.ndarray]:
    if total <= _REMEMBERED_ORDERINGS:
        ranks = _all_ranks(counts)
        for start in range(0, total, chunk):
            yield ranks[:, start : start + chunk]
        return
    yield from _visit(counts, chunk)


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
