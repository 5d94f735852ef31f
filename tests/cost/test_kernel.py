"""The kernel and its scalar twin agree on whole batches: all orders of a problem's loops, each allocated and priced."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from tests.differential import problem_of
from tests.strategies.problems import random_problem
from zigzag_lab.cost.kernel import price, supports
from zigzag_lab.cost.scalar import evaluate
from zigzag_lab.mapping.problem import MappingBatch
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.search.temporal import temporal_mappings
from zigzag_lab.vocab import InfeasibleError

N_COMPARED = 40
"""Mappings of a batch that the scalar model prices too, spread over the batch."""


def batch_of(seed: int, lpf_limit: int) -> MappingBatch | None:
    """The first mappings of a random problem that fit."""
    try:
        return next(iter(temporal_mappings(problem_of(random_problem(seed)), lpf_limit)))
    except InfeasibleError:
        return None


@pytest.mark.parametrize("first", range(0, 60, 15))
def test_every_mapping_of_a_batch_has_the_price_of_the_scalar_model(first: int) -> None:
    for seed in range(first, first + 15):
        batch = batch_of(seed, 5)
        if batch is None or not supports(batch.problem):
            continue
        pins, cycles_per_op = seed % 3 != 0, (1.0, 2.0, 8.0)[seed % 3]
        prices = price(batch, keep_at_output_pins=pins, cycles_per_op=cycles_per_op)
        for index in islice(range(len(batch)), 0, None, max(1, len(batch) // N_COMPARED)):
            mapping = TemporalMapping.of(batch.problem.layer, batch.allocated(index))
            one = evaluate(batch.problem, mapping, keep_at_output_pins=pins, cycles_per_op=cycles_per_op)
            assert prices.energy_pj[index] == pytest.approx(one.energy_pj, rel=1e-12), (seed, index)
            assert prices.latency_cycles[index] == pytest.approx(one.latency_cycles, rel=1e-12), (seed, index)


def test_a_mapping_has_one_price_in_whatever_batch_it_stands() -> None:
    for seed in range(20):
        batch = batch_of(seed, 4)
        if batch is None or not supports(batch.problem):
            continue
        together = price(batch)
        for index in range(0, len(batch), max(1, len(batch) // 4)):
            order = np.ascontiguousarray(batch.tables.order[:, index : index + 1])
            tables = type(batch.tables)(batch.problem, batch.tables.loops, order)
            alone = price(MappingBatch(tables, {op: cut[:, index : index + 1] for op, cut in batch.cuts.items()}))
            assert alone.energy_pj[0] == together.energy_pj[index]
            assert alone.latency_cycles[0] == together.latency_cycles[index]
            assert alone.edp_pj_cycles[0] == together.edp_pj_cycles[index]
