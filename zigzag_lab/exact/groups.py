"""Labels put together where some of what they remember is equal. Axes: ``m`` label, ``g`` group, ``x`` column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zigzag_lab.exact.labels import Labels

_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Groups:
    """Rows of equal columns.

    Attributes:
        order: [m] rows, group by group.
        firsts: [g] where each group begins in the order; groups ascend by the hash of their columns.
        hashes: [g] of their columns.
        columns: [g, x] state, then memory.
    """

    order: np.ndarray
    firsts: np.ndarray
    hashes: np.ndarray
    columns: np.ndarray

    @classmethod
    def of(cls, state: np.ndarray, memory: np.ndarray) -> Groups:
        """Rows of equal state [m] and equal memory [m, x]."""
        columns = np.concatenate([state.astype(memory.dtype)[:, None], memory], axis=1)
        hashes = _hashes(columns)
        order = np.argsort(hashes, kind="stable")
        ahead, behind = order[1:], order[:-1]
        same = hashes[ahead] == hashes[behind]
        same[same] = (columns[ahead[same]] == columns[behind[same]]).all(axis=1)
        firsts = np.flatnonzero(np.concatenate([np.ones(min(1, len(order)), dtype=bool), ~same]))
        first_rows = order[firsts]
        return cls(order, firsts, hashes[first_rows], columns[first_rows])

    def __len__(self) -> int:
        return len(self.firsts)

    @property
    def first_rows(self) -> np.ndarray:
        """[g] the first row of each group."""
        return self.order[self.firsts]

    def of_rows(self) -> np.ndarray:
        """[m] the group of each row."""
        sizes = np.diff(self.firsts, append=len(self.order))
        group = np.empty(len(self.order), dtype=np.int64)
        group[self.order] = np.repeat(np.arange(len(self)), sizes)
        return group

    def least(self, values: np.ndarray) -> np.ndarray:
        """[g, ...] the least of each group; values are [m, ...]."""
        least: np.ndarray = np.minimum.reduceat(values[self.order], self.firsts, axis=0)
        return least

    def found_in(self, others: Groups) -> tuple[np.ndarray, np.ndarray]:
        """[g] the number of each group among others, and whether it is there; -1 where nobody can say.

        Of several groups of one hash only one is looked at, so that the others seem neither there nor absent.
        """
        at = np.minimum(np.searchsorted(others.hashes, self.hashes), len(others) - 1)
        is_there = (others.columns[at] == self.columns).all(axis=1)
        is_absent = others.hashes[at] != self.hashes
        return np.where(is_there | is_absent, at, -1), is_there


def _hashes(columns: np.ndarray) -> np.ndarray:
    """[m] 64 bits of each row."""
    factors = np.asarray(np.random.default_rng(1).integers(1, 2**62, columns.shape[1], dtype=np.int64)).astype(
        np.uint64
    )
    factors |= np.uint64(1)
    key = np.zeros(len(columns), dtype=np.uint64)
    for x in range(columns.shape[1]):
        mixed = columns[:, x].astype(np.uint64) * factors[x]
        key = (key ^ (mixed ^ (mixed >> np.uint64(29)))) * _FACTOR
    return key


def merged(labels: Labels) -> Labels:
    """One label of each kind: rows that remember the same at the same state are one."""
    return labels.take(np.sort(Groups.of(labels.state, labels.memory).first_rows))
