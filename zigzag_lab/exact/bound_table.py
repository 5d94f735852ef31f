"""Additive costs of all level allocations: energy, and averages of bounds of latency for dynamic programming.

Axes: ``c`` level allocation, ``v`` cost, ``s`` state, ``m`` label.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from zigzag_lab.cost.array import mac_energy_pj
from zigzag_lab.exact.bounds import Bounds, Figure, Stalls, added
from zigzag_lab.exact.graph import Graph

MOST_STALLS = 4
"""Bounds of stalls that are followed together with each bound of loading."""

N_ROUNDS, N_MIXED = 24, 2
"""How often the weights of a mixture are adjusted, and how many mixtures are followed."""


@dataclass(frozen=True)
class BoundTable:
    """Additive costs of all level allocations, and what every mapping costs anyway.

    Attributes:
        costs: [c, v].
        base: [v] what is added to the sum over level allocations.
        from_start: [s, v] the least that any way to each state of the graph costs.
        additive, stalls, parts, busy: which costs bound latency; the stalls alone; what loading is made of (see
            :meth:`Bounds.parts`); bits a cycle that are taken at each port of :meth:`Bounds.hiding`.
    """

    costs: np.ndarray
    base: np.ndarray
    from_start: np.ndarray
    additive: slice
    stalls: slice
    parts: slice
    busy: slice

    def total(self, state: np.ndarray, so_far: np.ndarray) -> np.ndarray:
        """[m, v] lower bounds of all costs of mappings through some states; ``so_far`` [m, v] is what follows."""
        return so_far + self.from_start[state] + self.base


def energy_costs(graph: Graph, bounds: Bounds) -> tuple[np.ndarray, float]:
    """[c] energy of each level allocation, and what is added for every mapping."""
    tables = bounds.energy()
    return bounds.column(graph, tables), bounds.at_start(tables) + mac_energy_pj(bounds.problem)


def bound_table(graph: Graph, bounds: Bounds) -> BoundTable:
    """Make the table of a graph: energy, and what bounds latency."""
    stalls = bounds.stalls()
    mixed = mixtures(graph, bounds, stalls)
    groups: list[list[Figure]] = [
        [(bounds.energy(), mac_energy_pj(bounds.problem))],
        [*bounds.each_additive_bound([*mixed, *_telling(graph, bounds, stalls)])],
        [(stall.tables, stall.base) for stall in [*mixed, *stalls]],
        [(tables, 0.0) for tables in bounds.parts()],
        [(bounds.busy(place), 0.0) for place in bounds.hiding()],
    ]
    of_all = [figure for group in groups for figure in group]
    table = np.stack([bounds.column(graph, tables) for tables, _ in of_all], axis=1)
    base = np.array([base + bounds.at_start(tables) for tables, base in of_all])
    ends = np.cumsum([len(group) for group in groups])
    return BoundTable(table, base, graph.from_start(table), *(slice(int(a), int(b)) for a, b in pairwise(ends)))


def mixtures(graph: Graph, bounds: Bounds, stalls: list[Stalls]) -> list[Stalls]:
    """Averages of bounds of stalls, weighted so that no mapping keeps all of them low."""
    if len(stalls) < 2:
        return []
    costs = np.stack([bounds.column(graph, stall.tables) for stall in stalls], axis=1)
    base = np.array([stall.base + bounds.at_start(stall.tables) for stall in stalls])
    weights = np.full(len(stalls), 1 / len(stalls))
    found: list[tuple[float, np.ndarray]] = []
    for _ in range(N_ROUNDS):
        mixed = (costs @ weights)[:, None]
        least = graph.from_start(mixed)
        bound = float(least[-1, 0] + base @ weights)
        walk = graph.cheapest(mixed, least, 0)
        stalling = base + sum(costs[closed[walk]].sum(axis=0) for closed in graph.allocated)
        found.append((bound, weights))
        gap = float(stalling.max()) - bound
        if gap <= 0.5:
            break
        weights = weights * np.exp(np.clip((stalling - bound) / gap, -4.0, 1.0))
        weights = weights / weights.sum()
    found.sort(key=lambda f: -f[0])
    return [_mixture(stalls, weights) for bound, weights in found[:N_MIXED] if bound > 0]


def _mixture(stalls: list[Stalls], weights: np.ndarray) -> Stalls:
    tables = [[t * weights[0] for t in of_operand] for of_operand in stalls[0].tables]
    for stall, weight in zip(stalls[1:], weights[1:], strict=True):
        tables = added(tables, [[t * weight for t in of_operand] for of_operand in stall.tables])
    base = sum(float(w) * s.base for w, s in zip(weights, stalls, strict=True))
    return Stalls(tables, base, stalls[int(weights.argmax())].place)


def _telling(graph: Graph, bounds: Bounds, stalls: list[Stalls]) -> list[Stalls]:
    """The bounds of stalls that are highest over the whole mapping, but those of the outermost memories first."""
    if len(stalls) <= MOST_STALLS:
        return stalls
    of_all = graph.from_start(np.stack([bounds.column(graph, s.tables) for s in stalls], axis=1))[-1]
    tops = {terms.memories[-1] for terms in graph.space.terms}

    def rank(known: tuple[Stalls, float]) -> tuple[bool, float]:
        stall, least = known
        return stall.place[0] not in tops, -(least + stall.base + bounds.at_start(stall.tables))

    return [stall for stall, _ in sorted(zip(stalls, of_all, strict=True), key=rank)[:MOST_STALLS]]
