"""LOMA: allocate the loops of an order to memory levels, bottom up, as many as fit.

From the innermost memory outwards, each operand may keep any number of further loops at a memory. Of all combinations
that fit together the one with the fewest accesses to the level above wins; of equals the last, in the order of the
memory's operands. All orders of a batch are allocated at once. Axes: ``t`` position between loops, ``m`` mapping.

Source: ZigZag 3.9.1, ``opt/loma/memory_allocator.py``; traps in its rounding are kept (see ``LoopTables``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zigzag_lab.mapping.problem import LoopTables, MappingBatch
from zigzag_lab.mapping.tiles import tile_elems
from zigzag_lab.vocab import OUTPUT, TemporalMappingType


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
    """What became of a batch of orders: those that fit, and the nearest miss among the others."""

    fitting: MappingBatch | None
    n_rejected: int
    nearest_miss: Overflow | None


def allocate(tables: LoopTables, kind: TemporalMappingType = TemporalMappingType.UNEVEN) -> Allocation:
    """Allocate every order of a batch; orders that do not fit are left out."""
    allocator = _Allocator(tables, kind)
    for memory in tables.problem.accelerator.bottom_up:
        allocator.allocate_memory(memory)
    return allocator.result()


@dataclass
class _Choice:
    """What one operand may keep at a memory: [t, m] bits and accesses above, infinite where not allowed."""

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
        self.iterations_above = tables.cycles[-1] / tables.cycles

    def allocate_memory(self, index: int) -> None:
        """Decide what each operand keeps at one memory."""
        sharers = self.problem.sharers[index]
        if not sharers:
            return
        memory = self.problem.accelerator.memories[index]
        choices = [self._choice(op, level, index) for op, level in sharers]
        chosen, needed = self._best(choices, memory.size_bits)
        fits = needed <= memory.size_bits
        self._note_miss(memory.name, needed - memory.size_bits, self.ok & ~fits, tuple(op for op, _ in sharers))
        self.ok &= fits
        self.n_filled += 1
        for choice, position in zip(choices, chosen, strict=True):
            self.position[choice.operand] = position
            self.cuts[choice.operand].append(position)

    def _note_miss(self, memory: str, missing: np.ndarray, rejected: np.ndarray, operands: tuple[str, ...]) -> None:
        if rejected.any():
            self.misses.append(Overflow(memory, float(missing[rejected].min()), operands, self.n_filled))

    def _choice(self, operand: str, level: int, index: int) -> _Choice:
        memory = self.problem.accelerator.memories[index]
        start = self.position[operand]
        elems = tile_elems(self.tables, operand, level, self.cuts[operand])
        bits = elems * self._precision(operand, level, start)
        if memory.force_double_buffering:
            bits = np.where((self.slots < self.tables.n_slots) & (bits < bits[-1]), bits * 2, bits)
        fits = (bits <= memory.size_bits) | (self.slots < start)
        reachable = np.logical_and.accumulate(fits, axis=0) & (self.slots >= start)
        is_top = index == self.problem.memories[operand][-1]
        if is_top:
            last = slice(self.tables.n_slots, None)
            widest = np.where(self.slots >= start, bits, 0).max(axis=0, keepdims=True)
            bits = np.where(reachable[last], bits[last], widest)
            return _Choice(operand, True, start, bits, np.zeros_like(bits), self.slots[last])
        first = self.tables.at(bits, start)
        bits = np.where(reachable, bits, np.inf)
        self._keep_overflow(bits, start, first)
        return _Choice(operand, False, start, bits, self.iterations_above * bits, self.slots)

    @staticmethod
    def _keep_overflow(bits: np.ndarray, start: np.ndarray, first: np.ndarray) -> None:
        """Put the size of the empty choice back where even that overflows, so that a message can say by how much."""
        bits[start, np.arange(bits.shape[1])] = first

    def _precision(self, operand: str, level: int, start: np.ndarray) -> np.ndarray | int:
        """Bits an element: for outputs full precision as long as partial sums remain above."""
        if self.problem.memory_operand(operand) != OUTPUT:
            return self.problem.precision(operand)
        irrelevant = self.problem.layer.relevancy.irrelevant[operand]
        above = self.problem.fractional.operands[operand].levels[level + 1 :]
        if any(dim in irrelevant for loops in above for dim, _ in loops):
            return self.problem.precision(operand)
        partial = self.tables.last_reuse(operand) > start
        return np.where(partial, self.problem.precision(operand), self.problem.final_precision)

    def _best(self, choices: list[_Choice], capacity: int) -> tuple[list[np.ndarray], np.ndarray]:
        """[m] the chosen position of each operand, and the bits that the smallest combination needs."""
        bits, accesses, allowed = _combined(choices, capacity, self._even_pairs(choices))
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

    def _even_pairs(self, choices: list[_Choice]) -> list[tuple[int, int]]:
        if self.kind is TemporalMappingType.UNEVEN:
            return []
        return [(a, b) for a in range(len(choices)) for b in range(a + 1, len(choices))]

    def result(self) -> Allocation:
        """The orders that fit."""
        n_rejected = int((~self.ok).sum())
        nearest = self.misses[-1] if self.misses else None
        if not self.ok.any():
            return Allocation(None, n_rejected, nearest)
        tables, cuts = self.tables, {op: np.array(cut) for op, cut in self.cuts.items()}
        if n_rejected:
            tables = LoopTables(self.problem, tables.loops, np.ascontiguousarray(tables.order[:, self.ok]))
            cuts = {op: cut[:, self.ok] for op, cut in cuts.items()}
        return Allocation(MappingBatch(tables, cuts), n_rejected, nearest)


def _combined(
    choices: list[_Choice], capacity: int, even_pairs: list[tuple[int, int]]
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
    for a, b in even_pairs:
        first, second = spread(choices[a].positions, a), spread(choices[b].positions, b)
        keeps_none_first, keeps_none_second = first == choices[a].start, second == choices[b].start
        allowed &= (first == second) | (first < second) & keeps_none_second | (second < first) & keeps_none_first
    return bits, accesses, allowed
