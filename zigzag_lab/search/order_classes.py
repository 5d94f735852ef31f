"""Orders of loops that LOMA allocates to equal chains of tiles, taken together.

Orders grow from the innermost loop. Where every memory either holds all that its operands need, or serves one operand
whose tiles only grow, LOMA keeps as many loops as fit; so what a beginning has done to an operand is known before the
order is complete. Two beginnings with the same loops inside, which have cut all operands into tiles that cost the
same, with runs of loops of the same length at their borders, have equal prices under every completion: they are one
class, and so on. This is equality of everything that the cost model reads, not a bound, so the best class holds the
best order. Axes: ``N`` point (:mod:`zigzag_lab.mapping.lattice`), ``k`` kind of loop, ``c`` class of beginnings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zigzag_lab.mapping.classes import classes_of
from zigzag_lab.mapping.footprint import all_fit_together, footprint_of
from zigzag_lab.mapping.lattice import Factor, Lattice
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.shapes import TileShapes
from zigzag_lab.search.orderings import first_visited

_MOST_KEYS = 2**62

LEVEL, IS_FINISHED, REUSE_RUN, RELEVANT_RUN, LEAD, CUTS = range(6)
"""Rows of an operand's state: the memory being filled, whether its sums are finished, iterations of the runs that end
here, cycles inside the first loop that is not irrelevant (0 before it); from CUTS on, for each memory that is full:
the kind of its tile and the runs right inside its border."""


class Filling:
    """How LOMA fills the memories of one operand, for many beginnings at once.

    Args:
        shapes: the tiles.
        lattice: the loops.
        operand: the layer operand.
        fits: per level, [2, N] whether the memory holds the tile of unfinished and of finished outputs.
        last_cut: the last level whose border has a price.
    """

    def __init__(self, shapes: TileShapes, lattice: Lattice, operand: str, fits: np.ndarray, last_cut: int) -> None:
        problem, self.lattice = shapes.problem, lattice
        relevancy = problem.layer.relevancy
        self.is_input = operand != problem.layer.output_operand
        self.fits, self.last_cut, self.n_levels = fits, last_cut, len(fits)
        self.is_irrelevant = [dim in relevancy.irrelevant[operand] for dim, _ in lattice.kinds]
        self.is_relevant = [dim in relevancy.relevant[operand] for dim, _ in lattice.kinds]
        self.finished = (~shapes.leaves_reuse(operand)).astype(np.int64)
        self.tells_finished = (fits[:, 0] != fits[:, 1]).any(axis=1).astype(np.int64)
        self.cycles = lattice.cycles.astype(np.int64)
        self.tile = np.array([_kinds_of_tile(shapes, operand, level) for level in range(self.n_levels)])

    def start(self) -> np.ndarray:
        """[row, 1] the state before any loop; [row, 0] where not even that fits."""
        state = np.zeros((CUTS + 3 * (self.n_levels - 1), 1), dtype=np.int64)
        state[IS_FINISHED] = self.finished[0] * self.tells_finished[0]
        state[REUSE_RUN : RELEVANT_RUN + 1] = 1
        return state[:, : int(self.fits[0, self.finished[0], 0])]

    def grown(self, states: np.ndarray, points: np.ndarray, kind: int) -> tuple[np.ndarray, np.ndarray]:
        """The states after one more loop of a kind, and which of them LOMA rejects.

        Args:
            states: [row, c].
            points: [c] the loops inside.
            kind: of the loop.
        """
        states, after = states.copy(), points + self.lattice.strides[kind]
        rejected = np.zeros(len(points), dtype=bool)
        while True:
            over = ~self.fits[states[LEVEL], states[IS_FINISHED], after] & ~rejected
            rejected |= over & (states[LEVEL] == self.n_levels - 1)
            full = np.flatnonzero(over & ~rejected)
            if not len(full):
                break
            rejected[full] = ~self._closed(states, points, full)
        lasting = states[LEVEL] <= self.last_cut
        size = self.lattice.kinds[kind][1]
        for run, lengthens in ((REUSE_RUN, self.is_irrelevant), (RELEVANT_RUN, self.is_relevant)):
            states[run] = np.where(lasting, states[run] * size, 1) if lengthens[kind] else 1
        if self.is_input and not self.is_irrelevant[kind]:
            states[LEAD] = np.where(states[LEAD] == 0, self.cycles[points], states[LEAD])
        return states, rejected

    def _closed(self, states: np.ndarray, points: np.ndarray, full: np.ndarray) -> np.ndarray:
        """Go on to the next memory where one is full; whether that holds what is there already."""
        level, point = states[LEVEL, full], points[full]
        cut = CUTS + 3 * level
        states[cut, full] = self.tile[level, point]
        states[cut + 1, full], states[cut + 2, full] = states[REUSE_RUN, full], states[RELEVANT_RUN, full]
        states[REUSE_RUN : RELEVANT_RUN + 1, full] = 1
        states[LEVEL, full] = level + 1
        states[IS_FINISHED, full] = self.finished[point] * self.tells_finished[level + 1]
        return self.fits[level + 1, self.finished[point], point]


def _kinds_of_tile(shapes: TileShapes, operand: str, level: int) -> np.ndarray:
    """[N] a number that is equal where all that the cost model reads of a tile is."""
    problem = shapes.problem
    columns = [shapes.points.cycles, shapes.leaves_reuse(operand)]
    for variant in (problem.fractional, problem.integer):
        elems = shapes.elems(variant.operands[operand], operand, level)
        columns += [] if elems is None else [elems]
    return classes_of(columns)[1]


@dataclass(frozen=True)
class _Step:
    """The loop at one position.

    Attributes:
        children: [c, k] the class of each class with one more loop of each kind; -1 where there is none.
        parent, kind: of each class after the loop, the first beginning in it and its loop.
    """

    children: np.ndarray
    parent: np.ndarray
    kind: np.ndarray


class OrderClasses:
    """All orders of some loops by class.

    Args:
        lattice: the loops.
        fillings: how each operand's memories are filled.
        allowed: per position, the kinds of loop that may stand there.
        most: classes of beginnings of one length that are kept.

    Attributes:
        is_complete: whether there were no more classes than that.
        n_orders: [c] how many orders each class of whole orders has.
    """

    def __init__(
        self, lattice: Lattice, fillings: Sequence[Filling], allowed: Sequence[Sequence[int]], most: int
    ) -> None:
        self.lattice, self.fillings, self.most = lattice, fillings, most
        self.steps: list[_Step] = []
        states = [filling.start() for filling in fillings]
        n_starts = min(state.shape[1] for state in states)
        self._points = np.zeros(n_starts, dtype=np.int64)
        self._numbers = [np.zeros(n_starts, dtype=np.int64) for _ in fillings]
        self._states = states
        self.n_orders = np.ones(n_starts)
        self.is_complete = True
        for kinds in allowed:
            self._grow(kinds)
            if len(self._points) > most:
                self.is_complete = False
                break

    @classmethod
    def of(
        cls, problem: Problem, loops: Sequence[Factor], allowed: Sequence[Sequence[int]], most: int
    ) -> OrderClasses | None:
        """The classes of all orders; None where LOMA's choices depend on more than tiles, or are too many."""
        shapes = TileShapes.of(problem, loops)
        if shapes is None or not isinstance(shapes.points, Lattice):
            return None
        if not all(unrolled.is_whole for unrolled in problem.fractional.operands.values()):
            return None
        fits = _fits(shapes)
        if fits is None:
            return None
        inner = {index for memories in problem.memories.values() for index in memories[:-1]}
        fillings = [
            Filling(shapes, shapes.points, op, fits[op], max(a for a, i in enumerate(of_op) if i in inner or a == 0))
            for op, of_op in problem.memories.items()
        ]
        found = cls(shapes.points, fillings, allowed, most)
        return found if found.is_complete else None

    def _grow(self, kinds: Sequence[int]) -> None:
        """Add a loop to every beginning."""
        lattice, n = self.lattice, len(self._points)
        possible = lattice.inside[:, self._points] < np.array(lattice.counts)[:, None]
        possible[[k for k in range(len(lattice.kinds)) if k not in kinds]] = False
        reached = [self._operand_grown(o, possible) for o in range(len(self.fillings))]
        for number in reached:
            possible &= number >= 0
        kind, parent = np.nonzero(possible)
        points = self._points[parent] + np.array(lattice.strides, dtype=np.int64)[kind]
        numbers = [number[kind, parent] for number in reached]
        first, classes = classes_of(_packed(lattice.n_points, points, numbers))
        children = np.full((n, len(lattice.kinds)), -1)
        children[parent, kind] = classes
        self.n_orders = np.bincount(classes, weights=self.n_orders[parent], minlength=len(first))
        self.steps.append(_Step(children, parent[first], kind[first]))
        self._points, self._numbers = points[first], [number[first] for number in numbers]

    def _operand_grown(self, o: int, possible: np.ndarray) -> np.ndarray:
        """[k, c] the number of an operand's state after each kind of loop; -1 where it is rejected."""
        filling, lattice = self.fillings[o], self.lattice
        first, classes = classes_of([self._numbers[o] * lattice.n_points + self._points])
        states, points = self._states[o][:, self._numbers[o][first]], self._points[first]
        reached = np.full((len(lattice.kinds), len(first)), -1)
        grown: list[np.ndarray] = [states[:, :0]]
        n = 0
        for kind in range(len(lattice.kinds)):
            rows = np.flatnonzero(lattice.inside[kind, points] < lattice.counts[kind])
            if not possible[kind].any():
                continue
            after, rejected = filling.grown(states[:, rows], points[rows], kind)
            kept = ~rejected
            reached[kind, rows[kept]] = np.arange(n, n + kept.sum())
            grown.append(after[:, kept])
            n += int(kept.sum())
        together = np.concatenate(grown, axis=1)
        distinct, number = classes_of(list(together))
        self._states[o] = together[:, distinct]
        return np.where(reached >= 0, number[reached] if n else -1, -1)[:, classes]

    def orders(self) -> np.ndarray:
        """[n, c] one order of each class: indices into the loops, innermost first."""
        classes = np.arange(len(self._points))
        kinds = np.empty((len(self.steps), len(classes)), dtype=np.int64)
        for position in range(len(self.steps) - 1, -1, -1):
            step = self.steps[position]
            kinds[position] = step.kind[classes]
            classes = step.parent[classes]
        return self._loops(kinds)

    def _loops(self, kinds: np.ndarray) -> np.ndarray:
        """Kinds as indices into the loops."""
        return np.array([self.lattice.loops.index(kind) for kind in self.lattice.kinds], dtype=np.int8)[kinds]

    def first_of(self, chosen: np.ndarray) -> np.ndarray:
        """[n, 1] the order of some classes that :func:`zigzag_lab.search.orderings.orderings` visits first.

        Args:
            chosen: their numbers.
        """
        kinds = self.lattice.kinds
        ranked = sorted(range(len(kinds)), key=kinds.__getitem__)
        counts = [self.lattice.counts[k] for k in ranked]
        ranks = first_visited(counts, [step.children[:, ranked] for step in self.steps], chosen)
        return self._loops(np.array(ranked, dtype=np.int64)[np.array(ranks, dtype=np.int64)][:, None])


def _packed(n_points: int, points: np.ndarray, numbers: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Points and numbers from 0 in as few words as hold them."""
    words, size = [points], n_points
    for number in numbers:
        n_values = int(number.max(initial=0)) + 1
        if size * n_values > _MOST_KEYS:
            words, size = [*words, number], n_values
        else:
            words[-1], size = words[-1] * n_values + number, size * n_values
    return words


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
