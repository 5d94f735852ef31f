"""A mapping problem: one layer on one accelerator under one spatial mapping, made ready for arrays.

Everything that does not depend on the order of the temporal loops is computed here once; the allocator and the cost
kernel only look it up.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

import numpy as np

from zigzag_lab.hardware import Accelerator, Port
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.lattice import Lattice, OwnPoints
from zigzag_lab.mapping.shapes import TileShapes
from zigzag_lab.mapping.sliding import SplitLevel, split_levels
from zigzag_lab.mapping.spatial import LoopLevels, SpatialMapping, UnrolledLoops, temporal_loop_sizes, unroll
from zigzag_lab.vocab import FINAL_OUTPUT
from zigzag_lab.workload import Layer


def is_dyadic(value: float) -> bool:
    """Whether a number is a multiple of 2^-20, so that its products with loop sizes are exact in float64."""
    return float(value * 1048576).is_integer()


@dataclass(frozen=True)
class OperandUnrolling:
    """The spatial loops of one operand, per level (0 is the array, m + 1 is memory m).

    Attributes:
        levels: the unrolled loops per level.
        split: the same, split into new data and reuse.
    """

    levels: LoopLevels
    split: tuple[SplitLevel, ...]

    @cached_property
    def n_instances(self) -> tuple[int, ...]:
        """Per level: how many units at it are in use."""
        totals = [prod(_interleaved(s)) for s in self.split]
        return tuple(round(round(prod(totals[a:]), 3)) for a in range(len(totals)))

    @cached_property
    def boost(self) -> tuple[int, ...]:
        """Per level: how many distinct tiles of it the memory above feeds at once; 1 for the outermost."""
        unique = [prod(s.n_relevant for s in self.split[a:]) for a in range(len(self.split))]
        ratios = [round(low / high) for low, high in itertools.pairwise(unique)]
        return (*ratios, 1)

    @cached_property
    def dims(self) -> tuple[str, ...]:
        """Loop dimensions unrolled for this operand at any level."""
        return tuple(dict.fromkeys(d for level in self.levels for d, _ in level))

    @cached_property
    def _factors(self) -> dict[str, tuple[float, ...]]:
        return {dim: tuple(dict(level).get(dim, 1) for level in self.levels) for dim in self.dims}

    def factors(self, dim: str) -> tuple[float, ...]:
        """Per level: the unrolling of a loop dimension there, 1 where it is not unrolled."""
        return self._factors.get(dim, (1,) * len(self.levels))

    @cached_property
    def is_whole(self) -> bool:
        """Whether every unrolling is a whole number."""
        return all(float(factor).is_integer() for loops in self.levels for _, factor in loops)

    def inside(self, level: int) -> tuple[tuple[str, float], ...]:
        """(loop dimension, its unrolling over all levels up to one), for the dimensions that are unrolled there."""
        return self._inside[level]

    @cached_property
    def _inside(self) -> tuple[tuple[tuple[str, float], ...], ...]:
        inside: list[tuple[tuple[str, float], ...]] = []
        totals: dict[str, float] = {}
        for loops in self.levels:
            for dim, factor in loops:
                totals[dim] = totals.get(dim, 1) * factor
            inside.append(tuple(totals.items()))
        return tuple(inside)

    @cached_property
    def _rounding(self) -> frozenset[str]:
        return frozenset(dim for dim, factors in self._factors.items() if not all(map(is_dyadic, factors)))

    def rounding_dims(self, dims: Sequence[str]) -> tuple[str, ...]:
        """Those of some loop dimensions whose unrolling is not exact in binary: there, the order of products shows."""
        return tuple(d for d in dims if d in self._rounding)


def _interleaved(split: SplitLevel) -> tuple[float, ...]:
    return (*split.relevant, *split.reuse, *split.neither)


@dataclass(frozen=True)
class Variant:
    """One form of a spatial mapping, fractional or integer, per operand."""

    loops: UnrolledLoops
    operands: dict[str, OperandUnrolling]

    @classmethod
    def of(cls, layer: Layer, loops: UnrolledLoops) -> Variant:
        """Analyse unrolled loops for each operand of a layer."""
        operands = {
            op: OperandUnrolling(loops.levels[op], tuple(split_levels(layer, op, loops.levels[op])))
            for op in layer.operands
        }
        return cls(loops, operands)


@dataclass(frozen=True)
class Problem:
    """One layer, one accelerator, one spatial mapping.

    Attributes:
        layer, accelerator, constraints, spatial_mapping: what was given.
        fractional, integer: the unrolled loops in both forms, the same object where they agree.
        temporal_sizes: loop dimension -> iterations left in time.
        skip_repeated_reads: whether an input that the array uses in consecutive cycles is read from the innermost
            memory once, and held at its output pins (ZigZag's ``access_same_data_considered_as_no_access``).
    """

    layer: Layer
    accelerator: Accelerator
    constraints: MappingConstraints
    spatial_mapping: SpatialMapping
    fractional: Variant
    integer: Variant
    temporal_sizes: dict[str, int]
    skip_repeated_reads: bool = True

    @classmethod
    def of(
        cls,
        layer: Layer,
        accelerator: Accelerator,
        constraints: MappingConstraints,
        spatial: SpatialMapping,
        *,
        skip_repeated_reads: bool = True,
    ) -> Problem:
        """Prepare a problem from a spatial mapping in the form of the generator."""
        fractional, integer = unroll(layer, accelerator, constraints.operand_links, spatial)
        return cls.of_unrolled(
            layer, accelerator, constraints, fractional, integer, skip_repeated_reads=skip_repeated_reads
        )

    @classmethod
    def of_unrolled(
        cls,
        layer: Layer,
        accelerator: Accelerator,
        constraints: MappingConstraints,
        fractional: UnrolledLoops,
        integer: UnrolledLoops,
        *,
        skip_repeated_reads: bool = True,
    ) -> Problem:
        """Prepare a problem from unrolled loops."""
        first = Variant.of(layer, fractional)
        second = first if integer is fractional else Variant.of(layer, integer)
        sizes = temporal_loop_sizes(layer, fractional)
        return cls(layer, accelerator, constraints, fractional.mapping, first, second, sizes, skip_repeated_reads)

    def with_repeated_reads(self, *, skipped: bool) -> Problem:
        """Return the problem with repeated reads skipped or not; itself where that is so already."""
        return self if self.skip_repeated_reads == bool(skipped) else self._counterpart

    @cached_property
    def _counterpart(self) -> Problem:
        return replace(self, skip_repeated_reads=not self.skip_repeated_reads)

    @property
    def operands(self) -> tuple[str, ...]:
        """Operands in the order of the equation, output first."""
        return self.layer.operands

    def inputs_share(self, port: Port) -> bool:
        """Whether both inputs of the layer pass through a port and take turns there when they are first loaded.

        A layer of one input shares with nobody. ZigZag 3.9.1 would leave what it loads through such a port out, but
        reads no layer of one input.
        """
        return port.is_shared_by_inputs and len(self.layer.input_operands) > 1

    def memory_operand(self, operand: str) -> str:
        """The memory operand that holds a layer operand."""
        return self.constraints.operand_links[operand]

    @cached_property
    def layer_operand(self) -> dict[str, str]:
        """Memory operand -> layer operand."""
        return {m: op for op, m in self.constraints.operand_links.items() if op in self.layer.operand_dims}

    @cached_property
    def memories(self) -> dict[str, tuple[int, ...]]:
        """Layer operand -> indices of the memories that hold it, innermost first."""
        return {op: self.accelerator.levels[self.memory_operand(op)] for op in self.operands}

    @cached_property
    def sharers(self) -> tuple[tuple[tuple[str, int], ...], ...]:
        """Per memory: (layer operand, its level there), in the order of the accelerator's file."""
        return tuple(
            tuple(
                (self.layer_operand[m], self.accelerator.level_of(m, index))
                for m in memory.operands
                if m in self.layer_operand
            )
            for index, memory in enumerate(self.accelerator.memories)
        )

    def precision(self, operand: str) -> int:
        """Bits an element; of partial sums for the output."""
        return self.layer.precision_bits[operand]

    @property
    def final_precision(self) -> int:
        """Bits of a finished output element."""
        return self.layer.precision_bits[FINAL_OUTPUT]

    def __hash__(self) -> int:
        return id(self)


class LoopTables:
    """Temporal loops in many orders, as prefix tables.

    Axes: ``t`` is a position between loops, 0 (nothing inside) to n (everything inside); ``m`` is a mapping. A table at
    [t, m] speaks of the t innermost loops of mapping m; most are looked up by the *point* there, the multiset of loops
    inside (:mod:`zigzag_lab.mapping.lattice`).

    Args:
        problem: what is mapped.
        loops: the temporal loops (dimension, size), in any order.
        order: [n, m] index into ``loops`` of the loop at each slot, innermost first.
        shapes: the tiles of these loops, where other tables of the problem have them already.
    """

    def __init__(
        self, problem: Problem, loops: Sequence[tuple[str, int]], order: np.ndarray, shapes: TileShapes | None = None
    ) -> None:
        self.problem, self.loops, self.order = problem, tuple(loops), order
        self.n_slots, self.n_mappings = order.shape
        self._columns = np.arange(self.n_mappings)
        shapes = shapes or TileShapes.of(problem, self.loops)
        self.shapes = shapes or TileShapes(problem, OwnPoints(self.loops, order))

    @cached_property
    def points(self) -> np.ndarray:
        """[t, m] the point inside each position."""
        return self.shapes.points.numbers(self.order)

    @cached_property
    def cycles(self) -> np.ndarray:
        """[t, m] iterations of all loops inside position t."""
        return self.shapes.points.cycles.take(self.points)

    def iterations(self, dim: str) -> np.ndarray | None:
        """[t, m] iterations of one loop dimension inside position t; None where it has no temporal loop."""
        table = self.shapes.iterations(dim)
        return None if table is None else table.take(self.points)

    @cached_property
    def runs(self) -> Runs:
        """Where unbroken runs of loops that are (ir)relevant to an operand start and end."""
        return Runs.of(self)

    def next_useful(self, operand: str) -> np.ndarray:
        """[t, m] the first position at or above t whose next loop is not irrelevant to an operand (n if none is)."""
        return self.runs.next_useful[self.problem.operands.index(operand)]

    def last_reuse(self, operand: str) -> np.ndarray:
        """[m] one past the outermost slot whose loop is irrelevant to an operand, 0 if none is."""
        dims = self.problem.layer.relevancy.irrelevant[operand]
        irrelevant = np.array([d in dims for d, _ in self.loops], dtype=bool)[self.order]
        slots = np.arange(1, self.n_slots + 1)[:, None]
        return (irrelevant * slots).max(axis=0, initial=0)

    def at(self, table: np.ndarray, position: np.ndarray) -> np.ndarray:
        """A table's value at positions, one for each mapping ([m]) or several ([..., m])."""
        return table.ravel().take(position * self.n_mappings + self._columns)

    def those(self, mappings: np.ndarray) -> LoopTables:
        """The tables of some of the mappings, given by number or by a mask."""
        order = np.ascontiguousarray(self.order[:, mappings])
        shapes = self.shapes if isinstance(self.shapes.points, Lattice) else None
        return LoopTables(self.problem, self.loops, order, shapes)

    def ordered_product(self, dim: str, factors: Sequence[float], positions: Sequence[np.ndarray]) -> np.ndarray:
        """[t, m] iterations of a dimension inside position t, multiplied strictly from inside out.

        Where an unrolling is not exact in binary, the order of multiplication shows in the last digit, and the last
        digit decides allocations and roundings in ZigZag 3.9.1; so its order is kept here.

        Args:
            dim: the loop dimension.
            factors: its unrollings, inner to outer.
            positions: [m] each, the position at which each unrolling stands.
        """
        size = np.array([size if d == dim else 1.0 for d, size in self.loops])[self.order]
        product = np.ones(self.n_mappings)
        table = np.empty((self.n_slots + 1, self.n_mappings))
        for t in range(self.n_slots + 1):
            for factor, position in zip(factors, positions, strict=True):
                product = np.where(position == t, product * factor, product)
            table[t] = product
            if t < self.n_slots:
                product = product * size[t]
        return table


@dataclass(frozen=True)
class Runs:
    """Unbroken runs of loops over dimensions of a kind, per operand: [o, t, m], small integers.

    Attributes:
        next_useful: the first position at or above t whose next loop is not irrelevant (n if none is).
        reuse_start: where the run of irrelevant loops that ends at position t starts.
        relevant_start: where that of fully relevant loops does.
    """

    next_useful: np.ndarray
    reuse_start: np.ndarray
    relevant_start: np.ndarray

    @classmethod
    def of(cls, tables: LoopTables) -> Runs:
        """The runs of all operands of a problem."""
        relevancy, operands = tables.problem.layer.relevancy, tables.problem.operands
        kinds = [*(relevancy.irrelevant[op] for op in operands), *(relevancy.relevant[op] for op in operands)]
        is_in = np.array([[dim in dims for dim, _ in tables.loops] for dims in kinds], dtype=bool)
        inside = is_in.reshape(len(kinds), len(tables.loops)).take(tables.order, axis=1)
        n, shape = len(operands), (tables.n_slots + 1, tables.n_mappings)
        useful = np.empty((n, *shape), dtype=np.int16)
        useful[:, -1] = tables.n_slots
        for t in range(tables.n_slots - 1, -1, -1):
            useful[:, t] = np.where(inside[:n, t], useful[:, t + 1], np.int16(t))
        start = np.zeros((len(kinds), *shape), dtype=np.int16)
        for t in range(tables.n_slots):
            start[:, t + 1] = np.where(inside[:, t], start[:, t], np.int16(t + 1))
        return cls(useful, start[:n], start[n:])


@dataclass(frozen=True)
class MappingBatch:
    """Many temporal mappings of one problem.

    Attributes:
        tables: the orders of the loops.
        cuts: operand -> [level, m] number of loops inside each memory level, as allocated.
    """

    tables: LoopTables
    cuts: dict[str, np.ndarray]

    @property
    def problem(self) -> Problem:
        """What is mapped."""
        return self.tables.problem

    def __len__(self) -> int:
        return self.tables.n_mappings

    def only(self, mapping: int) -> MappingBatch:
        """A batch of one of its mappings."""
        return self.those(np.array([mapping]))

    def those(self, mappings: np.ndarray) -> MappingBatch:
        """A batch of some of its mappings, given by number or by a mask."""
        cuts = {op: np.ascontiguousarray(cut[:, mappings]) for op, cut in self.cuts.items()}
        return MappingBatch(self.tables.those(mappings), cuts)

    def under(self, problem: Problem) -> MappingBatch:
        """Return the same mappings as mappings of another problem with the same loops; itself where it is this one."""
        if problem is self.problem:
            return self
        return MappingBatch(LoopTables(problem, self.tables.loops, self.tables.order), self.cuts)

    def loops(self, mapping: int) -> tuple[tuple[str, int], ...]:
        """The temporal loops of one mapping, innermost first."""
        return tuple(self.tables.loops[i] for i in self.tables.order[:, mapping])

    def allocated(self, mapping: int) -> dict[str, LoopLevels]:
        """The loops of one mapping cut into memory levels, per operand."""
        loops = self.loops(mapping)
        allocated: dict[str, LoopLevels] = {}
        for op, cuts in self.cuts.items():
            bounds = [0, *(int(c) for c in cuts[:, mapping])]
            allocated[op] = tuple(loops[low:high] for low, high in itertools.pairwise(bounds))
        return allocated
