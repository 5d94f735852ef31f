"""Random problems against zigzag-dse: every term of every price, every allocation, and what is proposed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.differential import differences
from tests.differential_kinds import KINDS
from tests.strategies.problems import RandomProblem, problems, random_problem

N, CHUNK = 400, 25
N_OF_A_KIND = 300
SEEDS = 20_000
"""Where the seeds of this test start; those below are for long runs by hand."""


@pytest.mark.parametrize("first", range(SEEDS, SEEDS + N, CHUNK))
def test_random_problems_do_not_differ(first: int) -> None:
    for seed in range(first, first + CHUNK):
        random = random_problem(seed)
        assert list(differences(random, keep_pins=seed % 3 != 0)) == [], seed


@pytest.mark.parametrize("first", range(SEEDS, SEEDS + N_OF_A_KIND, CHUNK))
@pytest.mark.parametrize("kind", KINDS)
def test_random_problems_of_a_kind_do_not_differ(kind: str, first: int) -> None:
    """Even mappings, mixed spatial mappings, wished-for orders, in-memory arrays, data locality."""
    for seed in range(first, first + CHUNK):
        assert list(KINDS[kind](seed)) == [], seed


@settings(max_examples=25)
@given(problems(shrinkable=True))
def test_problems_that_hypothesis_can_shrink_do_not_differ(problem: RandomProblem) -> None:
    assert list(differences(problem)) == []
