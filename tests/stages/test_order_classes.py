"""Orders of equal prices taken together: the answer of pricing every order one by one, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from tests.search.whole import our_search
from tests.strategies.problems import random_search
from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.cost.kernel import Prices, price, supports
from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import SpatialMapping
from zigzag_lab.search import temporal
from zigzag_lab.search.factors import loop_prime_factors
from zigzag_lab.search.temporal import order_classes, temporal_mappings
from zigzag_lab.stages.temporal import best_of_classes
from zigzag_lab.vocab import InfeasibleError, Objective, TemporalMappingType

LPF_LIMIT = 5
N_COMPARED = 50
"""Of 170 random problems those, at least, whose orders can be taken together, and some of which fit."""
Rank = tuple[float, ...]


@pytest.fixture(autouse=True)
def _few_orders_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporal, "FEW", 0)


def wished(problem: Problem, rng: Random) -> tuple[tuple[str, int | None], ...]:
    """For some, that one of its loops is the innermost, the outermost, or in between."""
    loops = loop_prime_factors(problem.temporal_sizes, LPF_LIMIT)
    if not loops or rng.random() < 0.6:
        return ()
    dim, size = rng.choice(loops)
    loop = dim, rng.choice([None, size])
    return rng.choice([(loop,), (("*", None), loop), (("*", None), loop, (dim, None))])


def whole_problem(seed: int) -> Problem:
    """A random layer on a random accelerator, every other one with a loop unrolled that divides."""
    layer, accelerator, constraints = random_search(seed)
    rng = Random(seed)
    if seed % 4:  # operands that share a memory do not contend for it
        memories = (
            replace(m, size_bits=m.size_bits * 1000) if len(m.operands) > 1 else m for m in accelerator.memories
        )
        accelerator = replace(accelerator, memories=tuple(memories))
    unrolled: dict[str, dict[str, int]] = {dim: {} for dim in accelerator.array.sizes}
    dims = [(a, d) for a, n in accelerator.array.sizes.items() for d, s in layer.loop_sizes.items() if n > 1 < s]
    if dims and seed % 2:
        array_dim, dim = rng.choice(dims)
        most = min(accelerator.array.sizes[array_dim], layer.loop_sizes[dim])
        unrolled[array_dim][dim] = max(n for n in range(1, most + 1) if layer.loop_sizes[dim] % n == 0)
    links = constraints.operand_links
    problem = Problem.of(layer, accelerator, MappingConstraints(operand_links=links), SpatialMapping(unrolled))
    wishes = MappingConstraints(operand_links=links, temporal_ordering=wished(problem, rng))
    return Problem.of(layer, accelerator, wishes, SpatialMapping(unrolled))


def with_classes(first: int, last: int) -> Iterator[tuple[int, Problem]]:
    """Random problems whose orders can be taken together."""
    for seed in range(first, last):
        problem = whole_problem(seed)
        if supports(problem) and order_classes(problem, LPF_LIMIT) is not None:
            yield seed, problem


def ranks(objective: Objective, energy: np.ndarray, latency: np.ndarray) -> list[Rank]:
    """What is compared, of every mapping."""
    figures = {
        Objective.ENERGY: (energy, latency),
        Objective.LATENCY: (latency, energy),
        Objective.EDP: (latency * energy,),
    }[objective]
    return list(zip(*(f.tolist() for f in figures), strict=True))


def first_of_best(batches: list[tuple[MappingBatch, Prices]], objective: Objective) -> tuple[MappingBatch, int] | None:
    """The first mapping of the least rank, all priced one by one."""
    best: tuple[Rank, MappingBatch, int] | None = None
    for batch, prices in batches:
        for index, rank in enumerate(ranks(objective, prices.energy_pj, prices.latency_cycles)):
            if best is None or rank < best[0]:
                best = rank, batch, index
    return None if best is None else best[1:]


def all_priced(problem: Problem, kind: TemporalMappingType) -> list[tuple[MappingBatch, Prices]]:
    """Every order, allocated and priced."""
    try:
        batches = list(temporal_mappings(problem, LPF_LIMIT, kind))
    except InfeasibleError:
        return []
    return [(batch, price(batch)) for batch in batches]


@pytest.mark.parametrize("first", range(0, 680, 170))
def test_the_answer_is_that_of_pricing_every_order(first: int) -> None:
    kind, compared = TemporalMappingType.UNEVEN, 0
    for seed, given in with_classes(first, first + 170):
        problem = given.with_repeated_reads(skipped=seed % 3 != 0)
        batches = all_priced(problem, kind)
        for objective in Objective:
            expected = first_of_best(batches, objective)
            found = best_of_classes(problem, LPF_LIMIT, objective, kind)
            assert (found is None) == (expected is None), (seed, objective)
            if found is not None and expected is not None:
                batch, index = expected
                assert found.batch.loops(0) == batch.loops(index), (seed, objective)
                assert found.batch.allocated(0) == batch.allocated(index), (seed, objective)
                assert found.n_orders == sum(len(batch) for batch, _ in batches), (seed, objective)
        compared += bool(batches)
    assert compared >= N_COMPARED


@pytest.mark.parametrize("objective", list(Objective))
def test_even_mappings_too(objective: Objective) -> None:
    compared = 0
    for seed, problem in with_classes(680, 700):
        kind = TemporalMappingType.EVEN
        found = best_of_classes(problem, LPF_LIMIT, objective, kind)
        if found is not None:
            expected = first_of_best(all_priced(problem, kind), objective)
            assert expected is not None
            assert found.batch.allocated(0) == expected[0].allocated(expected[1]), seed
            compared += 1
    assert compared > 5


def test_whole_searches_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(12):
        scene = random_search(seed, 5)
        found = []
        for few in (0, 10**9):
            monkeypatch.setattr(temporal, "FEW", few)
            found.append([our_search(*scene, objective) for objective in Objective])
        for merged, plain in zip(*found, strict=True):
            assert (merged is None) == (plain is None)
            if isinstance(merged, CostModelEvaluation) and isinstance(plain, CostModelEvaluation):
                assert merged.temporal_mapping == plain.temporal_mapping, seed
                assert merged.spatial_mapping == plain.spatial_mapping, seed
                assert (merged.energy_total, merged.latency_total2) == (plain.energy_total, plain.latency_total2)


def test_too_many_classes_are_left_to_pricing_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    _, problem = next(with_classes(0, 50))
    monkeypatch.setattr(temporal, "MOST_CLASSES", 1)
    assert order_classes(problem, LPF_LIMIT) is None
