"""Temporal mappings: loops that cost nothing move down, as in the reference."""

from __future__ import annotations

import pytest

from tests.oracle.bridge import Levels, reference_price
from tests.strategies.problems import RandomProblem, random_problem
from zigzag_lab.mapping.temporal import TemporalMapping


def merged(problem: RandomProblem, levels: Levels) -> TemporalMapping:
    """Our mapping of some levels."""
    return TemporalMapping.of(problem.layer, {op: tuple(map(tuple, levels[op])) for op in problem.layer.operands})


@pytest.mark.parametrize("first", range(0, 100, 25))
def test_merging_equals_the_references(first: int) -> None:
    for seed in range(first, first + 25):
        random = random_problem(seed)
        answer = reference_price(*random.scene, random.spatial, random.levels)
        if "error" not in answer:
            theirs = {op: tuple(map(tuple, answer["temporal_mapping"][op])) for op in random.layer.operands}
            assert merged(random, random.levels).levels == theirs, seed


def test_merging_again_changes_nothing_and_loses_nothing() -> None:
    for seed in range(60):
        random = random_problem(seed)
        once = merged(random, random.levels)
        assert TemporalMapping.of(random.layer, once.levels) == once
        for op, levels in once.levels.items():
            flat = [loop for level in levels for loop in level]
            assert flat == [loop for level in random.levels[op] for loop in level]
            irrelevant = random.layer.relevancy.irrelevant[op]
            assert all(level[0][0] not in irrelevant for level in levels[1:] if level)


def test_cycles_and_text() -> None:
    random = next(r for r in map(random_problem, range(50)) if len(r.ordering) > 2)
    mapping = merged(random, random.levels)
    n = 1
    for _, size in random.ordering:
        n *= size
    assert mapping.n_cycles == n
    dim, size = random.ordering[0]
    assert f"({dim}, {size})" in str(mapping)
    assert hash(mapping) == hash(merged(random, random.levels))
