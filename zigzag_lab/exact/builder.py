"""Builds the graph of a space layer by layer, all states of a layer at once.

Axes: ``m`` state of the layer, ``e`` step from it, ``j`` contended memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zigzag_lab.exact.graph import NO_ALLOCATION, AllocationTable, Graph, Placed, with_steps
from zigzag_lab.exact.relaxed import EnergyCutoff
from zigzag_lab.exact.space import LevelAllocation, Space, TooLargeError
from zigzag_lab.vocab import InfeasibleError

_MANY = 1_000
"""States of an operand; with as many, numbers of states of all together may need more than 64 bits."""


@dataclass(frozen=True)
class _Layer:
    """States after equally many loops.

    Attributes:
        point: [m] the loops inside.
        codes: [operand, m] states of the operands.
        room: [j, m] bits left in contended memories.
        paid: [m] under a cutoff, the least energy so far.
    """

    point: np.ndarray
    codes: np.ndarray
    room: np.ndarray
    paid: np.ndarray

    def __len__(self) -> int:
        return len(self.point)


@dataclass(frozen=True)
class _Options:
    """Level allocations of one operand at each state of a layer.

    Attributes:
        start, n: [m] where the options of a state begin, and how many there are.
        number, code: of each option, its level allocation and the operand's state afterwards.
        cost: [option] its energy, under a cutoff.
        held: [j, option] bits that stay in use.
    """

    start: np.ndarray
    n: np.ndarray
    number: np.ndarray
    code: np.ndarray
    cost: np.ndarray
    held: np.ndarray


@dataclass
class _Steps:
    """Steps as they grow, operand by operand; ``energy`` has what was paid and what is to go, under a cutoff."""

    source: np.ndarray
    placed: np.ndarray
    numbers: list[np.ndarray]
    codes: list[np.ndarray]
    room: np.ndarray
    energy: np.ndarray

    def taken(self, rows: np.ndarray) -> _Steps:
        return _Steps(
            self.source[rows],
            self.placed[rows],
            [x[rows] for x in self.numbers],
            [x[rows] for x in self.codes],
            self.room[:, rows],
            self.energy[:, rows],
        )


class _GraphBuilder:
    def __init__(self, space: Space, most_steps: int, deadline: float, cutoff: EnergyCutoff | None = None) -> None:
        self.space, self.most_steps, self.deadline, self.cutoff = space, most_steps, deadline, cutoff
        self.numbers: dict[Placed, int] = {NO_ALLOCATION: 0}
        self.strides = np.array([*space.lattice.strides, 0], dtype=np.int64)

    def build(self) -> Graph:
        space = self.space
        codes = np.array([[space.start_code(o)] for o in range(len(space.operands))], dtype=np.int64)
        room = np.array([[space.capacity[i]] for i in space.shared]).reshape(len(space.shared), 1)
        layer = _Layer(np.zeros(1, dtype=np.int64), codes, room, np.zeros(1))
        parts: list[np.ndarray] = []
        bounds, n_steps, first_state = [], 0, 0
        for position in range(space.n_loops + 1):
            steps = self._steps(layer, position)
            following, target = self._next_layer(layer, steps, is_last=position == space.n_loops)
            table = np.stack([steps.source + first_state, target + first_state + len(layer), steps.placed])
            parts.append(np.concatenate([table, np.stack(steps.numbers)]).astype(np.int32))
            bounds.append((n_steps, n_steps + table.shape[1]))
            n_steps, first_state = bounds[-1][1], first_state + len(layer)
            self._check(n_steps)
            layer = following
        table = np.concatenate(parts, axis=1)
        kinds = AllocationTable.of(self.numbers, max(terms.n_levels for terms in space.terms))
        return Graph(space, kinds, table[0], table[1], table[2], table[3:], tuple(bounds), first_state + 1)

    def _check(self, n_steps: int) -> None:
        if n_steps > self.most_steps or time.monotonic() > self.deadline:
            raise TooLargeError

    # -- one layer -------------------------------------------------------------------------------------------------

    def _steps(self, layer: _Layer, position: int) -> _Steps:
        """All steps from a layer, sorted by source."""
        space = self.space
        operands = range(len(space.operands))
        options = [self._options(o, layer, space.options) for o in operands]
        if position == space.n_loops:
            return self._allocated(layer, np.arange(len(layer)), -1, options)
        waiting = [self._options(o, layer, space.waiting) for o in operands] if space.is_even else []
        lattice, parts = space.lattice, []
        for kind in space.allowed[position]:
            rows = np.flatnonzero(lattice.inside[kind][layer.point] < lattice.counts[kind])
            parts.append(self._allocated(layer, rows, kind, options, waiting))
            self._check(sum(len(part.source) for part in parts))
        if not parts:
            parts = [self._allocated(layer, np.zeros(0, dtype=np.int64), 0, options, waiting)]
        joined = _Steps(
            np.concatenate([p.source for p in parts]),
            np.concatenate([p.placed for p in parts]),
            [np.concatenate(x) for x in zip(*(p.numbers for p in parts), strict=True)],
            [np.concatenate(x) for x in zip(*(p.codes for p in parts), strict=True)],
            np.concatenate([p.room for p in parts], axis=1),
            np.concatenate([p.energy for p in parts], axis=1),
        )
        return joined.taken(np.argsort(joined.source, kind="stable"))

    def _options(self, o: int, layer: _Layer, of: Callable[[int, int, int], list[LevelAllocation]]) -> _Options:
        """The options of an operand, looked up once for each distinct pair of state and point."""
        n_points = self.space.lattice.n_points
        pairs, which = np.unique(layer.codes[o] * n_points + layer.point, return_inverse=True)
        found = [of(o, int(p) // n_points, int(p) % n_points) for p in pairs]
        n = np.array([len(f) for f in found], dtype=np.int64)
        flat = [(int(p) % n_points, c) for p, f in zip(pairs, found, strict=True) for c in f]
        held = np.zeros((len(self.space.shared), len(flat)))
        for i, (_, allocation) in enumerate(flat):
            for j, bits in allocation.held:
                held[j, i] += bits
        return _Options(
            (np.cumsum(n) - n)[which],
            n[which],
            np.array([self._number(o, point, c) for point, c in flat], dtype=np.int64),
            np.array([c.code for _, c in flat], dtype=np.int64),
            np.array([self.cutoff.cost(o, point, c) for point, c in flat] if self.cutoff else []),
            held,
        )

    def _number(self, operand: int, point: int, allocation: LevelAllocation) -> int:
        if allocation.last == allocation.first and not allocation.leads:
            return 0
        placed = operand, point, allocation.first, allocation.last, allocation.leads, allocation.rows
        return self.numbers.setdefault(placed, len(self.numbers))

    def _allocated(
        self,
        layer: _Layer,
        rows: np.ndarray,
        kind: int,
        options: Sequence[_Options],
        waiting: Sequence[_Options] = (),
    ) -> _Steps:
        """The steps that place a kind of loop (none for -1) at some states of a layer, and fit.

        ``options`` of each operand hold before a loop that is not irrelevant to it; ``waiting`` those before one that
        is, where there is a choice.
        """
        steps = _Steps(
            rows, np.full(len(rows), kind, dtype=np.int64), [], [], layer.room[:, rows], self._energy(layer, rows)
        )
        beyond = layer.point + self.strides[kind]
        for o in range(len(options)):
            stays = kind >= 0 and self.space.stays[o][kind]
            if stays and not waiting:
                steps.numbers.append(np.zeros(len(steps.source), dtype=np.int64))
                steps.codes.append(layer.codes[o][steps.source])
            else:
                choice = waiting[o] if stays else options[o]
                n = choice.n[steps.source]
                self._check(int(n.sum()))
                copies = np.repeat(np.arange(len(n)), n)
                chosen = choice.start[steps.source[copies]] + np.arange(len(copies)) - (np.cumsum(n) - n)[copies]
                steps = steps.taken(copies)
                steps.numbers.append(choice.number[chosen])
                codes = choice.code[chosen]
                steps.codes.append(codes if stays else self.space.grown(o, codes, kind))
                steps.room = steps.room - choice.held[:, chosen]
                if self.cutoff:
                    steps.energy[0] += choice.cost[chosen]
            ok = self.space.room[o][self.space.level(steps.codes[o]), beyond[steps.source]]
            if self.cutoff:
                ok &= self._is_below(self.cutoff, steps, layer, beyond, o)
            if not ok.all():
                steps = steps.taken(np.flatnonzero(ok))
        if kind >= 0 and self.space.is_even:
            steps = steps.taken(np.flatnonzero(self.space.is_allowed(steps.codes)))
        return self._within_shared(steps, beyond[steps.source])

    def _energy(self, layer: _Layer, rows: np.ndarray) -> np.ndarray:
        """[2, e] energy paid up to some states, and nothing yet of what is to go; [0, e] where there is no cutoff."""
        return np.stack([layer.paid[rows], np.zeros(len(rows))])[: 2 if self.cutoff else 0]

    @staticmethod
    def _is_below(cutoff: EnergyCutoff, steps: _Steps, layer: _Layer, beyond: np.ndarray, o: int) -> np.ndarray:
        """[e] whether mappings may stay below the cutoff, the choices of an operand and of those before it made."""
        steps.energy[1] += cutoff.to_go(o, steps.codes[o], beyond[steps.source])
        others = range(o + 1, len(layer.codes))
        ahead = sum((cutoff.to_go(i, layer.codes[i], layer.point) for i in others), np.zeros(len(layer)))
        below: np.ndarray = steps.energy.sum(axis=0) + ahead[steps.source] <= cutoff.most
        return below

    def _within_shared(self, steps: _Steps, beyond: np.ndarray) -> _Steps:
        """Steps that leave enough in contended memories; what is left is rounded down to what makes a difference."""
        ok = np.ones(len(beyond), dtype=bool)
        room = steps.room.copy()
        for j, sharers in enumerate(self.space.sharers[index] for index in self.space.shared):
            still = [self.space.level(steps.codes[o]) <= level for o, level in sharers]
            n_open = sum(still, np.zeros(len(beyond), dtype=np.int64))
            ok &= room[j] >= 0
            for (o, level), is_open in zip(sharers, still, strict=True):
                values, _ = self.space.steps(o, level)
                alone = is_open & (n_open == 1)
                at = np.searchsorted(values, room[j][alone], side="right")
                room[j][alone] = np.where(at > 0, values[np.maximum(at - 1, 0)], -1.0)
            room[j][n_open == 0] = 0.0
            least = np.zeros(len(beyond))
            for (o, level), is_open in zip(sharers, still, strict=True):
                least = least + np.where(is_open, self.space.steps(o, level)[1][beyond], 0.0)
            ok &= room[j] >= least
        steps.room = room
        return steps if ok.all() else steps.taken(np.flatnonzero(ok))

    def _next_layer(self, layer: _Layer, steps: _Steps, *, is_last: bool) -> tuple[_Layer, np.ndarray]:
        """The distinct states that steps lead to, and the number of each step's there."""
        if is_last:
            target = np.zeros(len(steps.source), dtype=np.int64)
            return layer, target
        point = layer.point[steps.source] + self.strides[steps.placed]
        key = point
        for o, codes in enumerate(steps.codes):
            n_codes = self.space.n_codes(o)
            if n_codes > _MANY:
                key = np.unique(key, return_inverse=True)[1]
            key = key * n_codes + codes
        for room in steps.room:
            values, rank = np.unique(room, return_inverse=True)
            key = key * (len(values) + 1) + rank
        _, first, target = np.unique(key, return_index=True, return_inverse=True)
        codes = np.stack(steps.codes)[:, first]
        paid = np.full(len(first), np.inf)
        if self.cutoff:
            np.minimum.at(paid, target, steps.energy[0])
        return _Layer(point[first], codes, steps.room[:, first], paid), target


def build(
    space: Space, most_steps: int = 4_000_000, deadline: float = np.inf, cutoff: EnergyCutoff | None = None
) -> Graph:
    """The graph of a space.

    Args:
        space: what may be done where.
        most_steps: how many steps are not too many.
        deadline: when to give up, on the monotonic clock.
        cutoff: what is to be cheaper; of other mappings, only some are in the graph.

    Raises:
        TooLargeError: there are too many steps, or it takes too long.
        InfeasibleError: no mapping fits, or is below the cutoff. Proven, but where results are wider than unfinished
            sums: then loops moved down may take more room than those allocated.
    """
    graph = _GraphBuilder(space, most_steps, deadline, cutoff).build()
    alive = graph.can_be_completed()
    if not alive[0]:
        reason = "no allocation of any order of its loops fits the memories"
        raise InfeasibleError(space.problem.layer.name, reason, is_proven=not space.has_wide_results)
    return with_steps(graph, alive[graph.source] & alive[graph.target])
