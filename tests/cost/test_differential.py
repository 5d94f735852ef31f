"""Same mapping, same price: random problems against zigzag-dse, every term of every price, and every allocation."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.differential import differences
from tests.strategies.problems import RandomProblem, problems, random_problem

N, CHUNK = 520, 26
SEEDS = 20_000
"""Where the seeds of this test start; those below are for long runs by hand."""


@pytest.mark.parametrize("first", range(SEEDS, SEEDS + N, CHUNK))
def test_random_problems_do_not_differ(first: int) -> None:
    for seed in range(first, first + CHUNK):
        random = random_problem(seed)
        assert list(differences(random, keep_pins=seed % 3 != 0, even=seed % 4 == 0)) == [], seed


@settings(max_examples=25)
@given(problems(shrinkable=True))
def test_problems_that_hypothesis_can_shrink_do_not_differ(problem: RandomProblem) -> None:
    assert list(differences(problem)) == []
