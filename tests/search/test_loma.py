"""LOMA's allocation: whole batches against the reference, and what it says of orders that do not fit."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from tests.differential import problem_of
from tests.oracle.bridge import reference_allocate
from tests.strategies.problems import RandomProblem, random_problem
from zigzag_lab.mapping.batch import LoopTables
from zigzag_lab.search.factors import loop_prime_factors
from zigzag_lab.search.loma import Allocation, allocate
from zigzag_lab.search.orderings import orderings
from zigzag_lab.vocab import TemporalMappingType

N_ORDERS = 12


def all_at_once(random: RandomProblem, kind: TemporalMappingType) -> tuple[LoopTables, Allocation]:
    """Some orders of a problem's loops, spread over all of them, allocated as one batch."""
    problem = problem_of(random)
    loops = loop_prime_factors(problem.temporal_sizes, 5)
    order = np.concatenate(list(islice(orderings(loops), 4)), axis=1)
    order = order[:, :: max(1, order.shape[1] // N_ORDERS)]
    tables = LoopTables(problem, loops, order)
    return tables, allocate(tables, kind)


@pytest.mark.parametrize("kind", list(TemporalMappingType))
@pytest.mark.parametrize("first", range(0, 60, 20))
def test_a_batch_is_allocated_as_the_reference_allocates_each_order(kind: TemporalMappingType, first: int) -> None:
    for seed in range(first, first + 20):
        random = random_problem(seed)
        tables, allocation = all_at_once(random, kind)
        fitting = allocation.fitting
        ours = [] if fitting is None else [fitting.allocated(i) for i in range(len(fitting))]
        theirs = []
        for column in tables.order.T:
            ordering = [tables.loops[i] for i in column]
            levels = reference_allocate(*random.scene, random.spatial, ordering, kind is TemporalMappingType.EVEN)
            if levels is not None:
                theirs.append({op: tuple(map(tuple, levels[op])) for op in random.layer.operands})
        assert ours == theirs, seed
        assert allocation.fits.sum() == len(theirs)


def test_a_rejection_names_the_memory_and_what_it_lacks() -> None:
    checked = 0
    for seed in range(40):
        random = random_problem(seed)
        _, allocation = all_at_once(random, TemporalMappingType.UNEVEN)
        miss = allocation.nearest_miss
        assert (miss is not None) == (not allocation.fits.all())
        if miss is None or allocation.fitting is not None or not np.isfinite(miss.missing_bits):
            continue
        checked += 1
        assert miss.missing_bits > 0
        memories = tuple(
            replace(m, size_bits=m.size_bits + int(np.ceil(miss.missing_bits))) if m.name == miss.memory else m
            for m in random.accelerator.memories
        )
        larger = replace(random, accelerator=replace(random.accelerator, memories=memories))
        _, again = all_at_once(larger, TemporalMappingType.UNEVEN)
        assert again.nearest_miss is None or again.nearest_miss.memory != miss.memory or again.fitting is not None
    assert checked > 5
