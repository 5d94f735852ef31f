"""The kernel and its scalar twin agree on whole batches: all orders of a problem's loops, each allocated and priced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from tests.differential import problem_of
from tests.strategies.problems import random_problem
from zigzag_lab.cost.kernel import price, supports
from zigzag_lab.cost.scalar import evaluate
from zigzag_lab.hardware import ArrayCosts, OperationalArray
from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.search.temporal import temporal_mappings
from zigzag_lab.vocab import InfeasibleError

N_COMPARED = 40
"""Mappings of a batch that the scalar model prices too, spread over the batch."""


def batch_of(seed: int, lpf_limit: int) -> MappingBatch | None:
    """The first mappings of a random problem that fit; of every third problem, with repeated reads."""
    problem = problem_of(random_problem(seed), skip_repeated_reads=seed % 3 != 0)
    try:
        return next(iter(temporal_mappings(problem, lpf_limit)))
    except InfeasibleError:
        return None


def batches(seeds: range, lpf_limit: int) -> Iterator[tuple[int, MappingBatch]]:
    """Seeds and their batches, of the problems that fit and that the kernel covers."""
    for seed in seeds:
        batch = batch_of(seed, lpf_limit)
        if batch is not None and supports(batch.problem):
            yield seed, batch


@pytest.mark.parametrize("first", range(0, 60, 15))
def test_every_mapping_of_a_batch_has_the_price_of_the_scalar_model(first: int) -> None:
    n_problems = n_mappings = 0
    for seed, batch in batches(range(first, first + 15), 5):
        n_problems += 1
        cycles_per_op = (1.0, 2.0, 8.0)[seed % 3]
        prices = price(batch, cycles_per_op=cycles_per_op)
        for index in islice(range(len(batch)), 0, None, max(1, len(batch) // N_COMPARED)):
            n_mappings += 1
            mapping = TemporalMapping.of(batch.problem.layer, batch.allocated(index))
            one = evaluate(batch.problem, mapping, cycles_per_op=cycles_per_op)
            assert prices.energy_pj[index] == pytest.approx(one.energy_pj, rel=1e-12), (seed, index)
            assert prices.latency_cycles[index] == pytest.approx(one.latency_cycles, rel=1e-12), (seed, index)
    assert n_problems >= 7, "the kernel covers too few problems for this test to mean anything"
    assert n_mappings >= 10 * n_problems


def test_an_array_with_costs_by_part_is_priced_the_same_by_both() -> None:
    n_mappings = 0
    costs = ArrayCosts("parts", {"a": 0.1, "b": 0.2, "c": 0.7}, {"all": 1.0}, cycles_per_op=3)
    for seed, batch in batches(range(12), 4):
        accelerator = batch.problem.accelerator
        if accelerator.array.imc is not None:
            continue
        array = OperationalArray.of_costs(accelerator.array.sizes, costs)
        problem = replace(batch.problem, accelerator=replace(accelerator, array=array))
        first = next(iter(temporal_mappings(problem, 4)))
        prices = price(first)
        for index in islice(range(len(first)), 0, None, max(1, len(first) // 10)):
            n_mappings += 1
            one = evaluate(problem, TemporalMapping.of(problem.layer, first.allocated(index)))
            assert prices.energy_pj[index] == pytest.approx(one.energy_pj, rel=1e-12), (seed, index)
            assert prices.latency_cycles[index] == pytest.approx(one.latency_cycles, rel=1e-12), (seed, index)
            assert one.mac_energy_pj == pytest.approx(1.0 * problem.layer.n_macs)
    assert n_mappings >= 20


def test_a_mapping_has_one_price_in_whatever_batch_it_stands() -> None:
    n_mappings = n_orders = 0
    for _, batch in batches(range(20), 4):
        together = price(batch)
        n_orders += len(batch)
        for index in range(0, len(batch), max(1, len(batch) // 4)):
            n_mappings += 1
            order = np.ascontiguousarray(batch.tables.order[:, index : index + 1])
            tables = type(batch.tables)(batch.problem, batch.tables.loops, order)
            alone = price(MappingBatch(tables, {op: cut[:, index : index + 1] for op, cut in batch.cuts.items()}))
            assert alone.energy_pj[0] == together.energy_pj[index]
            assert alone.latency_cycles[0] == together.latency_cycles[index]
            assert alone.edp_pj_cycles[0] == together.edp_pj_cycles[index]
    assert n_mappings >= 40, "too few mappings fit for this test to mean anything"
    assert n_orders > 2 * n_mappings, "most mappings stood alone anyway"
