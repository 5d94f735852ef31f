"""What an exact search says of itself: proofs, gaps, limits, and what it keeps to."""

from __future__ import annotations

from dataclasses import replace
from math import isclose

import numpy as np
import pytest

from tests.exact.comparison import figure, small_problem
from tests.exact.networks import layer_problem
from zigzag_lab.cost import price
from zigzag_lab.exact import solve as solving
from zigzag_lab.exact.builder import build
from zigzag_lab.exact.graph import batch_of
from zigzag_lab.exact.search import Search
from zigzag_lab.exact.solve import solve, solve_front
from zigzag_lab.exact.space import Space
from zigzag_lab.exact.targets import Best
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.footprint import fits
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.search.temporal import temporal_mappings
from zigzag_lab.vocab import InfeasibleError, Objective
from zigzag_lab.workload import Layer

Bound = tuple[np.ndarray, np.ndarray]


def loma_best(problem: Problem, objective: Objective, lpf_limit: int = 6) -> float:
    prices = [price(batch) for batch in temporal_mappings(problem, lpf_limit)]
    return min(
        figure(objective, float(e), float(t))
        for p in prices
        for e, t in zip(p.energy_pj, p.latency_cycles, strict=True)
    )


@pytest.mark.parametrize("objective", list(Objective))
@pytest.mark.parametrize("accelerator", ["tpu_like", "eyeriss_like", "meta_prototype"])
def test_a_real_layer_is_proven_in_seconds_and_no_worse_than_loma(accelerator: str, objective: Objective) -> None:
    problem = layer_problem(accelerator)
    answer = solve(problem, objective, seconds=None)
    assert answer.certificate.is_proven
    assert answer.certificate.gap == 0
    assert answer.certificate.best <= loma_best(problem, objective) * (1 + 1e-12)
    assert answer.certificate.n_mappings > 1e4
    again = price(answer.batch)
    assert again.energy_pj[answer.index] == answer.energy_pj
    assert again.latency_cycles[answer.index] == answer.latency_cycles


def test_the_front_ends_at_the_least_energy_and_the_least_latency() -> None:
    problem = layer_problem("tpu_like")
    front = solve_front(problem, seconds=None)
    assert front.certificate.is_proven
    energies, latencies = [p[0] for p in front.points], [p[1] for p in front.points]
    assert energies == sorted(energies)
    assert latencies == sorted(latencies, reverse=True)
    assert isclose(energies[0], solve(problem, Objective.ENERGY).energy_pj, rel_tol=1e-12)
    assert latencies[-1] == solve(problem, Objective.LATENCY).latency_cycles
    products = [e * t for e, t in zip(energies, latencies, strict=True)]
    assert isclose(min(products), solve(problem, Objective.EDP).certificate.best, rel_tol=1e-12)


@pytest.mark.parametrize("objective", list(Objective))
def test_out_of_time_the_gap_is_honest(objective: Objective) -> None:
    problem = layer_problem("tpu_like")
    known = list(temporal_mappings(problem, 6))
    hasty = solve(problem, objective, seconds=1e-6, known=known)
    best = solve(problem, objective, seconds=None).certificate.best
    assert hasty.certificate.lower_bound <= best * (1 + 1e-12)
    assert best <= hasty.certificate.best * (1 + 1e-12)
    assert hasty.certificate.best <= loma_best(problem, objective) * (1 + 1e-12)
    assert isclose(hasty.certificate.gap, 1 - hasty.certificate.lower_bound / hasty.certificate.best, abs_tol=1e-9)


def test_a_space_too_large_ends_with_the_best_of_a_coarser_one(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = layer_problem("eyeriss_like")
    best = solve(problem, Objective.ENERGY, seconds=None).certificate.best
    monkeypatch.setattr(solving, "MOST_STEPS", 10)
    certificate = solve(problem, Objective.ENERGY).certificate
    assert not certificate.is_proven
    assert 0 < certificate.gap < 1
    assert certificate.lower_bound <= best <= certificate.best <= loma_best(problem, Objective.ENERGY)


@pytest.mark.parametrize("objective", list(Objective))
def test_more_tile_shapes_than_tables_can_hold_end_with_a_gap(
    monkeypatch: pytest.MonkeyPatch, objective: Objective
) -> None:
    problem = layer_problem("eyeriss_like")
    best = solve(problem, objective, seconds=None).certificate
    monkeypatch.setattr(solving, "MOST_POINTS", 10)
    certificate = solve(problem, objective, seconds=None).certificate
    assert certificate.n_mappings == 0
    assert 0 < certificate.lower_bound < best.best <= certificate.best
    assert best.lower_bound <= certificate.best
    monkeypatch.setattr(solving, "MOST_COARSE_POINTS", 2)
    smallest = solve(problem, objective)
    assert best.best <= smallest.certificate.best
    assert smallest.certificate.lower_bound == certificate.lower_bound
    assert fits(smallest.batch).all()


def test_nothing_found_where_a_space_is_too_large_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = layer_problem("tpu_like", MappingConstraints(temporal_ordering=(("FX", 3), ("*", None), ("OX", None))))
    monkeypatch.setattr(solving, "MOST_POINTS", 10)
    monkeypatch.setattr(solving, "MOST_COARSE_POINTS", 2)
    with pytest.raises(InfeasibleError, match="no mapping was found") as told:
        solve(wanted, Objective.LATENCY)
    assert told.value.is_proven is False


def test_wishes_for_the_order_are_kept() -> None:
    wanted = (("FX", 3), ("*", None), ("OX", None))
    answer = solve(layer_problem("tpu_like", MappingConstraints(temporal_ordering=wanted)), Objective.ENERGY)
    loops = answer.batch.loops(answer.index)
    assert loops[0] == ("FX", 3)
    assert loops[-1][0] == "OX"
    assert answer.certificate.is_proven


def test_a_whole_order_leaves_the_allocation_to_the_search() -> None:
    problem = layer_problem("tpu_like")
    order = tuple((dim, size) for dim, size in problem.temporal_sizes.items())
    wished = layer_problem("tpu_like", MappingConstraints(temporal_ordering=order))
    answer = solve(wished, Objective.LATENCY)
    assert answer.batch.loops(answer.index) == order
    assert answer.certificate.is_proven
    assert answer.certificate.best <= loma_best(wished, Objective.LATENCY)


def test_a_layer_of_one_operation_has_one_mapping() -> None:
    layer = Layer(
        0,
        "dot",
        "Gemm",
        {"O": ("D", "K"), "W": ("C", "K"), "I": ("D", "C")},
        {"C": 1, "D": 1, "K": 1},
        precision_bits={"W": 8, "I": 8, "O": 16, "O_final": 8},
    )
    answer = solve(layer_problem("tpu_like", layer=layer), Objective.ENERGY)
    assert answer.certificate.is_proven
    assert answer.certificate.n_mappings == 1


def test_tensors_that_no_outermost_memory_holds_are_refused_before_a_walk_is_laid_out() -> None:
    problem = layer_problem("tpu_like")
    layer, accelerator = problem.layer, problem.accelerator
    whole = sum(
        layer.tensor_elems(operand) * (problem.final_precision if operand == "O" else problem.precision(operand))
        for operand in problem.operands
    )
    for size, fits_at_all in ((whole, True), (whole - 1_000, False)):
        memories = tuple(replace(m, size_bits=size) if m.name == "dram" else m for m in accelerator.memories)
        tried = replace(accelerator, memories=memories)
        where = Problem.of(layer, tried, problem.constraints, problem.spatial_mapping)
        if fits_at_all:
            assert Space(where).n_loops > 0
        else:
            with pytest.raises(InfeasibleError, match="dram is 1,000 bits too small for the whole tensors"):
                Space(where)


def test_bounds_never_exceed_prices_and_energy_is_exact() -> None:
    rng, n_walks = np.random.default_rng(0), 0
    for seed in range(60):
        problem = small_problem(seed, 7)
        try:
            graph = build(Space(problem).with_traces())
        except InfeasibleError:
            continue
        search = Search(graph, Best(Objective.EDP), np.inf)
        walks, bounds = random_walks(search, rng, 20)
        batch = batch_of(graph, walks)
        assert fits(batch).all()
        prices = price(batch)
        assert np.allclose(bounds[-1][0], prices.energy_pj, rtol=1e-12)
        for energy, latency in bounds:
            assert (energy <= prices.energy_pj * (1 + 1e-12)).all(), seed
            assert (latency <= prices.latency_cycles * (1 + 1e-12)).all(), seed
        n_walks += 20
    assert n_walks > 200


def random_walks(search: Search, rng: np.random.Generator, n: int) -> tuple[np.ndarray, list[Bound]]:
    """Some walks, [position, m], and the bounds of energy and latency after each step from their ends."""
    graph, table, bound = search.graph, search.table, search.latency_bound
    state = np.full(n, graph.n_states - 1)
    memory, so_far = np.repeat(search.remembered.start(), n, axis=0), np.zeros((n, len(table.base)))
    walks, bounds = [], []
    for layer in reversed(range(len(graph.layers))):
        begin, n_steps = graph.into(layer, state)
        step = begin + rng.integers(0, n_steps)
        walks.append(step)
        memory, state = search.remembered.before(memory, step), graph.source[step]
        so_far = so_far + sum(table.costs[closed[step]] for closed in graph.allocated)  # type: ignore[operator]
        totals = table.total(state, so_far)
        bounds.append((totals[:, 0], bound.latency(memory, totals, bound.stall(memory, totals))))
    return np.array(walks[::-1]), bounds
