"""Orders of loops that LOMA allocates to equal chains of tiles, taken together.

Orders grow from the innermost loop. Where every memory either holds all that its operands need, or serves one operand
whose tiles only grow, LOMA allocates as many loops to it as fit: accesses to the level above never grow with another
loop, and of equals it takes the last. So the allocation of an operand is known before the order is complete. Two
beginnings with the same loops inside and the same allocation states have equal prices under every completion: they are
one class. This is equality of everything that the cost model reads, not a bound, so the best class holds the best
order. Axes: ``N`` point (:mod:`zigzag_lab.mapping.lattice`), ``k`` kind of loop, ``c`` class of beginnings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zigzag_lab.mapping.classes import classes_of, packed
from zigzag_lab.mapping.footprint import all_fit_together, footprint_of
from zigzag_lab.mapping.lattice import Factor, Lattice
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.shapes import TileShapes
from zigzag_lab.search.orderings import first_visited

LEVEL, N_OPEN, IS_FINISHED, REUSE_RUN, RELEVANT_RUN, LEAD, CUTS = range(7)
"""Rows of an operand's state: the memory being filled; full ones below it whose border may still move up, over
irrelevant loops; whether its sums were finished when it was opened; iterations of the runs that end here; cycles inside
the first loop that is not irrelevant (0 before it); from CUTS on, for each border that stands: the kind of the tile
inside, and the runs right inside."""


class AllocationStates:
    """LOMA's allocation of the loops of one operand, for many beginnings of orders at once.

    Args:
        fits: [level, 2, N] whether the memory holds the tile of unfinished and of finished outputs.
        elems: per level, [N] each, elements of the tile in the forms of the spatial mapping.
        in_doubt: whether LOMA may cut elsewhere than is expected; then what has no price here makes a difference, too.
    """

    def __init__(
        self,
        problem: Problem,
        lattice: Lattice,
        operand: str,
        fits: np.ndarray,
        elems: Sequence[Sequence[np.ndarray]],
        *,
        in_doubt: bool = False,
    ) -> None:
        relevancy = problem.layer.relevancy
        self.lattice, self.fits, self.n_levels = lattice, fits, len(fits)
        self.last_priced = self.n_levels - 1 if in_doubt else _last_priced(problem, operand)
        self.is_input = operand != problem.layer.output_operand
        self.is_irrelevant = [dim in relevancy.irrelevant[operand] for dim, _ in lattice.kinds]
        self.is_relevant = [dim in relevancy.relevant[operand] for dim, _ in lattice.kinds]
        unfinished = lattice.leaves(relevancy.irrelevant[operand])
        self.finished = (~unfinished).astype(np.int64)
        self.counts_finished = (in_doubt | (fits[:, 0] != fits[:, 1]).any(axis=1)).astype(np.int64)
        self.cycles = lattice.cycles.astype(np.int64)
        read = [lattice.cycles] if self.is_input else [lattice.cycles, unfinished]
        self.tile = np.array([classes_of([*read, *of_level])[1] for of_level in elems])
        """[level, N] a number that is equal where all that the cost model reads of a tile is."""

    def start(self) -> np.ndarray:
        """[row, 1] the state before any loop."""
        state = np.zeros((CUTS + 3 * (self.n_levels - 1), 1), dtype=np.int64)
        state[IS_FINISHED] = self.finished[0] * self.counts_finished[0]
        state[REUSE_RUN : RELEVANT_RUN + 1] = 1
        return state

    @property
    def can_start(self) -> bool:
        """Whether the innermost memory holds a tile without loops."""
        return bool(self.fits[0, self.finished[0], 0])

    def grown(self, states: np.ndarray, points: np.ndarray, kind: int) -> tuple[np.ndarray, np.ndarray]:
        """The states after one more loop of a kind, and which of them LOMA rejects.

        Args:
            states: [row, c].
            points: [c] the loops inside.
            kind: of the loop.
        """
        states, after = states.copy(), points + self.lattice.strides[kind]
        rejected = np.zeros(len(points), dtype=bool)
        full = np.flatnonzero(~self.fits[states[LEVEL], states[IS_FINISHED], after])
        while len(full):
            goes_on = states[LEVEL, full] < self.n_levels - 1
            goes_on[goes_on] = self._next_opened(states, points, full[goes_on])
            rejected[full[~goes_on]] = True
            full = full[goes_on]
            full = full[~self.fits[states[LEVEL, full], states[IS_FINISHED, full], after[full]]]
        if not self.is_irrelevant[kind]:
            self._cut(states, points)
            if self.is_input:
                states[LEAD] = np.where(states[LEAD] == 0, self.cycles[points], states[LEAD])
        is_priced = states[LEVEL] - states[N_OPEN] <= self.last_priced
        size = self.lattice.kinds[kind][1]
        for run, lengthens in ((REUSE_RUN, self.is_irrelevant), (RELEVANT_RUN, self.is_relevant)):
            states[run] = np.where(is_priced, states[run] * size, 1) if lengthens[kind] else 1
        return states, rejected

    def _next_opened(self, states: np.ndarray, points: np.ndarray, full: np.ndarray) -> np.ndarray:
        """Go on to the next memory where one is full; whether that holds what is there already."""
        level, point = states[LEVEL, full] + 1, points[full]
        states[LEVEL, full] = level
        states[N_OPEN, full] += 1
        states[IS_FINISHED, full] = self.finished[point] * self.counts_finished[level]
        return self.fits[level, self.finished[point], point]

    def _cut(self, states: np.ndarray, points: np.ndarray) -> None:
        """Fix the open borders right here, in place: no irrelevant loop moves them further up."""
        while len(rows := np.flatnonzero(states[N_OPEN])):
            level = states[LEVEL, rows] - states[N_OPEN, rows]
            cut = CUTS + 3 * level
            states[cut, rows] = self.tile[level, points[rows]]
            states[cut + 1, rows], states[cut + 2, rows] = states[REUSE_RUN, rows], states[RELEVANT_RUN, rows]
            states[REUSE_RUN : RELEVANT_RUN + 1, rows] = 1
            states[N_OPEN, rows] -= 1


@dataclass(frozen=True)
class _Step:
    """The loop at one position.

    Attributes:
        children: [c, k] the class of each class with one more loop of each kind, -1 where there is none; only where
            classes are complete.
        parent, kind: of each class after the loop, the first beginning in it and its loop.
    """

    children: np.ndarray | None
    parent: np.ndarray
    kind: np.ndarray


class OrderClasses:
    """All orders of some loops by class.

    Args:
        allowed: per position, the kinds of loop that may stand there.
        most: maximum of classes of beginnings of one length.
        thinned: whether, of more, as many go on, evenly spread; else the search stops. Classes then stand in the order
            in which the first of each comes, by its outermost loop, then the next one inwards.

    Attributes:
        is_complete: whether there were no more classes than that.
        fits_any: whether any order fits the memories; else classes are of the longest beginnings that do.
        n_orders: [c] how many orders each class of whole orders has.
        points: [c] the loops inside each class.
    """

    def __init__(
        self,
        lattice: Lattice,
        allocations: Sequence[AllocationStates],
        allowed: Sequence[Sequence[int]],
        most: int,
        *,
        thinned: bool = False,
    ) -> None:
        self.lattice, self.allocations, self.most, self.thinned = lattice, allocations, most, thinned
        self.steps: list[_Step] = []
        self._states = [allocation.start() for allocation in allocations]
        self.points = np.zeros(1, dtype=np.int64)
        self._numbers = [self.points for _ in allocations]
        self.n_orders: np.ndarray = np.ones(1)
        self.is_complete, self.fits_any = True, all(allocation.can_start for allocation in allocations)
        for kinds in allowed:
            if self.fits_any and (self.is_complete or thinned):
                self._grow(kinds)

    @classmethod
    def of(
        cls, problem: Problem, loops: Sequence[Factor], allowed: Sequence[Sequence[int]], most: int
    ) -> OrderClasses | None:
        """The classes of all orders.

        None where LOMA's choices depend on more than tiles, where there are too many, and where no order fits.
        """
        shapes = TileShapes.of(problem, loops)
        if shapes is None or not isinstance(shapes.points, Lattice):
            return None
        if not all(unrolled.is_whole for unrolled in problem.fractional.operands.values()):
            return None
        fits = _fits(shapes)
        if fits is None:
            return None
        allocations = [
            AllocationStates(problem, shapes.points, op, fits[op], _elems(shapes, op)) for op in problem.operands
        ]
        found = cls(shapes.points, allocations, allowed, most)
        return found if found.is_complete and found.fits_any else None

    def _grow(self, kinds: Sequence[int]) -> None:
        """Add a loop to every beginning."""
        lattice, n = self.lattice, len(self.points)
        possible = lattice.inside[:, self.points] < np.array(lattice.counts)[:, None]
        possible[[k for k in range(len(lattice.kinds)) if k not in kinds]] = False
        reached = [self._operand_grown(o, possible) for o in range(len(self.allocations))]
        for number in reached:
            possible &= number >= 0
        kind, parent = np.nonzero(possible)
        if not len(kind):
            self.fits_any = False
            return
        points = self.points[parent] + np.array(lattice.strides, dtype=np.int64)[kind]
        numbers = [number[kind, parent] for number in reached]
        sizes = [lattice.n_points, *(int(number.max(initial=0)) + 1 for number in numbers)]
        first, classes = classes_of(packed([points, *numbers], sizes))
        if self.thinned:  # else left as they were sorted: beginnings in that order are sorted faster
            by_first = np.argsort(first)
            first, classes = first[by_first], np.argsort(by_first)[classes]
        n_orders: np.ndarray = np.bincount(classes, weights=self.n_orders[parent], minlength=len(first))
        children = None
        if not self.thinned:
            children = np.full((n, len(lattice.kinds)), -1)
            children[parent, kind] = classes
        if len(first) > self.most:
            self.is_complete = False
            spread = np.linspace(0, len(first) - 1, self.most).astype(np.int64)
            first, n_orders = first[spread], n_orders[spread]
        self.steps.append(_Step(children, parent[first].astype(np.int32), kind[first].astype(np.int8)))
        self.points, self.n_orders = points[first], n_orders
        self._numbers = [number[first] for number in numbers]

    def _operand_grown(self, o: int, possible: np.ndarray) -> np.ndarray:
        """[k, c] the number of an operand's state after each kind of loop; -1 where it is rejected."""
        allocation, lattice = self.allocations[o], self.lattice
        first, classes = classes_of([self._numbers[o] * lattice.n_points + self.points])
        states, points = self._states[o][:, self._numbers[o][first]], self.points[first]
        reached = np.full((len(lattice.kinds), len(first)), -1)
        grown: list[np.ndarray] = [states[:, :0]]
        n = 0
        for kind in range(len(lattice.kinds)):
            rows = np.flatnonzero(lattice.inside[kind, points] < lattice.counts[kind])
            if not possible[kind].any():
                continue
            after, rejected = allocation.grown(states[:, rows], points[rows], kind)
            kept = ~rejected
            reached[kind, rows[kept]] = np.arange(n, n + kept.sum())
            grown.append(after[:, kept])
            n += int(kept.sum())
        together = np.concatenate(grown, axis=1)
        varying = [row for row in together if (row != row[:1]).any()]
        distinct, number = classes_of(varying or [together[0]])
        self._states[o] = together[:, distinct]
        return np.where(reached >= 0, number[reached] if n else -1, -1)[:, classes]

    def orders(self) -> np.ndarray:
        """[n, c] one order of each class: indices into the loops, innermost first."""
        classes = np.arange(len(self.points))
        kinds = np.empty((len(self.steps), len(classes)), dtype=np.int8)
        for position in range(len(self.steps) - 1, -1, -1):
            step = self.steps[position]
            kinds[position] = step.kind[classes]
            classes = step.parent[classes]
        return self.loops_of(kinds)

    def loops_of(self, kinds: np.ndarray) -> np.ndarray:
        """Kinds as indices into the loops."""
        return np.array([self.lattice.loops.index(kind) for kind in self.lattice.kinds], dtype=np.int8)[kinds]

    def first_of(self, chosen: np.ndarray) -> np.ndarray:
        """[n, 1] the order of some classes that :func:`zigzag_lab.search.orderings.orderings` visits first."""
        kinds = self.lattice.kinds
        ranked = sorted(range(len(kinds)), key=kinds.__getitem__)
        counts = [self.lattice.counts[k] for k in ranked]
        children = [step.children[:, ranked] for step in self.steps if step.children is not None]
        ranks = first_visited(counts, children, chosen)
        return self.loops_of(np.array(ranked, dtype=np.int64)[np.array(ranks, dtype=np.int64)][:, None])


def _last_priced(problem: Problem, operand: str) -> int:
    """The last level of an operand whose border has a price: that of a memory which some operand passes through."""
    inner = {index for memories in problem.memories.values() for index in memories[:-1]}
    return max(level for level, index in enumerate(problem.memories[operand]) if index in inner or level == 0)


def _elems(shapes: TileShapes, operand: str) -> list[list[np.ndarray]]:
    """Per level, [N] each, elements of an operand's tile in both forms of the spatial mapping."""
    forms = [form.operands[operand] for form in shapes.problem.forms]
    tables = [[shapes.elems(form, operand, level) for form in forms] for level in range(len(forms[0].levels) - 1)]
    return [[elems for elems in of_level if elems is not None] for of_level in tables]


def _fits(shapes: TileShapes) -> dict[str, np.ndarray] | None:
    """Operand -> [level, 2, N] whether memories hold tiles; None where operands contend or tiles may shrink."""
    problem = shapes.problem
    fits = {op: np.ones((len(of_op), 2, shapes.points.n_points), dtype=bool) for op, of_op in problem.memories.items()}
    for index, sharers in enumerate(problem.sharers):
        tiles = [footprint_of(shapes, op, level) for op, level in sharers]
        if not tiles or all_fit_together(tiles, problem.accelerator.memories[index].size_bits):
            continue
        tile = tiles[0]
        if len(tiles) > 1 or tile is None or not tile.more_is_better:
            return None
        ((op, level),) = sharers
        fits[op][level] = tile.fits
    return fits
