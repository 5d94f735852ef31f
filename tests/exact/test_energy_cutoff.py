"""Under a cutoff of energy, all mappings that cost no more are still there."""

from __future__ import annotations

import numpy as np
import pytest

from tests.exact.comparison import small_problem
from tests.exact.halves import halved_problem
from zigzag_lab.cost.kernel import supports
from zigzag_lab.exact.bounds import Bounds, energy_costs
from zigzag_lab.exact.builder import build
from zigzag_lab.exact.graph import Graph, within
from zigzag_lab.exact.relaxed import EnergyCutoff
from zigzag_lab.exact.space import Space
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.vocab import InfeasibleError

HALVED = (8455, 1635)


def spaces() -> list[tuple[Space, Graph]]:
    """Random spaces and their graphs; in some, the order of loops decides sizes of tiles."""
    problems: list[Problem | None] = [small_problem(seed, 6) for seed in range(60)]
    problems += [halved_problem(seed) for seed in HALVED]
    found = []
    for number, problem in enumerate(problems):
        try:
            if problem is not None and supports(problem):
                space = Space(problem.with_repeated_reads(skipped=number % 3 != 0)).with_traces()
                found.append((space, build(space)))
        except InfeasibleError:
            continue
    return found


def cheap_mappings(graph: Graph, most_pj: float) -> float:
    """How many mappings of a graph cost no more."""
    costs, base = energy_costs(graph, Bounds(graph.space))
    return within(graph, costs, (most_pj - base) * (1 + 1e-12)).n_walks()


def test_no_mapping_below_the_cutoff_is_lost_and_many_others_are() -> None:
    n_steps, n_left, n_compared = 0, 0, 0
    for space, graph in spaces():
        costs, base = energy_costs(graph, Bounds(space))
        least = float(graph.from_start(costs[:, None])[-1, 0] + base)
        for most in (least, least * 1.02, least * 1.5):
            below = build(space, cutoff=EnergyCutoff(space, most))
            assert cheap_mappings(below, most) == cheap_mappings(graph, most) > 0
            n_compared += 1
        n_steps, n_left = (
            n_steps + len(graph.source),
            n_left + len(build(space, cutoff=EnergyCutoff(space, least)).source),
        )
    assert n_compared > 60
    assert n_left < n_steps / 3


def test_below_the_least_there_is_nothing() -> None:
    for space, graph in spaces()[:20]:
        costs, base = energy_costs(graph, Bounds(space))
        least = float(graph.from_start(costs[:, None])[-1, 0] + base)
        if least > 0:
            with pytest.raises(InfeasibleError):
                build(space, cutoff=EnergyCutoff(space, np.nextafter(least * (1 - 1e-6), 0)))
