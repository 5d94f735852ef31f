"""Walks through the graph, merged where nothing that follows can tell them apart.

The price of a mapping is a function of what its state does not hold: at which points levels were closed, and how long
the unbroken runs of reuse and of new data right inside those cuts are (they decide double buffering and windows). A
*label* is a state with all of that. Where double buffering is settled, the runs are dropped: nothing else reads them.
Axes: ``m`` label, ``e`` step, ``x`` column of what is remembered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zigzag_lab.exact.graph import Graph

_OPEN = -1


@dataclass(frozen=True)
class Labels:
    """Walks of equal length.

    Attributes:
        state: [m] where they are.
        memory: [m, x] what they remember.
        so_far: [m, v] additive figures of what was closed.
        bound: [m] what the objective can be at best.
        parent, step: [m] the label one loop earlier, and the step taken from it.
    """

    state: np.ndarray
    memory: np.ndarray
    so_far: np.ndarray
    bound: np.ndarray
    parent: np.ndarray
    step: np.ndarray

    def __len__(self) -> int:
        return len(self.state)

    def take(self, rows: np.ndarray) -> Labels:
        """Some of the labels."""
        return Labels(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    @classmethod
    def joined(cls, parts: list[Labels]) -> Labels:
        """Several sets of labels as one."""
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in cls.__dataclass_fields__))


class Remembered:
    """The columns of what labels remember, and how a step changes them."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.space = graph, graph.space
        space, self.lattice = graph.space, graph.space.lattice
        self.columns: dict[tuple[str, int, int], int] = {}
        for o, terms in enumerate(space.terms):
            for level in range(terms.n_levels - 1):
                for name in ("cut", "reuse", "relevant"):
                    self.columns[name, o, level] = len(self.columns)
            for name in ("lead", "reuse run", "relevant run"):
                self.columns[name, o, 0] = len(self.columns)
        self.first = np.array([c.closing.first for c in graph.closings])
        self.last = np.array([c.closing.last for c in graph.closings])
        self.leads = np.array([c.closing.leads for c in graph.closings])
        self.point = np.array([c.point for c in graph.closings])
        self.sizes = np.array([size for _, size in self.lattice.kinds] or [1], dtype=np.int64)
        self.reuses = np.array([[d in t.irrelevant for d, _ in self.lattice.kinds] for t in space.terms])
        self.renews = np.array([[d in t.relevant for d, _ in self.lattice.kinds] for t in space.terms])
        self.tile_bits = [
            [
                t.elems(space.problem.fractional, level + 1) * t.tile_bits_each(space.problem.fractional, level + 1)
                for level in range(t.n_levels)
            ]
            for t in space.terms
        ]

    def start(self) -> np.ndarray:
        """[1, x] what a walk of no loops remembers."""
        memory = np.ones((1, len(self.columns)), dtype=np.int64)
        for (name, _, _), x in self.columns.items():
            if name in ("cut", "lead"):
                memory[:, x] = _OPEN
        return memory

    def after(self, memory: np.ndarray, step: np.ndarray) -> np.ndarray:
        """[m, x] what is remembered after a step each; the given rows are changed."""
        graph = self.graph
        placed = graph.placed[step]
        for o in range(len(self.space.operands)):
            closing = graph.closed[o][step]
            self._close(memory, o, closing)
            reuse, relevant = self.columns["reuse run", o, 0], self.columns["relevant run", o, 0]
            size = self.sizes[placed]
            memory[:, reuse] = np.where(self.reuses[o][placed], memory[:, reuse] * size, 1)
            memory[:, relevant] = np.where(self.renews[o][placed], memory[:, relevant] * size, 1)
        for index in range(len(self.space.problem.sharers)):
            self._settle(memory, index)
        return memory

    def _close(self, memory: np.ndarray, o: int, closing: np.ndarray) -> None:
        leading = self.leads[closing] & (closing > 0)
        lead = self.columns["lead", o, 0]
        memory[:, lead] = np.where(leading, self.point[closing], memory[:, lead])
        first, last, point = self.first[closing], self.last[closing], self.point[closing]
        closes_any = (closing > 0) & (last > first)
        if not closes_any.any():
            return
        runs = self.columns["reuse run", o, 0], self.columns["relevant run", o, 0]
        for level in range(self.space.terms[o].n_levels - 1):
            rows = np.flatnonzero(closes_any & (first <= level) & (level < last))
            if not len(rows):
                continue
            memory[rows, self.columns["cut", o, level]] = point[rows]
            innermost = first[rows] == level
            for name, run in zip(("reuse", "relevant"), runs, strict=True):
                memory[rows, self.columns[name, o, level]] = np.where(innermost, memory[rows, run], 1)
        rows = np.flatnonzero(closes_any)
        memory[rows, runs[0]] = 1
        memory[rows, runs[1]] = 1

    def _settle(self, memory: np.ndarray, index: int) -> None:
        """Once all operands of a memory have closed it: who has room for the next tile is known; runs are dropped.

        The run of reuse stays where there is no room, as it is the window for updates; 1 stands for a whole period.
        """
        sharers = [(self.space.operands.index(op), level) for op, level in self.space.problem.sharers[index]]
        if not sharers or any(level == self.space.terms[o].n_levels - 1 for o, level in sharers):
            return
        cuts = [self.columns["cut", o, level] for o, level in sharers]
        runs = [self.columns["relevant", o, level] for o, level in sharers]
        rows = np.flatnonzero((memory[:, cuts] != _OPEN).all(axis=1) & (memory[:, runs[0]] != 0))
        if not len(rows):
            return
        size = self.space.problem.accelerator.memories[index].size_bits
        own = {
            o: np.floor_divide(self.tile_bits[o][level][memory[rows, cut]], memory[rows, run]) / size
            for (o, level), cut, run in zip(sharers, cuts, runs, strict=True)
        }
        shared = sum((own[o] for o, _ in sharers), np.zeros(len(rows)))
        for o, level in sorted(sharers):
            half_empty = shared <= 0.5
            beside = ~half_empty & (own[o] <= 1 - shared)
            if len(sharers) > 1:
                shared = np.where(beside, shared + own[o], shared)
            column = self.columns["reuse", o, level]
            memory[rows, column] = np.where(half_empty | beside, 1, memory[rows, column])
        for run in runs:
            memory[rows, run] = 0


def merged(labels: Labels) -> Labels:
    """One label of each kind: rows that remember the same at the same state are one."""
    n, width = labels.memory.shape
    rng = np.random.default_rng(1)
    factors = rng.integers(1, 2**62, width + 1, dtype=np.int64).astype(np.uint64) | np.uint64(1)
    key = labels.state.astype(np.uint64) * factors[-1]
    for x in range(width):
        mixed = labels.memory[:, x].astype(np.uint64) * factors[x]
        key = (key ^ (mixed ^ (mixed >> np.uint64(29)))) * np.uint64(0x9E3779B97F4A7C15)
    order = np.argsort(key, kind="stable")
    ahead, behind = order[1:], order[:-1]
    same = key[ahead] == key[behind]
    same[same] = (labels.state[ahead[same]] == labels.state[behind[same]]) & (
        labels.memory[ahead[same]] == labels.memory[behind[same]]
    ).all(axis=1)
    keep = np.ones(n, dtype=bool)
    keep[ahead[same]] = False
    return labels.take(np.flatnonzero(keep))
