"""Many temporal mappings of one problem as arrays: the orders of their loops, and where levels end."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from zigzag_lab.mapping.lattice import Lattice, OwnPoints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.shapes import TileShapes
from zigzag_lab.mapping.spatial import LoopLevels


class LoopTables:
    """Temporal loops in many orders, as prefix tables.

    Axes: ``t`` is a position between loops, 0 (nothing inside) to n (everything inside); ``m`` is a mapping. A table at
    [t, m] describes the t innermost loops of mapping m; most are looked up by the *point* there, the multiset of loops
    inside (:mod:`zigzag_lab.mapping.lattice`).

    Args:
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

    def next_relevant(self, operand: str) -> np.ndarray:
        """[t, m] the first position at or above t whose next loop is not irrelevant to an operand (n if none is)."""
        return self.runs.next_relevant[self.problem.operands.index(operand)]

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
        digit decides allocations and roundings in ZigZag 3.9.1; so the same order is used here.

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
        next_relevant: the first position at or above t whose next loop is not irrelevant (n if none is).
        reuse_start: where the run of irrelevant loops that ends at position t starts.
        relevant_start: where that of fully relevant loops does.
    """

    next_relevant: np.ndarray
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
        """The problem that the mappings solve."""
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

    def merged_cuts(self, operand: str) -> np.ndarray:
        """[level, m] where each level ends once irrelevant loops at its bottom have moved into the level below."""
        cuts, useful = self.cuts[operand], self.tables.next_relevant(operand)
        return np.array([*(self.tables.at(useful, cut) for cut in cuts[:-1]), cuts[-1]])

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
