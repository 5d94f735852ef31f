"""A walk that makes another superfluous is never worse than it, whatever inner loops both go on with."""

from __future__ import annotations

from collections import Counter

import numpy as np

from tests.exact.comparison import small_problem
from zigzag_lab.cost import price
from zigzag_lab.cost.kernel import supports
from zigzag_lab.exact.builder import build
from zigzag_lab.exact.graph import batch_of
from zigzag_lab.exact.labels import Labels, merged
from zigzag_lab.exact.search import Search
from zigzag_lab.exact.space import Space
from zigzag_lab.exact.targets import Best
from zigzag_lab.vocab import InfeasibleError, Objective

MOST = 100
"""Walks of a length that are kept, at random."""


def test_who_dominates_is_never_worse() -> None:
    rng, counts = np.random.default_rng(0), Counter[str]()
    for seed in range(20):
        assert not broken_claims(seed, rng, counts), seed
    assert counts["claims"] > 500
    assert counts["strict"] > 100


def broken_claims(seed: int, rng: np.random.Generator, counts: Counter[str], max_factors: int = 5) -> list[str]:
    """Claims of dominance on a random problem that some inner loops refute."""
    problem = small_problem(seed, max_factors).with_repeated_reads(skipped=seed % 3 != 0)
    try:
        graph = build(Space(problem).with_traces()) if supports(problem) else None
    except InfeasibleError:
        graph = None
    if graph is None:
        return []
    objective = Objective.EDP if seed % 2 else Objective.LATENCY
    search = Search(graph, Best(objective), np.inf)
    labels, walks, broken = search.start(), np.zeros((0, 1), dtype=np.int64), []
    for layer in reversed(range(len(graph.layers))):
        grown = merged(Labels.joined([part for _, part in search.children(labels, layer)]))
        labels = grown.take(np.sort(rng.permutation(len(grown))[:MOST]))
        walks = np.concatenate([labels.step[None], walks[:, labels.parent]])
        for a, b in claims(search, labels):
            both = np.concatenate([completion(search, labels.state[a], layer, rng), walks[:, [a, b]]])
            prices = price(batch_of(graph, both))
            counts["claims"] += 1
            counts["strict"] += bool(prices.latency_cycles[0] < prices.latency_cycles[1])
            if prices.latency_cycles[0] > prices.latency_cycles[1]:
                broken.append(f"latency after {layer}: {prices.latency_cycles}")
            if objective is Objective.EDP and prices.energy_pj[0] > prices.energy_pj[1] * (1 + 1e-12):
                broken.append(f"energy after {layer}: {prices.energy_pj}")
    return broken


def claims(search: Search, labels: Labels) -> list[tuple[int, int]]:
    """Pairs of which the first is said to make the second superfluous."""
    group, high, low = search.dominance.compared(labels)
    return [
        (int(a), int(b))
        for number in np.unique(group)
        for rows in [np.flatnonzero(group == number)[:12]]
        for a in rows
        for b in rows
        if a != b and (high[a] <= low[b]).all()
    ]


def completion(search: Search, state: int, layer: int, rng: np.random.Generator) -> np.ndarray:
    """[position, 2] twice the same random steps further in."""
    steps = []
    for inner in reversed(range(layer)):
        begin, n_steps = search.graph.into(inner, np.array([state]))
        step = int(begin[0] + rng.integers(0, n_steps[0]))
        steps.append([step, step])
        state = search.graph.source[step]
    return np.array(steps[::-1], dtype=np.int64).reshape(layer, 2)
