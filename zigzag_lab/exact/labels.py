"""Walks through the graph from its end, merged where nothing that follows can tell them apart.

Loops are placed from the outermost inwards: what the outer memories move decides most of the latency, so the bounds of
a walk are close to its price early. The price of a mapping is a function of what its state does not hold: at which
points levels were allocated, and how long the unbroken runs of reuse and of new data right inside those cuts are (they
decide double buffering and windows). A *label* is a state with all of that. Where double buffering is settled, the run
of new data is dropped, as nothing else reads it.
Axes: ``m`` label, ``e`` step, ``x`` column of what is remembered, ``g`` group of labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zigzag_lab.exact.graph import Graph
from zigzag_lab.mapping.footprint import room_beside

OPEN = -1
"""Stands for a cut that is not known yet."""

_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Labels:
    """Walks of equal length.

    Attributes:
        state: [m] where they are.
        memory: [m, x] what they remember.
        so_far: [m, v] additive costs of the levels allocated.
        stall: [m] stall cycles that are certain.
        bound: [m] what the objective can be at best.
        parent, step: [m] the label one loop further out, and the step taken back from it.
    """

    state: np.ndarray
    memory: np.ndarray
    so_far: np.ndarray
    stall: np.ndarray
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
    of the run of new data right inside that cut, 0 once nothing depends on it; ``reuse``, those of the run of reuse
    there, 0 where the next tile has room beside the current one. Per operand: ``lead``, the point where an input's
    first run of reuse ends; ``growing``, the level whose runs may still grow, with ``grows relevant`` and
    ``grows reuse``.
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
        self.kinds = graph.kinds
        self.sizes = np.array([size for _, size in self.lattice.kinds] or [1], dtype=np.int64)
        self.reuses = np.array([[d in t.irrelevant for d, _ in self.lattice.kinds] for t in space.terms])
        self.renews = np.array([[d in t.relevant for d, _ in self.lattice.kinds] for t in space.terms])
        self.tile_bits, self.most_tile_bits = (
            [[self._tile_bits(o, level, upper=upper) for level in range(t.n_levels)] for o, t in enumerate(space.terms)]
            for upper in (False, True)
        )
        self.is_rounded = space.is_ambiguous
        self.sharers = space.sharers
        self.used = [index for index, sharers in enumerate(self.sharers) if sharers]

    def _tile_bits(self, o: int, level: int, *, upper: bool) -> np.ndarray:
        """[N + 1] bits of an operand's tile at a level; the most that fits where its cut is not known."""
        terms, fractional = self.space.terms[o], self.space.problem.fractional
        bits = terms.elems(fractional, level + 1, upper=upper) * terms.tile_bits_each(fractional, level + 1)
        return np.append(bits, bits[self.space.fits(o, level)].max(initial=0.0))

    def start(self) -> np.ndarray:
        """[1, x] what a walk of no steps remembers."""
        most = max(self.lattice.cycles[-1], *(terms.n_rows for terms in self.space.terms))
        narrow = most < np.iinfo(np.int32).max
        memory = np.ones((1, len(self.columns)), dtype=np.int32 if narrow else np.int64)
        for (name, o, _), x in self.columns.items():
            if name in ("cut", "lead"):
                memory[:, x] = OPEN
            elif name == "growing":
                memory[:, x] = self.space.terms[o].n_levels - 1
        for index in self.used:
            self._settle(memory, index)
        return memory

    def before(self, memory: np.ndarray, step: np.ndarray) -> np.ndarray:
        """[m, x] what is remembered once a step each is taken back; the given rows are changed."""
        graph = self.graph
        placed = graph.placed[step]
        for o in range(len(self.space.operands)):
            if len(placed) and placed[0] >= 0:
                self._grow(memory, o, placed)
            self._allocate(memory, o, graph.allocated[o][step])
        if graph.is_first(step):
            for name in ("grows relevant", "grows reuse"):
                memory[:, [self.columns[name, o, 0] for o in range(len(self.space.operands))]] = 0
        for index in self.used:
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
            memory[:, flag] = goes_on & (memory[rows, run] != 0)

    def _allocate(self, memory: np.ndarray, o: int, allocation: np.ndarray) -> None:
        first, last = self.kinds.first[allocation], self.kinds.last[allocation]
        leading = np.flatnonzero(self.kinds.leads[allocation] & (allocation > 0))
        memory[leading, self.columns["lead", o, 0]] = self.kinds.point[allocation[leading]]
        allocates_any = (allocation > 0) & (last > first)
        rows = np.flatnonzero(allocates_any)
        for level in range(self.space.terms[o].n_levels):
            ending = rows[(first[rows] <= level) & (level < last[rows])]
            memory[ending, self.columns["cut", o, level]] = self.kinds.row[level, allocation[ending]]
        memory[rows, self.columns["growing", o, 0]] = first[rows]
        for name in ("relevant", "reuse"):
            memory[rows, self.columns[f"grows {name}", o, 0]] = (
                memory[rows, self.columns[name, o, 0] + first[rows]] != 0
            )

    def _settle(self, memory: np.ndarray, index: int) -> None:
        """Settle whose next tile has room in a memory, as soon as it is certain.

        While the operands' shares, the most they can be, are half of it together, all have room for good: runs that
        grow only make more. Else their cuts must be known, their runs have ended, and rounding must not matter.
        """
        sharers = self.sharers[index]
        cuts = [self.columns["cut", o, level] for o, level in sharers]
        rows = np.flatnonzero(memory[:, self.columns["relevant", sharers[0][0], sharers[0][1]]] != 0)
        own = self._shares(memory, rows, index, self.most_tile_bits)
        half_empty = sum((own[o] for o, _ in sharers), np.zeros(len(rows))) <= 0.5
        for o, level in sharers:
            self._drop(memory, "reuse", o, level, rows[half_empty])
            self._drop(memory, "relevant", o, level, rows[half_empty])
        ended = (memory[rows][:, cuts] != OPEN).all(axis=1) & ~half_empty
        for o, level in sharers:
            growing = memory[rows, self.columns["growing", o, 0]] == level
            ended &= ~(growing & (memory[rows, self.columns["grows relevant", o, 0]] != 0))
        rows = rows[ended]
        has_room = self._has_room(sharers, self._shares(memory, rows, index, self.tile_bits))
        if self.is_rounded:
            other = self._has_room(sharers, self._shares(memory, rows, index, self.most_tile_bits))
            certain = np.logical_and.reduce([has_room[o] == other[o] for o, _ in sharers])
            rows, has_room = rows[certain], {o: room[certain] for o, room in has_room.items()}
        for o, level in sharers:
            self._drop(memory, "reuse", o, level, rows[has_room[o]])
            self._drop(memory, "relevant", o, level, rows)

    def _shares(
        self, memory: np.ndarray, rows: np.ndarray, index: int, tile_bits: list[list[np.ndarray]]
    ) -> dict[int, np.ndarray]:
        """[m] per operand, the share of a memory that must be held at once."""
        size = self.space.problem.accelerator.memories[index].size_bits
        found = {}
        for o, level in self.sharers[index]:
            cut, run = memory[rows, self.columns["cut", o, level]], memory[rows, self.columns["relevant", o, level]]
            found[o] = np.floor_divide(tile_bits[o][level][cut], run) / size
        return found

    @staticmethod
    def _has_room(sharers: list[tuple[int, int]], own: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
        """[m] per operand, whether its next tile has room beside the current one; earlier operands come first."""
        found, shared = {}, sum(own.values(), np.zeros(len(own[sharers[0][0]])))
        for o, _ in sorted(sharers):
            found[o], shared = room_beside(own[o], shared)
        return found

    def _drop(self, memory: np.ndarray, run: str, o: int, level: int, rows: np.ndarray) -> None:
        """Forget a run that nothing depends on any more."""
        memory[rows, self.columns[run, o, level]] = 0
        growing = rows[memory[rows, self.columns["growing", o, 0]] == level]
        memory[growing, self.columns[f"grows {run}", o, 0]] = 0


# -- labels put together where some of what they remember is equal ----------------------------------------------------


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
        """[g] the number of each group among others, and whether it is there; -1 where that is not known.

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
