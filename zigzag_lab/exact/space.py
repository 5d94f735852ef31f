"""The space of all mappings of a problem, uneven or even, as states of a walk over the lattice of tile shapes.

A mapping is a path that adds one loop at a time, from the innermost, and on the way allocates memory levels of
operands: the loops inside a level end there. An irrelevant loop never comes right after a level was allocated: it costs
nothing inside, and the cost model counts it there (:func:`zigzag_lab.mapping.temporal.TemporalMapping.of`).

**What fits.** The rule is that of :mod:`zigzag_lab.mapping.footprint`; the outermost memory of an operand holds all of
it. It is LOMA's (:mod:`zigzag_lab.search.loma`), without its greed: any allocation within it is in the space. It is
applied to the mapping as it is priced, irrelevant loops moved down; that only ever takes less room, save where results
are wider than unfinished sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from math import inf
from typing import TypeVar

import numpy as np

from zigzag_lab.exact.terms import OperandTerms
from zigzag_lab.exact.traces import Traces, followed
from zigzag_lab.mapping.footprint import capacity_bits
from zigzag_lab.mapping.lattice import Lattice
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.search.factors import loop_prime_factors
from zigzag_lab.search.order_constraints import OrderConstraints
from zigzag_lab.vocab import InfeasibleError, TemporalMappingType
from zigzag_lab.vocab.options import TEMPORAL_MAPPING_TYPE

Codes = TypeVar("Codes", int, np.ndarray)
"""States of an operand: one, or [m]."""


class TooLargeError(Exception):
    """The space has more tile shapes or steps than the limits allow, or takes too long to lay out."""


@dataclass(frozen=True)
class LevelAllocation:
    """Levels that one operand may allocate at a point: the loops inside end there.

    Attributes:
        first, last: the levels from ``first`` up to, not including, ``last`` end here.
        leads: whether the run of irrelevant loops right at the array ends here too (inputs).
        code: the state of the operand afterwards.
        held: (index of the shared memory, bits) that stay in use in shared memories.
        rows: of the tile of each level that ends, its row in the tables, if it is not the point.
    """

    first: int
    last: int
    leads: bool
    code: int
    held: tuple[tuple[int, float], ...] = ()
    rows: tuple[int, ...] = ()


class Space:
    """The states of operands, and the levels that may be allocated in each.

    The state of an operand is a number: twice its open level, plus 1 where something is pending: for inputs (level 0)
    that the array still reuses the same element, for outputs that sums are unfinished outside the level below. What the
    order of its loops made of it, its *trace* (:mod:`zigzag_lab.exact.traces`), is in the bits above. In even mappings,
    the number of levels that it has left and that have not ended stands between the two.

    Args:
        problem: what is mapped; constraints on the order of its loops hold.
        kind: which mappings.
        most_loops: prime factors are merged until there are no more loops than this, if constraints allow it.
        most_points: how many tile shapes are not too many.

    Raises:
        InfeasibleError: no order meets the constraints, or an outermost memory is too small for whole tensors.
        TooLargeError: there are more tile shapes.

    Attributes:
        allowed: per position, the kinds of loop that may stand there.
        sharers: per memory, (operand, its level there).
        shared: indices of the memories that cannot hold the largest tiles of all their operands together.
    """

    def __init__(
        self,
        problem: Problem,
        kind: TemporalMappingType = TEMPORAL_MAPPING_TYPE.default,
        *,
        most_loops: int | None = None,
        most_points: float = inf,
    ) -> None:
        self.problem, self.is_even = problem, kind is TemporalMappingType.EVEN
        wanted = OrderConstraints.of(problem)
        if wanted.is_complete:
            loops = wanted.complete_order
        elif wanted.suits(problem.temporal_sizes):
            loops = loop_prime_factors(problem.temporal_sizes, most_loops, wanted.fixed_loops)
        else:
            reason = "its loops cannot be split as the temporal ordering wants"
            raise InfeasibleError(problem.layer.name, reason, is_proven=True)
        self.lattice = Lattice(loops)
        if self.lattice.n_points > most_points:
            raise TooLargeError
        self.n_loops = len(loops)
        self.allowed = wanted.allowed(self.lattice.kinds, len(loops)) or [[] for _ in loops]
        self.operands = problem.operands
        self.sharers = [[(self.operands.index(op), level) for op, level in sharers] for sharers in problem.sharers]
        self.capacity = {i: capacity_bits(m) for i, m in enumerate(problem.accelerator.memories)}
        self._fill([OperandTerms(problem, self.lattice, op) for op in self.operands])
        self._check_outermost()

    def _check_outermost(self) -> None:
        """Refuse what no mapping can change: the outermost memory of an operand holds all of it, beside the others."""
        if self.is_inexact:
            return
        for index, sharers in enumerate(self.sharers):
            whole = [
                float(np.minimum(*self.needed[o][level])[self.lattice.full])
                for o, level in sharers
                if level == self.terms[o].n_levels - 1
            ]
            missing = sum(whole) - self.capacity[index]
            if missing > 0:
                name = self.problem.accelerator.memories[index].name
                reason = f"memory {name} is {missing:,.0f} bits too small for the whole tensors that it holds"
                raise InfeasibleError(self.problem.layer.name, reason, "Enlarge that memory.", missing, is_proven=True)

    def _fill(self, terms: list[OperandTerms]) -> None:
        """Work out what tiles need."""
        self.terms = terms
        self.stays = [[dim in t.irrelevant for dim, _ in self.lattice.kinds] for t in terms]
        self.needed = [[t.needed_bits(level) for level in range(t.n_levels)] for t in terms]
        self.shared = [i for i in self.capacity if len(self.sharers[i]) > 1 and self.most_bits(i) > self.capacity[i]]
        n_levels = max(t.n_levels for t in terms)
        self._level_bits = (2 * n_levels + 1).bit_length()
        self._trace_bits = self._level_bits + (n_levels.bit_length() if self.is_even else 0)
        self._options: dict[tuple[int, int, int], list[LevelAllocation]] = {}
        self._step_cache: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}
        self.room = [self._room_of(o) for o in range(len(terms))]

    def most_bits(self, index: int) -> float:
        """Bits that the largest tiles of a memory's operands take together."""
        return sum(float(np.max(self.needed[o][level])) for o, level in self.sharers[index])

    # -- operands --------------------------------------------------------------------------------------------------

    def start_code(self, operand: int) -> int:
        """The state of an operand before any loop."""
        terms = self.terms[operand]
        return int(terms.reuse_left[0]) if terms.is_output else 1

    def n_codes(self, operand: int) -> int:
        """More than any state of an operand."""
        traces = self._traces(operand)
        if self.is_even or traces:
            return (len(traces.size) if traces else 1) << self._trace_bits
        return 2 * self.terms[operand].n_levels + 2

    def level(self, codes: Codes) -> Codes:
        """[m] the open levels of some states."""
        return (codes & ((1 << self._level_bits) - 1)) >> 1

    def n_left(self, codes: Codes) -> Codes:
        """[m] how many levels have been left in some states, those that have not ended included."""
        return self.level(codes) + ((codes & ((1 << self._trace_bits) - 1)) >> self._level_bits)

    def grown(self, operand: int, codes: np.ndarray, kind: int) -> np.ndarray:
        """[m] the states of an operand after one more loop that is not irrelevant to it; the same for -1, no loop."""
        traces = self._traces(operand)
        if traces is None or kind < 0:
            return codes
        bits = self._trace_bits
        return (traces.grown[codes >> bits, kind] << bits) | (codes & ((1 << bits) - 1))

    def _traces(self, operand: int) -> Traces | None:
        """Return the traces of an operand, where orders of loops make a difference."""
        terms = self.terms[operand]
        return terms.traces if terms.n_sizes > 1 else None

    def options(self, operand: int, code: int, point: int) -> list[LevelAllocation]:
        """Return the level allocations of an operand at a point, before a loop relevant to it or after the last."""
        key = operand, code, point
        found = self._options.get(key)
        if found is None:
            found = self._options[key] = self._allocations(operand, code, point)
        return found

    def waiting(self, operand: int, code: int, _: int) -> list[LevelAllocation]:
        """Return how an operand may go on at any point before a loop irrelevant to it: in even mappings, leave levels.

        The outermost level is never left before the last loop.
        """
        level, left = self.level(code), self.n_left(code)
        more = range(self.terms[operand].n_levels - left)
        return [LevelAllocation(level, level, leads=False, code=code + (n << self._level_bits)) for n in more]

    def _allocations(self, operand: int, code: int, point: int) -> list[LevelAllocation]:
        terms, needed = self.terms[operand], self.needed[operand]
        is_full = point == self.lattice.full
        n_left = self.n_left(code)
        trace, code = code >> self._trace_bits, code & ((1 << self._level_bits) - 1)
        level, pending = code >> 1, code & 1
        leads = bool(pending) and not terms.is_output
        unfinished = bool(pending) if terms.is_output else True
        after = int(terms.reuse_left[point]) if terms.is_output else 0
        nothing = trace << self._trace_bits | level * 2 | (pending if terms.is_output else 0)
        may_stay = not is_full and n_left == level
        found, traces = [LevelAllocation(level, level, leads, nothing)] if may_stay else [], self._traces(operand)
        held: tuple[tuple[int, float], ...] = ()
        row = point
        rows: tuple[int, ...] = ()
        for ended in range(level, terms.n_levels if is_full else terms.n_levels - 1):
            index = terms.memories[ended]
            if traces:
                row = int(traces.size[trace]) * self.lattice.n_points + point
                rows, trace = (*rows, row), int(traces.closed[trace])
            bits = float(needed[ended][0 if unfinished else 1][row])
            if bits > self.capacity[index]:
                break
            if index in self.shared:
                held = (*held, (self.shared.index(index), bits))
            if ended == terms.n_levels - 1 if is_full else ended + 1 >= n_left:
                following = trace << self._trace_bits | (ended + 1) * 2 | after
                found.append(LevelAllocation(level, ended + 1, leads, following, held, rows))
            unfinished = bool(after) if terms.is_output else True
        return found

    def is_allowed(self, codes: Sequence[np.ndarray]) -> np.ndarray:
        """[m] whether a loop may follow some states of the operands: whether their mappings are still even ones."""
        n_left = [self.n_left(of_operand) for of_operand in codes]
        ok = np.ones(len(codes[0]), dtype=bool)
        for sharers in self.sharers if self.is_even else ():
            adds, is_gone = np.zeros((2, len(ok)), dtype=bool)
            for o, level in sharers:
                adds |= n_left[o] == level
                is_gone |= n_left[o] > level
            ok &= ~(adds & is_gone)
        return ok

    def _room_of(self, operand: int) -> np.ndarray:
        """[level, N] whether the tile fits every memory from an open level upwards, alone and unreserved."""
        terms = self.terms[operand]
        room = np.ones((terms.n_levels + 1, self.lattice.n_points), dtype=bool)
        for level in range(terms.n_levels - 1, -1, -1):
            room[level] = room[level + 1] & (self.steps(operand, level)[1] <= self.capacity[terms.memories[level]])
        return room

    def fits(self, operand: int, level: int) -> np.ndarray:
        """[N] whether a tile fits its memory, alone and at best."""
        memory = self.terms[operand].memories[level]
        return np.minimum(*self.needed[operand][level]) <= self.capacity[memory]

    # -- tiles of which the order of loops decides the size ----------------------------------------------------------

    @property
    def is_ambiguous(self) -> bool:
        """Whether the size of some tile is not known for sure."""
        return any(terms.is_ambiguous for terms in self.terms)

    @property
    def has_wide_results(self) -> bool:
        """Whether finished results take more bits than unfinished sums."""
        return self.problem.final_precision > self.problem.precision(self.problem.layer.output_operand)

    @property
    def is_inexact(self) -> bool:
        """Whether the order of loops shows in some tile, known or not; whether it fits may depend on the order, too."""
        return any(terms.traces or terms.is_ambiguous for terms in self.terms)

    def with_traces(self) -> Space:
        """Return the space with orders of loops distinguished where they decide sizes of tiles, or itself."""
        if not self.is_ambiguous:
            return self
        space = copy(self)
        space._fill([self._followed(o) if terms.is_ambiguous else terms for o, terms in enumerate(self.terms)])
        return space

    def _followed(self, o: int) -> OperandTerms:
        terms = self.terms[o]
        fits = np.stack([self.fits(o, level) for level in range(terms.n_levels)])
        traces = followed(terms, fits, self.room[o])
        return OperandTerms(self.problem, self.lattice, terms.operand, traces)

    def steps(self, operand: int, level: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the bits that an operand may reserve at a level, ascending; and [point] the least at a point."""
        found = self._step_cache.get((operand, level))
        if found is None:
            two = self.needed[operand][level]
            memory = self.problem.accelerator.memories[self.terms[operand].memories[level]]
            least = np.minimum(*two)[: self.lattice.n_points] / (2 if memory.force_double_buffering else 1)
            found = np.unique(np.concatenate(two)), least
            self._step_cache[operand, level] = found
        return found
