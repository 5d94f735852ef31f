"""Transfers of an accelerator for one kind of layer: everything about a price that no size changes.

Boundaries of all operands are counted in one row: those of the first operand, the output, from its array side upwards,
then those of the next. Transfers are counted port by port, in the order of the accelerator's file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from zigzag_lab.hardware import Accelerator, Port
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.vocab import Direction
from zigzag_lab.vocab.names import LOW, UPWARD


@dataclass(frozen=True)
class Transfer:
    """One direction of one operand at one of its memories.

    Attributes:
        operand: number of the operand.
        direction: seen from the memory.
        boundary: the boundary crossed, among all operands' boundaries.
        port: the port of the memory that it passes.
    """

    operand: int
    direction: Direction
    boundary: int
    port: Port

    @property
    def is_up(self) -> bool:
        """Whether data moves away from the array."""
        return self.direction in UPWARD

    @property
    def is_low(self) -> bool:
        """Whether it crosses the inner boundary of its memory."""
        return self.direction in LOW

    @property
    def is_partial_sum(self) -> bool:
        """Whether it brings unfinished outputs back."""
        return self.operand == 0 and not self.is_up


@dataclass(frozen=True)
class TransferTable:
    """Transfers as arrays [w].

    Attributes:
        boundary: the boundary crossed.
        source: which row of (bits each downwards, bits each upwards) of all boundaries counts.
        is_low: whether the boundary is the inner one of the memory.
        width: bits a cycle of the port.
    """

    boundary: np.ndarray
    source: np.ndarray
    is_low: np.ndarray
    width: np.ndarray

    @classmethod
    def of(cls, transfers: Sequence[Transfer], n_boundaries: int) -> TransferTable:
        """The table of some transfers."""
        boundary = np.array([transfer.boundary for transfer in transfers], dtype=np.int64)
        up = np.array([transfer.is_up for transfer in transfers], dtype=bool)
        is_low = np.array([transfer.is_low for transfer in transfers], dtype=bool)
        return cls(
            boundary, boundary + n_boundaries * up, is_low, _column([t.port.bandwidth_max_bits for t in transfers])
        )


@dataclass(frozen=True)
class Link:
    """How data passes a boundary between two memories when first loaded, or last stored.

    Attributes:
        ends: numbers of the transfers at both memories.
        n_shared: how many of the two ports both inputs share.
    """

    ends: tuple[int, int]
    n_shared: int


@dataclass(frozen=True)
class Cuts:
    """Boundaries at which loops are cut, as arrays [c].

    Attributes:
        boundary: among all boundaries.
        operand: number of the operand.
        level: of the memory inside it, among all operands' levels.
        below: the operand's cut below it; -1 for its first.
    """

    boundary: np.ndarray
    operand: np.ndarray
    level: np.ndarray
    below: np.ndarray


@dataclass(frozen=True)
class Wiring:
    """The transfers of data between the memories of an accelerator.

    Attributes:
        memories: per operand, indices of its memories, innermost first.
        first: per operand, its boundary 0 among all boundaries.
        tops: per operand, its boundary outside its outermost memory, which holds all.
        cuts: the boundaries whose tile matters: those below an outermost memory, and those outside one that others
            pass through.
        n_boundaries: of all operands.
        accessing: the transfers that cost energy.
        narrow, ratio: [w] the least bits of an access there, and their share of the widest.
        place: [w] (level of all operands' levels, direction) of each, flat.
        costs: [level, direction] pJ an access.
        moving: the transfers that pass ports; those of a port stand together.
        starts: [port] the first of each port's transfers.
        loading: which of them load or store anything for the first or last time.
        loading_ports: [port] the first of each port's among those.
        innermost: [w] of those, the boundary outside the operand's innermost memory.
        links: per operand, the boundaries between its memories.
        sizes: [b] bits of the memory inside a boundary (1 at the array).
        inside: memory -> the boundaries that it lies inside of, in the order of its operands.
    """

    memories: tuple[tuple[int, ...], ...]
    first: tuple[int, ...]
    tops: np.ndarray
    cuts: Cuts
    n_boundaries: int
    accessing: TransferTable
    narrow: np.ndarray
    ratio: np.ndarray
    place: np.ndarray
    costs: np.ndarray
    moving: TransferTable
    starts: np.ndarray
    loading: np.ndarray
    loading_ports: np.ndarray
    innermost: np.ndarray
    links: tuple[tuple[Link, ...], ...]
    sizes: np.ndarray
    inside: dict[int, tuple[int, ...]]

    @property
    def n_levels(self) -> int:
        """Memory levels of all operands."""
        return len(self.costs)


def wiring_of(problem: Problem) -> Wiring:
    """The wiring that a problem's layer finds on its accelerator."""
    links = tuple((op, problem.memory_operand(op)) for op in problem.operands)
    return _wiring(problem.accelerator, links)


@lru_cache(maxsize=64)
def _wiring(accelerator: Accelerator, links: tuple[tuple[str, str], ...]) -> Wiring:
    return _WiringBuilder(accelerator, links).wiring()


class _WiringBuilder:
    def __init__(self, accelerator: Accelerator, links: tuple[tuple[str, str], ...]) -> None:
        self.accelerator, self.links = accelerator, links
        self.number = {memory_operand: o for o, (_, memory_operand) in enumerate(links)}
        self.memories = tuple(accelerator.levels[memory_operand] for _, memory_operand in links)
        sizes = [len(memories) + 1 for memories in self.memories]
        self.first = tuple(sum(sizes[:o]) for o in range(len(sizes)))
        self.tops = [first + size - 1 for first, size in zip(self.first, sizes, strict=True)]
        self.n_boundaries = sum(sizes)

    def wiring(self) -> Wiring:
        """Put everything together."""
        accessing, place, costs = self._accesses()
        moving, starts = self._moves()
        loading = [i for i, transfer in enumerate(moving) if not transfer.is_partial_sum]
        port_of = np.repeat(np.arange(len(starts)), np.diff([*starts, len(moving)]))[loading]
        return Wiring(
            memories=self.memories,
            first=self.first,
            tops=np.array(self.tops),
            cuts=self._cuts(),
            n_boundaries=self.n_boundaries,
            accessing=TransferTable.of(accessing, self.n_boundaries),
            narrow=_column([t.port.bandwidth_min_bits for t in accessing]),
            ratio=_column([t.port.bandwidth_min_bits / t.port.bandwidth_max_bits for t in accessing]),
            place=np.array(place, dtype=np.int64),
            costs=np.array(costs),
            moving=TransferTable.of(moving, self.n_boundaries),
            starts=np.array(starts, dtype=np.int64),
            loading=np.array(loading, dtype=np.int64),
            loading_ports=np.flatnonzero(np.diff(port_of, prepend=-1)),
            innermost=np.array([self.first[moving[i].operand] + 1 for i in loading], dtype=np.int64),
            links=self._links([moving[i] for i in loading]),
            sizes=_column(self._sizes()),
            inside=self._inside(),
        )

    def _cuts(self) -> Cuts:
        inner = {index for memories in self.memories for index in memories[:-1]}
        cuts: list[tuple[int, int, int, int]] = []
        for o, memories in enumerate(self.memories):
            for a, index in enumerate(memories):
                if index in inner:
                    boundary = self.first[o] + a + 1
                    cuts.append((boundary, o, boundary - o - 1, len(cuts) - 1 if a else -1))
        return Cuts(*np.array(cuts, dtype=np.int64).reshape(-1, 4).T.copy())

    def _transfer(self, operand: int, level: int, direction: Direction, port: Port | None) -> Transfer | None:
        """Return the transfer at a memory in one direction; None where nothing ever moves."""
        is_low, is_top = direction in LOW, level == len(self.memories[operand]) - 1
        if port is None or (direction in UPWARD and operand) or (is_top and not is_low):
            return None
        return Transfer(operand, direction, self.first[operand] + level + (0 if is_low else 1), port)

    def _accesses(self) -> tuple[list[Transfer], list[int], list[list[float]]]:
        """The transfers that cost energy, and their places; costs by level and direction."""
        found: list[Transfer] = []
        place: list[int] = []
        costs: list[list[float]] = []
        for operand, (_, memory_operand) in enumerate(self.links):
            for level, index in enumerate(self.memories[operand]):
                memory = self.accelerator.memories[index]
                for d, direction in enumerate(Direction):
                    transfer = self._transfer(operand, level, direction, memory.port_of(memory_operand, direction))
                    if transfer is not None:
                        found.append(transfer)
                        place.append(len(costs) * len(Direction) + d)
                costs.append([memory.read_cost_pj if d.is_read else memory.write_cost_pj for d in Direction])
        return found, place, costs

    def _moves(self) -> tuple[list[Transfer], list[int]]:
        """The transfers of all ports, and where each port starts."""
        transfers: list[Transfer] = []
        starts: list[int] = []
        for index, memory in enumerate(self.accelerator.memories):
            for port in memory.ports:
                served = [(m, d) for m, d in port.serves if m in self.number]
                found = [
                    self._transfer(self.number[m], self.accelerator.level_of(m, index), d, port) for m, d in served
                ]
                moving = [transfer for transfer in found if transfer is not None]
                if moving:
                    starts.append(len(transfers))
                transfers += moving
        return transfers, starts

    def _links(self, loading: list[Transfer]) -> tuple[tuple[Link, ...], ...]:
        """The boundaries between memories, each with the last transfers that claim its ends."""
        number = {(transfer.boundary, transfer.direction): i for i, transfer in enumerate(loading)}
        shared = [transfer.port.is_shared_by_inputs and len(self.links) > 2 for transfer in loading]
        inwards, outwards = (Direction.FROM_HIGH, Direction.TO_LOW), (Direction.TO_HIGH, Direction.FROM_LOW)
        links: list[tuple[Link, ...]] = []
        for operand, memories in enumerate(self.memories):
            inner, outer = inwards if operand else outwards
            boundaries = range(self.first[operand] + 1, self.first[operand] + len(memories))
            ends = [(number[boundary, inner], number[boundary, outer]) for boundary in boundaries]
            links.append(tuple(Link(pair, shared[pair[0]] + shared[pair[1]]) for pair in ends))
        return tuple(links)

    def _sizes(self) -> list[float]:
        return [
            float(size)
            for memories in self.memories
            for size in (1, *(self.accelerator.memories[index].size_bits for index in memories))
        ]

    def _inside(self) -> dict[int, tuple[int, ...]]:
        found: dict[int, tuple[int, ...]] = {}
        for index, memory in enumerate(self.accelerator.memories):
            levels = [
                (self.number[m], self.accelerator.level_of(m, index)) for m in memory.operands if m in self.number
            ]
            if levels:
                found[index] = tuple(self.first[operand] + 1 + level for operand, level in levels)
        return found


def _column(values: Sequence[float]) -> np.ndarray:
    """[w, 1]."""
    return np.array(values, dtype=np.float64)[:, None]
