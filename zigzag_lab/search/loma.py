"""LOMA: allocate the loops of an order to memory levels, bottom up, as many as fit.

From the innermost memory outwards, each operand may keep any number of further loops at a memory. Of all combinations
that fit together the one with the fewest accesses to the level above wins; of equals the last, in the order of the
memory's operands. All orders of a batch are allocated at once. Axes: ``t`` position between loops, ``m`` mapping.

Source: ZigZag 3.9.1, ``opt/loma/memory_allocator.py``; traps in its rounding are kept (see ``LoopTables``).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from zigzag_lab.hardware import Memory
from zigzag_lab.mapping.batch import LoopTables, MappingBatch
from zigzag_lab.mapping.footprint import TileFootprint, all_fit_together, bits_in_order, footprint_of
from zigzag_lab.vocab import TemporalMappingType
from zigzag_lab.vocab.options import TEMPORAL_MAPPING_TYPE


@dataclass(frozen=True)
class Overflow:
    """Why orders were rejected: at which memory the least was missing.

    Attributes:
        memory: the memory's name.
        missing_bits: the least number of bits that a mapping lacked there.
        operands: the layer operands that should have fitted together.
        rank: how many memories had been filled before, bottom up.
    """

    memory: str
    missing_bits: float
    operands: tuple[str, ...]
    rank: int

    def is_nearer_than(self, other: Overflow | None) -> bool:
        """Whether its orders got further up the hierarchy, or as far with fewer bits missing."""
        return other is None or (self.rank, -self.missing_bits) > (other.rank, -other.missing_bits)


@dataclass(frozen=True)
class Allocation:
    """Result of allocating a batch of orders: those that fit ([m] which), and the rejected one that lacks the least."""

    fitting: MappingBatch | None
    fits: np.ndarray
    nearest_miss: Overflow | None


def allocate(tables: LoopTables, kind: TemporalMappingType = TEMPORAL_MAPPING_TYPE.default) -> Allocation:
    """Allocate every order of a batch; orders that do not fit are left out."""
    allocator = _Allocator(tables, kind)
    for memory in tables.problem.accelerator.bottom_up:
        allocator.allocate_memory(memory)
    return allocator.result()


@dataclass
class _LevelChoice:
    """Options of one operand at a memory: [t, m] bits and accesses above, infinite where not allowed."""

    operand: str
    is_top: bool
    start: np.ndarray
    bits: np.ndarray
    accesses: np.ndarray
    positions: np.ndarray


class _Allocator:
    def __init__(self, tables: LoopTables, kind: TemporalMappingType) -> None:
        self.tables, self.kind, self.problem = tables, kind, tables.problem
        n = tables.n_mappings
        self.ok = np.ones(n, dtype=bool)
        self.position = {op: np.zeros(n, dtype=np.int64) for op in self.problem.operands}
        self.cuts: dict[str, list[np.ndarray]] = {op: [] for op in self.problem.operands}
        self.misses: list[Overflow] = []
        self.n_filled = 0
        self.slots = np.arange(tables.n_slots + 1)[:, None]

    def allocate_memory(self, index: int) -> None:
        """Decide what each operand keeps at one memory."""
        sharers = self.problem.sharers[index]
        if not sharers:
            return
        memory = self.problem.accelerator.memories[index]
        tiles = [footprint_of(self.tables.shapes, op, level) for op, level in sharers]
        if all_fit_together(tiles, memory.size_bits):
            chosen = [np.full(self.tables.n_mappings, self.tables.n_slots) for _ in sharers]
        elif len(sharers) == 1 and tiles[0] is not None and tiles[0].more_is_better:
            chosen = [self._longest(tiles[0], *sharers[0], index)]
        else:
            choices = [self._choice(tile, op, level, index) for tile, (op, level) in zip(tiles, sharers, strict=True)]
            chosen, needed = self._best(choices, memory.size_bits)
            self._reject(memory, needed, tuple(op for op, _ in sharers))
        self.n_filled += 1
        for (operand, _), position in zip(sharers, chosen, strict=True):
            self.position[operand] = position
            self.cuts[operand].append(position)

    def _reject(self, memory: Memory, needed: np.ndarray, operands: tuple[str, ...]) -> None:
        """Give up the orders under which the smallest tiles need more bits than there are."""
        fits = needed <= memory.size_bits
        rejected = self.ok & ~fits
        if rejected.any():
            missing = float((needed - memory.size_bits)[rejected].min())
            self.misses.append(Overflow(memory.name, missing, operands, self.n_filled))
        self.ok &= fits

    def _row(self, tile: TileFootprint, operand: str) -> np.ndarray | int:
        """[m] which row of a footprint counts: the second one where sums are finished."""
        if len(tile.precisions) == 1:
            return 0
        unfinished = self.tables.shapes.leaves_reuse(operand)
        return np.where(unfinished.take(self.tables.at(self.tables.points, self.position[operand])), 0, 1)

    def _longest(self, tile: TileFootprint, operand: str, level: int, index: int) -> np.ndarray:
        """[m] the last position that fits a memory of the operand's own."""
        tables, start = self.tables, self.position[operand]
        shift = self._row(tile, operand) * tile.bits.shape[1]
        is_top = level == len(self.problem.memories[operand]) - 1
        last = tile.fits.ravel().take(tables.points + shift).sum(axis=0) - 1
        too_large = last < (tables.n_slots if is_top else start)
        if too_large.any():
            smallest = np.full_like(start, tables.n_slots) if is_top else start
            needed = tile.bits.ravel().take(tables.at(tables.points, smallest) + shift)
            self._reject(self.problem.accelerator.memories[index], needed, (operand,))
        return np.where(too_large, start, last)

    def _choice(self, tile: TileFootprint | None, operand: str, level: int, index: int) -> _LevelChoice:
        memory = self.problem.accelerator.memories[index]
        start = self.position[operand]
        if tile is None:
            bits = bits_in_order(self.tables, operand, level, self.cuts[operand], start)
            accesses = self.tables.cycles[-1] / self.tables.cycles * bits
        else:
            place = self.tables.points + self._row(tile, operand) * tile.bits.shape[1]
            bits, accesses = tile.bits.ravel().take(place), tile.accesses.ravel().take(place)
        fits = (bits <= memory.size_bits) | (self.slots < start)
        reachable = np.logical_and.accumulate(fits, axis=0) & (self.slots >= start)
        if level == len(self.problem.memories[operand]) - 1:
            last = slice(self.tables.n_slots, None)
            widest = np.where(self.slots >= start, bits, 0).max(axis=0, keepdims=True)
            bits = np.where(reachable[last], bits[last], widest)
            return _LevelChoice(operand, True, start, bits, np.zeros_like(bits), self.slots[last])
        first = self.tables.at(bits, start)
        bits = np.where(reachable, bits, np.inf)
        bits[start, np.arange(bits.shape[1])] = first  # even where that overflows: a message can say by how much
        return _LevelChoice(operand, False, start, bits, accesses, self.slots)

    def _best(self, choices: list[_LevelChoice], capacity: int) -> tuple[list[np.ndarray], np.ndarray]:
        """[m] the chosen position of each operand, and the bits that the smallest combination needs."""
        bits, accesses, allowed = _combined(choices, capacity, is_even=self.kind is not TemporalMappingType.UNEVEN)
        n_combinations = int(np.prod(bits.shape[:-1]))
        flat = np.where(allowed, accesses, np.inf).reshape(n_combinations, -1)
        best = n_combinations - 1 - flat[::-1].argmin(axis=0)
        indices = np.unravel_index(best, bits.shape[:-1])
        chosen = [c.positions[:, 0].take(i) for c, i in zip(choices, indices, strict=True)]
        none_allowed = ~allowed.reshape(n_combinations, -1).any(axis=0)
        start = [self.position[c.operand] for c in choices]
        chosen = [np.where(none_allowed, s, c) for s, c in zip(start, chosen, strict=True)]
        columns = np.arange(bits.shape[-1])
        smallest = [np.zeros_like(s) if c.is_top else s for c, s in zip(choices, start, strict=True)]
        needed = bits[(*smallest, columns)]
        leftover = [c.is_top & (p != self.tables.n_slots) for c, p in zip(choices, chosen, strict=True)]
        needed = np.where(np.any(leftover, axis=0) & (needed <= capacity), np.inf, needed)
        return chosen, needed

    def result(self) -> Allocation:
        """The orders that fit."""
        nearest = self.misses[-1] if self.misses else None
        if not self.ok.any():
            return Allocation(None, self.ok, nearest)
        batch = MappingBatch(self.tables, {op: np.array(cut) for op, cut in self.cuts.items()})
        return Allocation(batch if self.ok.all() else batch.those(self.ok), self.ok, nearest)


def _combined(
    choices: list[_LevelChoice], capacity: int, *, is_even: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[t1, t2, ..., m] bits, accesses above, and whether allowed, of every combination of choices."""
    n = len(choices)

    def spread(table: np.ndarray, axis: int) -> np.ndarray:
        return table.reshape(*(table.shape[0] if i == axis else 1 for i in range(n)), table.shape[1])

    bits, accesses = spread(choices[0].bits, 0), spread(choices[0].accesses, 0)
    for axis, choice in enumerate(choices[1:], start=1):
        bits = bits + spread(choice.bits, axis)
        accesses = accesses + spread(choice.accesses, axis)
    allowed = bits <= capacity
    for a, b in combinations(range(n), 2) if is_even else ():
        first, second = spread(choices[a].positions, a), spread(choices[b].positions, b)
        keeps_none_first, keeps_none_second = first == choices[a].start, second == choices[b].start
        allowed &= (first == second) | (first < second) & keeps_none_second | (second < first) & keeps_none_first
    return bits, accesses, allowed
