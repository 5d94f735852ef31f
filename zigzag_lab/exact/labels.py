"""Walks through the graph from its end, merged where nothing that follows can tell them apart.

Loops are placed from the outermost inwards: what the outer memories move decides most of the latency, so the bounds of
a walk are close to its price early. The price of a mapping is a function of what its state does not hold: at which
points levels were closed, and how long the unbroken runs of reuse and of new data right inside those cuts are (they
decide double buffering and windows). A *label* is a state with all of that. Where double buffering is settled, the run
of new data is dropped, as nothing else reads it.
Axes: ``m`` label, ``e`` step, ``x`` column of what is remembered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zigzag_lab.exact.graph import Graph

OPEN = -1
"""Stands for a cut that is not known yet."""


@dataclass(frozen=True)
class Labels:
    """Walks of equal length.

    Attributes:
        state: [m] where they are.
        memory: [m, x] what they remember.
        so_far: [m, v] additive figures of what was closed.
        bound: [m] what the objective can be at best.
        parent, step: [m] the label one loop further out, and the step taken back from it.
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
    """The columns of what labels remember, and how a step changes them.

    Per operand ``o`` and level: ``cut``, the point where the level ends (-1 while not known); ``relevant``, iterations
    of the run of new data right inside that cut, 0 once nobody asks; ``reuse``, those of the run of reuse there, 0
    where the next tile has room beside the current one. Per operand: ``lead``, the point where an input's first
    run of reuse ends; ``growing``, the level whose runs may still grow, with ``grows relevant`` and ``grows reuse``.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph, self.space = graph, graph.space
        space, self.lattice = graph.space, graph.space.lattice
        self.columns: dict[tuple[str, int, int], int] = {}
        for name in ("cut", "relevant", "reuse"):
            for o, terms in enumerate(space.terms):
                for level in range(terms.n_levels):
                    self.columns[name, o, level] = len(self.columns)
        for o in range(len(space.terms)):
            for name in ("lead", "growing", "grows relevant", "grows reuse"):
                self.columns[name, o, 0] = len(self.columns)
        kinds = graph.kinds
        self.first, self.last, self.leads, self.point = kinds.first, kinds.last, kinds.leads, kinds.point
        self.sizes = np.array([size for _, size in self.lattice.kinds] or [1], dtype=np.int64)
        self.reuses = np.array([[d in t.irrelevant for d, _ in self.lattice.kinds] for t in space.terms])
        self.renews = np.array([[d in t.relevant for d, _ in self.lattice.kinds] for t in space.terms])
        fractional = space.problem.fractional
        self.tile_bits = [
            [t.elems(fractional, a) * t.tile_bits_each(fractional, a) for a in range(1, t.n_levels + 1)]
            for t in space.terms
        ]
        self.is_rounded = any(t.is_ambiguous for t in space.terms)
        self.sharers = [
            [(space.operands.index(op), level) for op, level in sharers] for sharers in space.problem.sharers
        ]

    def start(self) -> np.ndarray:
        """[1, x] what a walk of no steps remembers."""
        narrow = self.lattice.cycles[-1] < np.iinfo(np.int32).max
        memory = np.ones((1, len(self.columns)), dtype=np.int32 if narrow else np.int64)
        for (name, o, _), x in self.columns.items():
            if name in ("cut", "lead"):
                memory[:, x] = OPEN
            elif name == "growing":
                memory[:, x] = self.space.terms[o].n_levels - 1
        return memory

    def before(self, memory: np.ndarray, step: np.ndarray) -> np.ndarray:
        """[m, x] what is remembered once a step each is taken back; the given rows are changed."""
        graph = self.graph
        placed = graph.placed[step]
        for o in range(len(self.space.operands)):
            if len(placed) and placed[0] >= 0:
                self._grow(memory, o, placed)
            self._close(memory, o, graph.closed[o][step])
        if graph.is_first(step):
            for name in ("grows relevant", "grows reuse"):
                memory[:, [self.columns[name, o, 0] for o in range(len(self.space.operands))]] = 0
        for index, sharers in enumerate(self.sharers):
            if sharers:
                self._settle(memory, index)
        return memory

    def _grow(self, memory: np.ndarray, o: int, placed: np.ndarray) -> None:
        """The runs inside the innermost cut take in one more loop, or end before it."""
        level, rows = memory[:, self.columns["growing", o, 0]], np.arange(len(memory))
        for name, fits in (("relevant", self.renews[o][placed]), ("reuse", self.reuses[o][placed])):
            flag = self.columns[f"grows {name}", o, 0]
            goes_on = memory[:, flag] * fits
            run = self.columns[name, o, 0] + level
            memory[rows, run] *= np.where(goes_on, self.sizes[placed], 1).astype(memory.dtype)
            memory[:, flag] = goes_on

    def _close(self, memory: np.ndarray, o: int, closing: np.ndarray) -> None:
        first, last, point = self.first[closing], self.last[closing], self.point[closing]
        leading = np.flatnonzero(self.leads[closing] & (closing > 0))
        memory[leading, self.columns["lead", o, 0]] = point[leading]
        closes_any = (closing > 0) & (last > first)
        rows = np.flatnonzero(closes_any)
        for level in range(self.space.terms[o].n_levels):
            closed = rows[(first[rows] <= level) & (level < last[rows])]
            memory[closed, self.columns["cut", o, level]] = point[closed]
        memory[rows, self.columns["growing", o, 0]] = first[rows]
        for name in ("grows relevant", "grows reuse"):
            memory[rows, self.columns[name, o, 0]] = 1

    def _settle(self, memory: np.ndarray, index: int) -> None:
        """Whose next tile has room in a memory, once its operands' cuts there are known.

        Runs that grow only make more room: half empty is half empty for good. Else they must have ended. Where
        rounding may make tiles larger than the tables say, nobody's share counts against the others.
        """
        sharers = self.sharers[index]
        cuts = [self.columns["cut", o, level] for o, level in sharers]
        runs = [self.columns["relevant", o, level] for o, level in sharers]
        rows = np.flatnonzero((memory[:, cuts] != OPEN).all(axis=1) & (memory[:, runs[0]] != 0))
        if not len(rows):
            return
        size = self.space.problem.accelerator.memories[index].size_bits
        own = {
            o: np.floor_divide(self.tile_bits[o][level][memory[rows, cut]], memory[rows, run]) / size
            for (o, level), cut, run in zip(sharers, cuts, runs, strict=True)
        }
        shared = sum((own[o] for o, _ in sharers), np.zeros(len(rows)))
        ended = np.ones(len(rows), dtype=bool)
        for o, level in sharers:
            growing = memory[rows, self.columns["growing", o, 0]] == level
            ended &= ~(growing & (memory[rows, self.columns["grows relevant", o, 0]] != 0))
        settled = ended | (shared <= 0.5)
        for o, level in sorted(sharers):
            half_empty = shared <= 0.5
            beside = ~half_empty & (own[o] <= 1 - shared)
            if len(sharers) > 1 and not self.is_rounded:
                shared = np.where(beside, shared + own[o], shared)
            self._drop(memory, "reuse", o, level, rows[settled & (half_empty | beside)])
            self._drop(memory, "relevant", o, level, rows[settled])

    def _drop(self, memory: np.ndarray, run: str, o: int, level: int, rows: np.ndarray) -> None:
        """Forget a run that nothing depends on any more."""
        memory[rows, self.columns[run, o, level]] = 0
        growing = rows[memory[rows, self.columns["growing", o, 0]] == level]
        memory[growing, self.columns[f"grows {run}", o, 0]] = 0


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
