"""Branch and bound over merged walks: exact where nothing had to be left out, with a gap where something was.

Walks grow loop by loop, from the outermost, all of a length together. Those whose bounds cannot beat the best mapping
found are dropped, and those that others make superfluous; of the rest, at most so many are kept, the most promising,
and the best bound among those left out is remembered. Then the width grows, and bounds look further ahead, until
nothing had to be left out or what was left out cannot be better: proven.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from zigzag_lab.cost import Prices, priced
from zigzag_lab.cost.array import with_static
from zigzag_lab.exact.bounds import Bounds, bound_table, energy_costs
from zigzag_lab.exact.dominance import Dominance
from zigzag_lab.exact.graph import Graph, batch_of, within
from zigzag_lab.exact.labels import Groups, Labels, Remembered, merged
from zigzag_lab.exact.latency_bound import LatencyBound
from zigzag_lab.exact.targets import Best, Target, Tie
from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.mapping.footprint import fits
from zigzag_lab.search.orderings import CHUNK

WIDTHS = (300, 3_000, 20_000, 100_000)
"""Walks of a length that are kept, sweep by sweep; the last bounds memory to some hundred MB."""

WIDTHS_FOR_TIES = WIDTHS[:3]

MOST_FORESEEN = 200_000
"""Labels of a length that are still looked at."""

_ROWS_AT_ONCE = 50_000
_SAME = 1 + 1e-9
_EPSILON = 1e-12

Trail = list[tuple[np.ndarray, np.ndarray]]
"""Per length of walks, the steps taken back and the labels from which."""

Children = Callable[[Labels, int], Iterator[tuple[int, Labels]]]
"""Labels one loop longer, part by part: those that may still beat what was found."""


@dataclass
class Outcome:
    """Result of a search.

    Attributes:
        lower_bound: least rank of anything that was not examined; infinite where everything was.
        n_priced: mappings that were priced.
        n_mappings: how many mappings were searched; 0 where they were not counted.
        is_tie_settled: whether of equal mappings the one of the least second figure is proven.
    """

    lower_bound: float = -np.inf
    n_priced: int = 0
    n_mappings: float = 0.0
    is_tie_settled: bool = False


class Search:
    """A search of one graph for one target.

    Args:
        deadline: when to stop, on the monotonic clock.
    """

    def __init__(self, graph: Graph, target: Target, deadline: float) -> None:
        self.graph, self.target, self.deadline = graph, target, deadline
        bounds = Bounds(graph.space)
        self.table = bound_table(graph, bounds)
        self.remembered = Remembered(graph)
        self.latency_bound = LatencyBound(self.remembered, self.table, bounds)
        self.is_rounded, self.is_inexact = graph.space.is_ambiguous, graph.space.is_inexact
        self.dominance = Dominance(self.latency_bound, with_energy=target.asks_for_energy)
        self.completion = CompletionBounds(self.dominance, self.children)
        self.outcome = Outcome()

    def run(self) -> Outcome:
        """Search until it is proven or time is up."""
        self.offer_extremes()
        self.is_settled(WIDTHS)
        return self.outcome

    def settle_ties(self, best: Best) -> bool:
        """Look for the best second figure among mappings of the best first; whether it is proven."""
        self.target = Tie(best)
        self.dominance = Dominance(self.latency_bound, with_energy=self.target.asks_for_energy)
        self.completion = CompletionBounds(self.dominance, self.children)
        return self.is_settled(WIDTHS_FOR_TIES)

    def is_settled(self, widths: Sequence[int]) -> bool:
        """Sweep wider and wider; whether nothing better can be left."""
        for width in widths:
            foreseen = -np.inf
            if width > widths[0]:
                foreseen = float(self.completion.look(self.start(), len(self.graph.layers), self.deadline)[0])
            left_out, unsure = (np.inf, np.inf) if foreseen == np.inf else self.sweep(width)
            self.outcome.lower_bound = max(min(left_out, unsure), foreseen, self.outcome.lower_bound)
            if left_out == np.inf or time.monotonic() > self.deadline:
                return bool(min(left_out, unsure) == np.inf)
        return False

    def offer_extremes(self) -> None:
        """Price the mappings that are least by each bound; where one is as good as its bound, it is optimal."""
        least = self.table.from_start
        walks = [self.graph.cheapest(self.table.costs, least, v) for v in range(self.table.additive.stop)]
        self.offer(np.unique(np.array(walks), axis=0).T)

    def offer(self, walks: np.ndarray) -> Prices:
        """Price complete walks, [position, m]."""
        self.outcome.n_priced += walks.shape[1]
        return offer(self.target, batch_of(self.graph, walks))

    def bound_at_root(self) -> float:
        """The least rank that any mapping can have, by the bounds alone."""
        totals = self.table.from_start[-1:] + self.table.base
        latency = totals[:, self.table.additive].max(axis=1)
        return float(self.target.value(self.energy(totals, latency), latency)[0])

    def energy(self, totals: np.ndarray, latency: np.ndarray) -> np.ndarray:
        """[m] lower bounds of energy, from [m, v] bounds of all additive costs and [m] bounds of latency."""
        return with_static(self.graph.space.problem, totals[:, 0], latency)

    def sweep(self, width: int) -> tuple[float, float]:
        """Grow all walks to their full length, keeping so many a length.

        Returns:
            The least rank of what was left out, and of walks that stand for others from which rounding may tell them
            apart; infinite where there are none that could be better than what was found.
        """
        left_out, unsure = np.inf, np.inf
        labels, trail = self.start(), []
        for layer in reversed(range(len(self.graph.layers))):
            if time.monotonic() > self.deadline:
                width = min(width, WIDTHS[0])
            labels, skipped = self._grown(labels, layer, width)
            left_out = min(left_out, skipped)
            trail.append((labels.step.astype(np.int32), labels.parent.astype(np.int32)))
            if not len(labels):
                break
        else:
            unsure = self._finish(labels, trail)
        return (np.inf if self.target.is_safe_from(left_out) else left_out), unsure

    def start(self) -> Labels:
        """The walk of no steps, where all mappings end."""
        so_far = np.zeros((1, self.table.costs.shape[1]))
        zero, nothing = np.zeros(1, dtype=np.int64), np.zeros(1)
        return Labels(zero + self.graph.n_states - 1, self.remembered.start(), so_far, nothing, nothing, zero, zero)

    def _grown(self, labels: Labels, layer: int, width: int) -> tuple[Labels, float]:
        """Every label one loop longer, merged; and the least rank of what there was no room for."""
        parts: list[Labels] = []
        skipped = np.inf
        for first, part in self.children(labels, layer):
            if parts and time.monotonic() > self.deadline:
                skipped = min(skipped, float(labels.bound[first:].min()))
                break
            parts.append(part)
            if sum(len(p) for p in parts) > max(2 * width, _ROWS_AT_ONCE):
                joined, least = self._narrowed(self._merged(parts, layer), width)
                parts, skipped = [joined], min(skipped, least)
        joined, least = self._narrowed(self._merged(parts, layer), width)
        return joined, min(skipped, least)

    def children(self, labels: Labels, layer: int) -> Iterator[tuple[int, Labels]]:
        """Labels one loop longer that may still be better than what was found, and the first they are made of."""
        begin, fan_in = self.graph.into(layer, labels.state)
        chunks = np.searchsorted(np.cumsum(fan_in), np.arange(0, fan_in.sum(), _ROWS_AT_ONCE), side="left")
        bounds = [*dict.fromkeys(int(c) for c in chunks), len(labels)]
        for first, last in pairwise(bounds):
            n = fan_in[first:last]
            rows = np.repeat(np.arange(first, last), n)
            step = begin[rows] + np.arange(len(rows)) - np.repeat(np.cumsum(n) - n, n)
            yield first, self._extended(labels, rows, step)

    def _extended(self, labels: Labels, rows: np.ndarray, step: np.ndarray) -> Labels:
        """Labels one step further in, without those that cannot beat what was found."""
        state = self.graph.source[step]
        so_far = labels.so_far[rows] + self.graph.step_costs(self.table.costs, step)
        totals = self.table.total(state, so_far)
        latency = totals[:, self.table.additive].max(axis=1)
        keep = np.flatnonzero(~self.target.cannot_improve(self.energy(totals, latency), latency))
        rows, step, totals = rows[keep], step[keep], totals[keep]
        memory = self.remembered.before(labels.memory[rows], step)
        stall = np.maximum(self.latency_bound.stall(memory, totals), labels.stall[rows])
        latency = self.latency_bound.latency(memory, totals, stall)
        energy = self.energy(totals, latency)
        good = np.flatnonzero(~self.target.cannot_improve(energy, latency))
        rank = np.maximum(self.target.value(energy[good], latency[good]), labels.bound[rows[good]])
        return Labels(state[keep][good], memory[good], so_far[keep][good], stall[good], rank, rows[good], step[good])

    def _merged(self, parts: list[Labels], layer: int) -> Labels:
        """Drop dominated labels, then labels whose tighter bound cannot improve on the incumbent."""
        labels = self.completion.applied(merged(Labels.joined(parts)), layer)
        if self.is_rounded or len(labels) < 2:
            return labels
        return labels.take(self.dominance.undominated(labels))

    def _may_misjudge(self, prices: Prices, energy: np.ndarray, latency: np.ndarray) -> np.ndarray:
        """[m] whether walks may stand for better ones, as the order of loops decides more than they remember.

        They may not fit, while others do. Where sizes of tiles are not known for sure, they may cost less than these,
        unless these cost no more than their bounds.
        """
        if not self.is_rounded:
            return prices.energy_pj == np.inf
        return (prices.energy_pj > energy * _SAME) | (prices.latency_cycles > latency * _SAME)

    @staticmethod
    def _narrowed(labels: Labels, width: int) -> tuple[Labels, float]:
        """The most promising labels, and the least rank among the others."""
        if len(labels) <= width:
            return labels, np.inf
        order = np.argpartition(labels.bound, width)
        return labels.take(order[:width]), float(labels.bound[order[width:]].min())

    def _finish(self, last: Labels, trail: Trail) -> float:
        """Price complete walks, the most promising first, as long as any may be better.

        Returns:
            The least rank of those that may stand for better ones.
        """
        totals = self.table.total(last.state, last.so_far)
        latency = self.latency_bound.latency(last.memory, totals, last.stall)
        energy = self.energy(totals, latency)
        order = np.argsort(self.target.value(energy, latency), kind="stable")
        unsure = []
        for start in range(0, len(order), CHUNK):
            chunk = order[start : start + CHUNK]
            chunk = chunk[~self.target.cannot_improve(energy[chunk], latency[chunk])]
            if len(chunk):
                prices = self.offer(_walks(trail, chunk))
                unsure.append(chunk[self._may_misjudge(prices, energy[chunk], latency[chunk])])
        if not self.is_inexact or not unsure:
            return np.inf
        rows = np.concatenate(unsure)
        rows = rows[~self.target.cannot_improve(energy[rows], latency[rows])]
        return float(self.target.value(energy[rows], latency[rows]).min(initial=np.inf))


class CompletionBounds:
    """Lower bounds of what inner loops add to labels, by groups of labels that differ in settled things only.

    Such labels become one, as good as any of them in each respect. Grown to the start and made one again and again,
    these few show what the inner loops cannot save, long before the labels themselves come to it. Axes: ``g`` group.
    """

    def __init__(self, dominance: Dominance, children: Children) -> None:
        self.dominance, self.children = dominance, children
        self._known: dict[int, tuple[Groups, np.ndarray]] = {}

    def look(self, start: Labels, n_layers: int, deadline: float) -> np.ndarray:
        """[m] bounds of some labels; those of all that may grow from them are remembered, as far as could be seen."""
        self._known.clear()
        labels, trail = start, []
        for layer in reversed(range(n_layers)):
            children = self._grown(labels, layer)
            if children is None or time.monotonic() > deadline:
                break
            groups = self.dominance.groups(children)
            trail.append((layer, groups, len(labels), children.parent))
            labels = self.dominance.relaxed(children, groups)
            if not len(labels):
                break
        bound = labels.bound
        for layer, groups, n, parent in reversed(trail):
            self._known[layer] = groups, bound
            of_children, bound = bound[groups.of_rows()], np.full(n, np.inf)
            np.minimum.at(bound, parent, of_children)
        return bound

    def _grown(self, labels: Labels, layer: int) -> Labels | None:
        """All labels one loop longer; None where they are too many."""
        parts, n = [], 0
        for _, part in self.children(labels, layer):
            parts.append(part)
            n += len(part)
            if n > MOST_FORESEEN:
                return None
        return Labels.joined(parts)

    def applied(self, labels: Labels, layer: int) -> Labels:
        """Labels with the bounds foreseen for them, without those of which nothing better can grow."""
        if layer not in self._known or not len(labels):
            return labels
        known, bounds = self._known[layer]
        if not len(known):
            return labels.take(np.zeros(0, dtype=np.int64))
        groups = self.dominance.groups(labels)
        at, is_there = groups.found_in(known)
        foreseen = np.where(is_there, bounds[at], np.where(at < 0, -np.inf, np.inf))[groups.of_rows()]
        raised = replace(labels, bound=np.maximum(labels.bound, foreseen))
        return raised.take(np.flatnonzero(foreseen < np.inf))


def _walks(trail: Trail, rows: np.ndarray) -> np.ndarray:
    """[position, m] the steps of some labels at the start, each traced back to the end it came from."""
    walk = []
    for step, parent in reversed(trail):
        walk.append(step[rows])
        rows = parent[rows]
    return np.stack(walk)


def offer_cheapest(graph: Graph, target: Target) -> tuple[float, Graph]:
    """Price a mapping of least dynamic energy; that energy, by the tables, and the graph of all mappings with it."""
    costs, base = energy_costs(graph, Bounds(graph.space))
    least = graph.from_start(costs[:, None])
    steps = np.array(graph.cheapest(costs[:, None], least, 0))
    offer(target, batch_of(graph, steps[:, None]))
    energy = float(least[-1, 0] + base)
    return energy, within(graph, costs, float(least[-1, 0]) + energy * _EPSILON)


def offer(target: Target, batch: MappingBatch) -> Prices:
    """Price mappings, those that do not fit as infinite, and let a target consider the others."""
    prices, ok = priced(batch), fits(batch)
    prices = Prices(np.where(ok, prices.energy_pj, np.inf), np.where(ok, prices.latency_cycles, np.inf))
    if ok.any():
        target.offer(batch, prices.energy_pj, prices.latency_cycles)
    return prices
