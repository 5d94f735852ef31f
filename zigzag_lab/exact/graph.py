"""The space as an explicit graph: states in layers (loops placed so far), and steps between them.

A step closes levels and then places one loop; a last layer of steps closes what is open after the last loop. What a
step costs is the sum of what its closings cost, so any additive figure has its least value by dynamic programming
from the end. Axes: ``s`` state, ``e`` step, ``c`` kind of closing, ``v`` figure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zigzag_lab.exact.space import Closing, Space


@dataclass(frozen=True)
class ClosingKind:
    """What one operand closes at one point: an entry of the table of costs.

    Attributes:
        operand: its number.
        point: the loops inside.
        closing: what is closed.
    """

    operand: int
    point: int
    closing: Closing


@dataclass(frozen=True)
class Graph:
    """All states from which a mapping can be completed.

    Attributes:
        space: what the states mean.
        closings: the kinds of closing; number 0 closes nothing.
        source, target: [e] states of each step; the last state is the end, of no layer.
        placed: [e] kind of loop that a step places; -1 for the last steps.
        closed: [operand, e] kind of closing of each operand.
        layers: per number of loops placed, where its steps begin and end; steps are sorted by source.
        n_states: states, the end included.
    """

    space: Space
    closings: tuple[ClosingKind, ...]
    source: np.ndarray
    target: np.ndarray
    placed: np.ndarray
    closed: np.ndarray
    layers: tuple[tuple[int, int], ...]
    n_states: int

    def to_go(self, costs: np.ndarray) -> np.ndarray:
        """[s, v] the least that any completion of each state costs, in each figure; infinite where there is none.

        Args:
            costs: [c, v] what each kind of closing costs.
        """
        least = np.full((self.n_states, costs.shape[1]), np.inf)
        least[-1] = 0.0
        for begin, end in reversed(self.layers):
            through = self.step_costs(costs, begin, end) + least[self.target[begin:end]]
            source = self.source[begin:end]
            firsts = np.flatnonzero(np.diff(source, prepend=-1))
            if len(firsts):
                least[source[firsts]] = np.minimum.reduceat(through, firsts, axis=0)
        return least

    def step_costs(self, costs: np.ndarray, begin: int, end: int) -> np.ndarray:
        """[e, v] what some steps cost."""
        total = costs[self.closed[0, begin:end]]
        for closed in self.closed[1:]:
            total = total + costs[closed[begin:end]]
        return total

    def n_walks(self) -> float:
        """How many mappings the space holds (irrelevant loops moved down, so that each counts once)."""
        ways = np.zeros(self.n_states)
        ways[-1] = 1.0
        for begin, end in reversed(self.layers):
            np.add.at(ways, self.source[begin:end], ways[self.target[begin:end]])
        return float(ways[0])

    def cheapest(self, costs: np.ndarray, to_go: np.ndarray, figure: int) -> list[int]:
        """The steps of a mapping that is least in one figure.

        Args:
            costs: [c, v] what each kind of closing costs.
            to_go: [s, v] the least to go, as :meth:`to_go` gives it.
            figure: which v.
        """
        steps, state = [], 0
        of_figure = costs[:, figure : figure + 1]
        for begin, end in self.layers:
            low, high = np.searchsorted(self.source[begin:end], [state, state + 1]) + begin
            through = self.step_costs(of_figure, low, high)[:, 0] + to_go[self.target[low:high], figure]
            step = int(low + through.argmin())
            steps.append(step)
            state = int(self.target[step])
        return steps


def pruned(graph: Graph, alive: np.ndarray) -> Graph:
    """The graph without states from which nothing can be completed."""
    keep = alive[graph.source] & alive[graph.target]
    before = np.concatenate([[0], np.cumsum(keep)])
    layers = tuple((int(before[begin]), int(before[end])) for begin, end in graph.layers)
    return Graph(
        graph.space,
        graph.closings,
        graph.source[keep],
        graph.target[keep],
        graph.placed[keep],
        np.ascontiguousarray(graph.closed[:, keep]),
        layers,
        graph.n_states,
    )
