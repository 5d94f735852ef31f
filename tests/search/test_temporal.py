"""Proposals of temporal mappings, batch by batch."""

from __future__ import annotations

import pytest

from tests.differential import problem_of
from tests.oracle.bridge import reference_allocate, reference_orderings
from tests.strategies.problems import random_problem
from zigzag_lab.search.temporal import temporal_mappings
from zigzag_lab.vocab import InfeasibleError


@pytest.mark.parametrize("first", range(0, 45, 15))
def test_they_are_the_references_in_its_order(first: int) -> None:
    for seed in range(first, first + 15):
        random = random_problem(seed)
        theirs = []
        for ordering in reference_orderings(random.layer, random.accelerator, random.spatial, 4, random.constraints):
            levels = reference_allocate(*random.scene, random.spatial, ordering)
            if levels is not None:
                theirs.append({op: tuple(map(tuple, levels[op])) for op in random.layer.operands})
        try:
            batches = list(temporal_mappings(problem_of(random), 4))
        except InfeasibleError:
            batches = []
        if random.ordering:
            assert [batch.allocated(i) for batch in batches for i in range(len(batch))] == theirs, seed


def test_a_memory_that_is_too_small_is_named() -> None:
    messages = []
    for seed in range(40):
        try:
            list(temporal_mappings(problem_of(random_problem(seed)), 4))
        except InfeasibleError as error:
            messages.append(str(error))
    assert len(messages) > 5
    assert all("mem_" in message and "too small" in message for message in messages)
