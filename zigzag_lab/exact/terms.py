"""Cost of each boundary of an operand, as a table over the lattice of tile shapes.

A boundary's energy, and what crosses the ports on its two sides, depend on the loops inside it and on nothing else,
so a table [N] holds them all. Formulas are those of the kernel (:mod:`zigzag_lab.cost.kernel`). Where an unrolling is
not exact in binary, the kernel's last digit depends on the order of the loops and may decide a rounding; tables then
hold the lower outcome and say so (``is_ambiguous``), so that they bound the kernel from below. Where the order of loops
is followed (:mod:`zigzag_lab.exact.traces`), a point has as many entries as its tile has sizes: axis ``N`` then repeats
all points, once for each number of a size. Such an entry is a *row*.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from zigzag_lab.cost.array import precharge_pj, precharges, weight_operand
from zigzag_lab.cost.boundaries import partial_sums_above
from zigzag_lab.exact.traces import TileSizes, Traces
from zigzag_lab.mapping.footprint import precisions_bits, reserved_bits
from zigzag_lab.mapping.lattice import Lattice
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.unrolling import SpatialForm
from zigzag_lab.vocab import Direction
from zigzag_lab.vocab.names import UPWARD


@dataclass(frozen=True)
class Crossing:
    """Data that crosses one boundary of an operand through one port.

    Attributes:
        port: (memory index, port index).
        boundary: the boundary.
        direction: seen from the memory that owns the port.
        bits: [N] bits a crossing, on the integer form of the spatial mapping.
        count: [N] crossings; 0 where it does not happen.
    """

    port: tuple[int, int]
    boundary: int
    direction: Direction
    bits: np.ndarray
    count: np.ndarray


class OperandTerms(TileSizes):
    """The tables of one operand.

    Args:
        traces: what orders of loops make of its tiles, where that is followed.
    """

    def __init__(self, problem: Problem, lattice: Lattice, operand: str, traces: Traces | None = None) -> None:
        super().__init__(problem, lattice, operand)
        self.traces, self.n_sizes = traces, traces.n_sizes if traces else 1
        self.n_rows = lattice.n_points * self.n_sizes

    @cached_property
    def is_ambiguous(self) -> bool:
        """Whether the size of some tile is not known for sure."""
        if self.traces or all(form.operands[self.operand].is_whole for form in self.problem.forms):
            return False
        return any(self.differs(form).any() for form in self.problem.forms)

    @cached_property
    def reuse_left(self) -> np.ndarray:
        """[N] whether an irrelevant loop is outside."""
        return np.tile(self.lattice.leaves(self.irrelevant), self.n_sizes)

    @cached_property
    def cycles(self) -> np.ndarray:
        """[N] iterations of all loops inside."""
        return np.tile(self.lattice.cycles, self.n_sizes)

    # -- tiles -----------------------------------------------------------------------------------------------------

    def elems(self, form: SpatialForm, boundary: int, *, upper: bool = False) -> np.ndarray:
        """[N] elements that one instance of the memory inside a boundary holds; the higher ones on demand."""
        if self.traces is None:
            return super().elems(form, boundary, upper=upper)
        if boundary == 0:
            return np.ones(self.n_rows)
        return self.traces.elems[form is not self.problem.fractional][boundary - 1]

    def tile_bits_each(self, form: SpatialForm, boundary: int) -> np.ndarray | int:
        """[N] bits an element of the tile inside a boundary."""
        precision = self.problem.precision(self.operand)
        if not self.is_output:
            return precision
        return np.where(self._flags(form, boundary)[0], precision, self.problem.final_precision)

    def _flags(self, form: SpatialForm, boundary: int) -> tuple[np.ndarray, np.ndarray]:
        """[N] whether outputs that cross a boundary are partial sums, and whether those come back."""
        partial, returning = partial_sums_above(self.problem, form.operands[self.operand])[boundary]
        return self.reuse_left | partial, self.reuse_left | returning

    # -- timing ----------------------------------------------------------------------------------------------------

    def period(self, boundary: int) -> np.ndarray:
        """[N] iterations between crossings of a boundary that has these loops inside."""
        if boundary == 0 and (self.is_output or not self.problem.skip_repeated_reads):
            return np.ones(self.n_rows)
        return self.cycles

    def count(self, boundary: int) -> np.ndarray:
        """[N] crossings of a boundary over the whole layer."""
        return np.floor_divide(self.lattice.cycles[-1], self.period(boundary))

    # -- crossings -------------------------------------------------------------------------------------------------

    def sides(self, boundary: int) -> list[tuple[int, Direction]]:
        """(level, direction) of everything that moves across a boundary."""
        found = []
        if boundary < self.n_levels:
            found += [(boundary, d) for d in (Direction.TO_LOW, Direction.FROM_LOW)]
        if 1 <= boundary < self.n_levels:
            found += [(boundary - 1, d) for d in (Direction.FROM_HIGH, Direction.TO_HIGH)]
        return [(level, d) for level, d in found if self.is_output or d not in UPWARD]

    def moved(
        self, form: SpatialForm, boundary: int, level: int, direction: Direction
    ) -> tuple[np.ndarray, np.ndarray]:
        """[N] bits a crossing, and crossings, of one direction at a memory level."""
        elems, count = self.elems(form, boundary), self.count(boundary)
        if level == boundary:
            elems = elems * form.operands[self.operand].boost[boundary]
        if not self.is_output:
            return elems * self.problem.precision(self.operand), count
        full, final = self.problem.precision(self.operand), self.problem.final_precision
        partial, returning = self._flags(form, boundary)
        if direction in UPWARD:
            return elems * np.where(returning, full, final), count
        return elems * np.where(returning, full, 0), np.where(partial, count, 0)

    def energy_pj(self, boundary: int) -> np.ndarray:
        """[N] energy of everything that crosses a boundary, on both its sides."""
        problem = self.problem
        total = np.zeros(self.n_rows)
        for level, direction in self.sides(boundary):
            memory = problem.accelerator.memories[self.memories[level]]
            port = memory.port_of(problem.memory_operand(self.operand), direction)
            if port is None:
                continue
            bits, count = self.moved(problem.fractional, boundary, level, direction)
            narrow, wide = port.bandwidth_min_bits, port.bandwidth_max_bits
            n_instances = problem.fractional.operands[self.operand].n_instances[level + 1]
            words = np.trunc(np.ceil(bits / narrow) * (narrow / wide) * count * n_instances)
            total = total + words * (memory.read_cost_pj if direction.is_read else memory.write_cost_pj)
        if boundary == 0 and precharges(problem) and self.operand == weight_operand(problem.layer):
            total = total + precharge_pj(problem, self.cycles)
        return total

    def crossings(self, boundary: int) -> list[Crossing]:
        """Everything that crosses a boundary, once for each port that it passes."""
        problem, found = self.problem, []
        memory_operand = problem.memory_operand(self.operand)
        for level, direction in self.sides(boundary):
            index = self.memories[level]
            bits, count = self.moved(problem.integer, boundary, level, direction)
            for p, port in enumerate(problem.accelerator.memories[index].ports):
                if (memory_operand, direction) in port.serves:
                    found.append(Crossing((index, p), boundary, direction, bits, count))
        return found

    # -- capacity --------------------------------------------------------------------------------------------------

    def needed_bits(self, level: int) -> tuple[np.ndarray, np.ndarray]:
        """[N] bits that a memory reserves for a tile, with reuse outside the level below it and without.

        The two differ for outputs only: sums that go on outside the level below are kept unfinished.
        """
        bits = [self._reserved(level, each) for each in precisions_bits(self.problem, self.operand, level)]
        return bits[0], bits[-1]

    def _reserved(self, level: int, bits_each: int) -> np.ndarray:
        """[N] bits of a tile, twice where the next one must have room and this is surely not the whole."""
        memory = self.problem.accelerator.memories[self.memories[level]]
        bits = self.allocated(level) * bits_each
        if not memory.force_double_buffering:
            return bits
        whole = bits.reshape(self.n_sizes, -1)[:, -1].min()
        is_inner = np.tile(np.arange(self.lattice.n_points) < self.lattice.full, self.n_sizes)
        return reserved_bits(memory, bits, whole, is_inner, self.allocated(level, upper=True) * bits_each)

    def allocated(self, level: int, *, upper: bool = False) -> np.ndarray:
        """[N] elements inside a level as the allocator counts them, not rounded; the higher ones on demand."""
        if self.traces:
            return self.traces.allocated[level]
        return self.raw_elems(self.problem.fractional, level, upper=upper)
