"""How one operand moves through its memories under one mapping: what crosses each boundary, how much, how often.

Memory ``m`` of an operand counts from 0, the innermost. *Boundary* ``a`` is what data crosses between memory a - 1 and
memory a; boundary 0 faces the array. *Low* directions of memory m cross boundary m, *high* ones boundary m + 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.temporal import TemporalMapping, leading_run
from zigzag_lab.mapping.unrolling import SpatialForm, SplitLevel, split_levels
from zigzag_lab.vocab import Direction
from zigzag_lab.vocab.names import LOW, UPWARD


@dataclass(frozen=True)
class Movement:
    """Data that crosses a boundary of an operand in one direction.

    Attributes:
        n_elems: elements a crossing.
        bits_each: bits an element; 0 where nothing needs to move.
        period_cycles: iterations between crossings.
        n_periods: crossings over the whole layer; 0 where it does not happen.
        window_cycles: iterations in which a crossing may happen when the memory inside has no double buffer.
        average_bits_per_cycle: what it needs on average, truncated.
    """

    n_elems: int
    bits_each: int
    period_cycles: int
    n_periods: int
    window_cycles: int
    average_bits_per_cycle: int

    @property
    def bits(self) -> int:
        """Bits a crossing."""
        return self.n_elems * self.bits_each


NOTHING = Movement(0, 0, 0, 0, 0, 0)


class OperandTraffic:
    """How one operand moves through its memories, in one form of the spatial mapping."""

    def __init__(self, problem: Problem, form: SpatialForm, temporal: TemporalMapping, operand: str) -> None:
        self.problem, self.operand = problem, operand
        self.unrolled = form.operands[operand]
        self.levels = temporal.levels[operand]
        self.is_output = operand == problem.layer.output_operand
        self.total_cycles = temporal.n_cycles

    @property
    def n_levels(self) -> int:
        """Memories that hold the operand."""
        return len(self.levels)

    @cached_property
    def periods(self) -> list[int]:
        """Per boundary, iterations of all loops inside it; those that reuse an input at the array count for 0."""
        inside = [int(prod(s for level in self.levels[: m + 1] for _, s in level)) for m in range(self.n_levels)]
        irrelevant = self.problem.layer.relevancy.irrelevant[self.operand]
        is_skipping = self.problem.skip_repeated_reads and not self.is_output
        return [leading_run(self.levels[0], irrelevant) if is_skipping else 1, *inside]

    @cached_property
    def reuse_runs(self) -> list[int]:
        """Per boundary, iterations of the unbroken run of irrelevant loops right inside it."""
        irrelevant = self.problem.layer.relevancy.irrelevant[self.operand]
        return [1, *(leading_run(reversed(level), irrelevant) for level in self.levels)]

    @cached_property
    def relevant_runs(self) -> list[int]:
        """Per boundary, iterations of the unbroken run of relevant loops right inside it."""
        relevant = self.problem.layer.relevancy.relevant[self.operand]
        return [1, *(leading_run(reversed(level), relevant) for level in self.levels)]

    @cached_property
    def _joint_below(self) -> list[SplitLevel]:
        """Per memory: its temporal loops with the spatial loops that it feeds."""
        joint = [(*level, *self.unrolled.levels[m]) for m, level in enumerate(self.levels)]
        return split_levels(self.problem.layer, self.operand, joint)

    @cached_property
    def _joint_above(self) -> list[SplitLevel]:
        """Per boundary: the temporal loops right inside it with the spatial loops right outside it."""
        joint = [self.unrolled.levels[0]]
        joint += [(*level, *self.unrolled.levels[m + 1]) for m, level in enumerate(self.levels)]
        return split_levels(self.problem.layer, self.operand, joint)

    @cached_property
    def tile_elems(self) -> list[int]:
        """Per boundary, elements that one instance of the memory inside it holds; one operation's at the array."""
        relevant = [level.n_relevant for level in self._joint_below]
        return [1, *(round(prod(relevant[: m + 1])) for m in range(self.n_levels))]

    @cached_property
    def is_partial(self) -> list[bool]:
        """Per boundary, whether outputs crossing it are partial sums that come back."""
        if not self.is_output:
            return [False] * (self.n_levels + 1)
        accumulates = [any(factor > 1 for factor in level.reuse) for level in self._joint_above]
        return [any(accumulates[a + 1 :]) for a in range(self.n_levels + 1)]

    def returns(self, boundary: int) -> bool:
        """Whether partial sums that cross a boundary come back as at least one element."""
        reuse = [level.n_reuse for level in self._joint_above]
        n_elems = self.problem.layer.tensor_elems(self.operand)
        return int(n_elems * (prod(prod_of for prod_of in reuse[boundary + 1 :]) - 1)) != 0

    def tile_bits_each(self, boundary: int) -> int:
        """Bits an element of the tile inside a boundary."""
        if self.is_output and not self.is_partial[boundary]:
            return self.problem.final_precision
        return self.problem.precision(self.operand)

    def tile_bits(self, boundary: int) -> int:
        """Bits of the tile inside a boundary."""
        return self.tile_elems[boundary] * self.tile_bits_each(boundary)

    def _moved_bits_each(self, boundary: int, direction: Direction) -> int:
        if not self.is_output:
            return 0 if direction in UPWARD else self.problem.precision(self.operand)
        if self.returns(boundary):
            return self.problem.precision(self.operand)
        return self.problem.final_precision if direction in UPWARD else 0

    @cached_property
    def movements(self) -> dict[tuple[int, Direction], Movement]:
        """(memory, direction) -> the data that moves there."""
        return {(memory, d): self._movement(memory, d) for memory in range(self.n_levels) for d in Direction}

    def _movement(self, memory: int, direction: Direction) -> Movement:
        is_low = direction in LOW
        boundary = memory if is_low else memory + 1
        beyond_top = memory == self.n_levels - 1 and not is_low
        no_partial_sums = self.is_output and direction not in UPWARD and not self.is_partial[boundary]
        if beyond_top or no_partial_sums or (direction in UPWARD and not self.is_output):
            return NOTHING
        boost = self.unrolled.boost[boundary] if is_low else 1
        period = self.periods[boundary]
        rate = self.tile_elems[boundary] * self.tile_bits_each(boundary) / period
        return Movement(
            n_elems=int(self.tile_elems[boundary] * boost),
            bits_each=self._moved_bits_each(boundary, direction),
            period_cycles=period,
            n_periods=self.total_cycles // period,
            window_cycles=int(period / self.reuse_runs[boundary]),
            average_bits_per_cycle=int(rate * boost if is_low else rate),
        )
