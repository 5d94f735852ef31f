"""All orders with equal beginnings merged: what plain enumeration finds, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from tests.exact.comparison import figure, small_problem
from tests.exact.networks import layer_problem
from zigzag_lab.cost.kernel import price, supports
from zigzag_lab.cost.scalar import evaluate
from zigzag_lab.exact.all_orders import Candidates, best_of_all_orders, candidates, why_unproven
from zigzag_lab.exact.all_orders import merged as merged_orders
from zigzag_lab.exact.space import Space
from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.search.factors import loop_prime_factors
from zigzag_lab.search.orderings import n_orderings
from zigzag_lab.search.temporal import fitting, temporal_mappings
from zigzag_lab.vocab import InfeasibleError, Objective, TemporalMappingType

MOST_ORDERS = 720
Prices = set[tuple[float, float]]


def merged(problem: Problem) -> Candidates:
    return candidates(problem, few=0, most_one_by_one=0)


def kernel_prices(batches: Iterable[MappingBatch]) -> Prices:
    found: Prices = set()
    try:
        for batch in batches:
            prices = price(batch)
            found.update(zip(prices.energy_pj.tolist(), prices.latency_cycles.tolist(), strict=True))
    except InfeasibleError:
        return set()
    return found


def scalar_prices(batches: Iterable[MappingBatch]) -> Prices:
    found: Prices = set()
    for batch in batches:
        for index in range(len(batch)):
            breakdown = evaluate(batch.problem, TemporalMapping.of(batch.problem.layer, batch.allocated(index)))
            found.add((float(breakdown.energy_pj), float(breakdown.latency_cycles)))
    return found


def of_merged(problem: Problem) -> Iterable[MappingBatch]:
    among = merged(problem)
    yield from fitting(problem, among.loops, among.orders, TemporalMappingType.UNEVEN)


def is_in_doubt(problem: Problem) -> bool:
    """Whether merging may lose the best order; not where an outermost memory cannot hold whole tensors."""
    try:
        return why_unproven(Space(problem)) is not None
    except InfeasibleError:
        return False


def small_problems(first: int, last: int, *, in_doubt: bool) -> Iterable[Problem]:
    """Random problems of few orders whose merging is proven, or is not."""
    for seed in range(first, last):
        problem = small_problem(seed)
        few = n_orderings(loop_prime_factors(problem.temporal_sizes, None)) <= MOST_ORDERS
        if few and supports(problem) and is_in_doubt(problem) == in_doubt:
            yield problem


@pytest.mark.parametrize("first", range(0, 1000, 250))
def test_merging_keeps_every_price_that_some_order_has(first: int) -> None:
    counts: Counter[str] = Counter()
    for given in small_problems(first, first + 250, in_doubt=False):
        problem = given.with_repeated_reads(skipped=bool(len(given.temporal_sizes) % 2))
        truth = kernel_prices(temporal_mappings(problem, None))
        assert kernel_prices(of_merged(problem)) == truth, first
        counts["fits" if truth else "nothing fits"] += 1
        counts["forced double buffering"] += any(m.force_double_buffering for m in problem.accelerator.memories)
        counts["partially relevant loops"] += any(problem.layer.relevancy.partial.values())
    assert counts["fits"] >= 50
    assert all(counts[kind] for kind in ("nothing fits", "forced double buffering", "partially relevant loops"))


def test_the_best_is_that_of_plain_enumeration_priced_by_the_scalar_model() -> None:
    n_compared = 0
    for problem in small_problems(1000, 1200, in_doubt=False):
        if n_orderings(loop_prime_factors(problem.temporal_sizes, None)) > 24:
            continue
        try:
            truth = scalar_prices(temporal_mappings(problem, None))
        except InfeasibleError:
            continue
        for objective in Objective:
            answer = best_of_all_orders(problem, objective, among=merged(problem))
            best = min(figure(objective, *prices) for prices in truth)
            assert answer.certificate.is_proven
            assert answer.certificate.best == figure(objective, answer.energy_pj, answer.latency_cycles)
            assert answer.certificate.best == pytest.approx(best, rel=1e-12)
        n_compared += 1
    assert n_compared > 10


def test_in_doubt_the_certificate_still_holds() -> None:
    counts: Counter[str] = Counter()
    for problem in small_problems(2000, 2040, in_doubt=True):
        truth = kernel_prices(temporal_mappings(problem, None))
        if not truth:
            with pytest.raises(InfeasibleError):
                best_of_all_orders(problem, Objective.ENERGY)
            continue
        for objective in Objective:
            best = min(figure(objective, *prices) for prices in truth)
            assert best_of_all_orders(problem, objective).certificate.best == best
            proof = best_of_all_orders(problem, objective, among=merged(problem)).certificate
            assert proof.lower_bound <= best * (1 + 1e-12)
            assert proof.lower_bound <= proof.best
            counts["proven" if proof.is_proven else "open"] += 1
            if proof.is_proven:
                assert proof.best == pytest.approx(best, rel=1e-9)
    assert counts["proven"]
    assert counts["open"]


def test_a_convolution_has_few_classes_of_orders() -> None:
    problem = layer_problem("tpu_like")
    among = merged(problem)
    n_classes = sum(order.shape[1] for order in among.orders)
    assert among.is_proven
    assert 90 * n_classes < n_orderings(among.loops)
    assert kernel_prices(of_merged(problem)) == kernel_prices(temporal_mappings(problem, None))


def test_too_many_beginnings_are_thinned_out_and_prove_nothing() -> None:
    problem = layer_problem("tpu_like")
    thinned = merged_orders(Space(problem), 5, in_doubt=False)
    answer = best_of_all_orders(problem, Objective.LATENCY, among=thinned)
    assert not thinned.is_proven
    assert answer.certificate.n_priced <= 5
    best = best_of_all_orders(problem, Objective.LATENCY).certificate
    assert answer.certificate.lower_bound <= best.best <= answer.certificate.best


def test_wishes_for_the_order_are_kept() -> None:
    free = layer_problem("tpu_like")
    (dim, *_) = free.temporal_sizes
    for wishes in (((dim, None), ("*", None)), (("*", None), (dim, 2))):
        problem = replace(free, constraints=replace(free.constraints, temporal_ordering=wishes))
        truth = kernel_prices(temporal_mappings(problem, None))
        assert kernel_prices(of_merged(problem)) == truth < kernel_prices(temporal_mappings(free, None))


def test_many_keys_take_several_words(monkeypatch: pytest.MonkeyPatch) -> None:
    space = Space(layer_problem("tpu_like"))
    expected = np.concatenate(list(merged_orders(space, 10**6, in_doubt=False).orders), axis=1)
    monkeypatch.setattr("zigzag_lab.mapping.classes._MOST_VALUES", 1)
    assert np.array_equal(np.concatenate(list(merged_orders(space, 10**6, in_doubt=False).orders), axis=1), expected)
