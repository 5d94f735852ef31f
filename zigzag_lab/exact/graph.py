"""The space as an explicit graph: states in layers (loops placed so far), and steps between them.

A step allocates levels and then places one loop; a last layer of steps allocates the levels that are open after the
last loop. The cost of a step is the sum over its level allocations, so any additive cost has its least value by dynamic
programming. Axes: ``s`` state, ``e`` step, ``c`` level allocation, ``v`` cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from zigzag_lab.exact.space import Space
from zigzag_lab.mapping.batch import LoopTables, MappingBatch

_CELLS_AT_ONCE = 2_000_000
"""Numbers in a table of steps and costs; more than 16 MB at once gains no speed."""

Placed = tuple[int, int, int, int, bool, tuple[int, ...]]
"""A level allocation of an operand at a point: their numbers, then the fields of the allocation."""

NO_ALLOCATION: Placed = (-1, 0, 0, 0, False, ())


@dataclass(frozen=True)
class AllocationTable:
    """The level allocations as arrays, [c] each; number 0, which allocates nothing, has no operand.

    Of each level, ``row`` [level, c] has the row of its tile in the tables, if it is allocated.
    """

    operand: np.ndarray
    point: np.ndarray
    first: np.ndarray
    last: np.ndarray
    leads: np.ndarray
    row: np.ndarray

    @classmethod
    def of(cls, placed: Iterable[Placed], n_levels: int) -> AllocationTable:
        """The table of level allocations, the first of which is none."""
        *columns, rows = zip(*placed, strict=True)
        operand, point, first, last, leads = np.array(columns, dtype=np.int64)
        row = np.tile(point, (n_levels, 1))
        for number, of_levels in enumerate(rows):
            if of_levels:
                row[first[number] : last[number], number] = of_levels
        return cls(operand, point, first, last, leads.astype(bool), row)


@dataclass(frozen=True)
class Graph:
    """All states from which a mapping can be completed.

    Attributes:
        space: what the states mean.
        kinds: the level allocations.
        source, target: [e] states of each step; the last state is the end, of no layer.
        placed: [e] kind of loop that a step places; -1 for the last steps.
        allocated: [operand, e] level allocation of each operand.
        layers: per number of loops placed, where its steps begin and end; steps are sorted by target.
        n_states: states, the end included.
    """

    space: Space
    kinds: AllocationTable
    source: np.ndarray
    target: np.ndarray
    placed: np.ndarray
    allocated: np.ndarray
    layers: tuple[tuple[int, int], ...]
    n_states: int

    def can_be_completed(self) -> np.ndarray:
        """[s] whether the end can be reached from a state."""
        alive = np.zeros(self.n_states, dtype=bool)
        alive[-1] = True
        for begin, end in reversed(self.layers):
            alive[self.source[begin:end][alive[self.target[begin:end]]]] = True
        return alive

    def step_costs(self, costs: np.ndarray, steps: np.ndarray | slice) -> np.ndarray:
        """[e, v] what some steps cost."""
        total = costs[self.allocated[0][steps]]
        for allocated in self.allocated[1:]:
            total = total + costs[allocated[steps]]
        return total

    def from_start(self, costs: np.ndarray) -> np.ndarray:
        """[s, v] the least that any way to each state costs, in each cost.

        Args:
            costs: [c, v] the cost of each level allocation.
        """
        least = np.full((self.n_states, costs.shape[1]), np.inf)
        least[0] = 0.0
        for begin, end in self.layers:
            target = self.target[begin:end]
            firsts = np.flatnonzero(np.diff(target, prepend=-1))
            for first, last in _shares(firsts, end - begin, costs.shape[1]):
                low, high = begin + first[0], begin + last
                through = self.step_costs(costs, slice(low, high)) + least[self.source[low:high]]
                least[target[first]] = np.minimum.reduceat(through, first - first[0], axis=0)
        return least

    def n_walks(self) -> float:
        """How many mappings the space holds (irrelevant loops moved down, so that each counts once)."""
        ways = np.zeros(self.n_states)
        ways[0] = 1.0
        for begin, end in self.layers:
            np.add.at(ways, self.target[begin:end], ways[self.source[begin:end]])
        return float(ways[-1])

    def walks(self) -> np.ndarray:
        """[position, m] the steps of every mapping that the space holds."""
        walks, state = np.zeros((0, 1), dtype=np.int64), np.zeros(1, dtype=np.int64)
        for begin, end in self.layers:
            by_source = begin + np.argsort(self.source[begin:end], kind="stable")
            first, last = (np.searchsorted(self.source[by_source], state, side=side) for side in ("left", "right"))
            n = last - first
            before = np.repeat(np.arange(len(state)), n)
            steps = by_source[first[before] + np.arange(len(before)) - np.repeat(np.cumsum(n) - n, n)]
            walks, state = np.vstack([walks[:, before], steps]), self.target[steps]
        return walks

    def is_first(self, step: np.ndarray) -> bool:
        """Whether some steps of one layer are those from the start."""
        return bool(len(step) and step[0] < self.layers[0][1])

    def into(self, layer: int, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """[m] where the steps of a layer that lead into some states begin, and how many there are."""
        begin, end = self.layers[layer]
        target = self.target[begin:end]
        low, high = (np.searchsorted(target, state, side=side) for side in ("left", "right"))
        return begin + low, high - low

    def cheapest(self, costs: np.ndarray, from_start: np.ndarray, figure: int) -> list[int]:
        """The steps of a mapping that is least in one cost.

        Args:
            costs: [c, v] the cost of each level allocation.
            from_start: [s, v] the least so far, as :meth:`from_start` gives it.
            figure: which v.
        """
        steps, state = [], self.n_states - 1
        of_figure = costs[:, figure : figure + 1]
        for layer in reversed(range(len(self.layers))):
            begin, n = (int(x[0]) for x in self.into(layer, np.array([state])))
            through = self.step_costs(of_figure, slice(begin, begin + n))[:, 0]
            through = through + from_start[self.source[begin : begin + n], figure]
            step = begin + int(through.argmin())
            steps.append(step)
            state = int(self.source[step])
        return steps[::-1]


def batch_of(graph: Graph, steps: Sequence[Sequence[int]] | np.ndarray) -> MappingBatch:
    """The mappings of some walks; ``steps`` is [position, m], the last row allocating what is left."""
    space = graph.space
    walks = np.asarray(steps, dtype=np.int64).reshape(space.n_loops + 1, -1)
    lattice, n = space.lattice, walks.shape[1]
    first_of_kind = np.array([lattice.loops.index(kind) for kind in lattice.kinds], dtype=np.int64)
    order = first_of_kind[graph.placed[walks[:-1]]] if space.n_loops else np.zeros((0, n), dtype=np.int64)
    first, last = graph.kinds.first, graph.kinds.last
    cuts = {}
    for o, operand in enumerate(space.operands):
        table = np.zeros((space.terms[o].n_levels, n), dtype=np.int64)
        for position, row in enumerate(walks):
            number = graph.allocated[o][row]
            for level in range(len(table)):
                ends = (first[number] <= level) & (level < last[number]) & (number > 0)
                table[level][ends] = position
        cuts[operand] = table
    return MappingBatch(LoopTables(space.problem, lattice.loops, order), cuts)


def _shares(firsts: np.ndarray, n: int, width: int) -> Iterator[tuple[np.ndarray, int]]:
    """Groups of rows, so many at a time that tables of so many columns stay small."""
    most = max(1, _CELLS_AT_ONCE // width)
    bounds = np.searchsorted(firsts, np.arange(0, n, most), side="left")
    cuts = [*dict.fromkeys(int(b) for b in bounds if b < len(firsts)), len(firsts)]
    for low, high in pairwise(cuts):
        yield firsts[low:high], int(firsts[high]) if high < len(firsts) else n


def within(graph: Graph, costs: np.ndarray, most: float) -> Graph:
    """The steps of all mappings that cost no more than so much; ``costs`` [c] is the cost of each level allocation."""
    least = graph.from_start(costs[:, None])[:, 0]
    to_end, through = np.full(graph.n_states, np.inf), np.empty(len(graph.source))
    to_end[-1] = 0.0
    for begin, end in reversed(graph.layers):
        source = graph.source[begin:end]
        cost = graph.step_costs(costs[:, None], slice(begin, end))[:, 0] + to_end[graph.target[begin:end]]
        np.minimum.at(to_end, source, cost)
        through[begin:end] = least[source] + cost
    return with_steps(graph, through <= most)


def with_steps(graph: Graph, wanted: np.ndarray) -> Graph:
    """The graph with some of its steps, [e], sorted by where they lead."""
    order, layers, n = [], [], 0
    for begin, end in graph.layers:
        keep = begin + np.flatnonzero(wanted[begin:end])
        order.append(keep[np.argsort(graph.target[keep], kind="stable")])
        layers.append((n, n + len(keep)))
        n += len(keep)
    kept = np.concatenate(order)
    return replace(
        graph,
        source=graph.source[kept],
        target=graph.target[kept],
        placed=graph.placed[kept],
        allocated=np.ascontiguousarray(graph.allocated[:, kept]),
        layers=tuple(layers),
    )
