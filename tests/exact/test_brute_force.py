"""Exact search finds what brute force finds; more seeds by hand (``tests/exact_by_hand.py``)."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.exact.comparison import compared
from zigzag_lab.exact import search

N, CHUNK, MOST_MAPPINGS = 120, 30, 600


@pytest.mark.parametrize("first", range(0, N, CHUNK))
def test_the_best_and_the_front_are_those_of_brute_force(first: int) -> None:
    counts: Counter[str] = Counter()
    for seed in range(first, first + CHUNK):
        found = compared(seed, MOST_MAPPINGS, counts, max_factors=4)
        assert not found, f"seed {seed}"
    assert counts["compared"] > 5
    assert counts["proven"] > 2 * counts["left open"]


def test_narrow_sweeps_that_look_ahead_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "WIDTHS", (2, 5, 20, 10**6))
    counts: Counter[str] = Counter()
    for seed in (*range(40, 60), 275, 286, 425):
        assert not compared(seed, 600 if seed < 60 else 4000, counts, max_factors=5), f"seed {seed}"
    assert counts["compared"] > 5
    assert counts["proven"] > 2 * counts["left open"]


def test_brute_force_by_the_scalar_model_agrees_too() -> None:
    counts: Counter[str] = Counter()
    for seed in range(200, 220):
        assert not compared(seed, 300, counts, max_factors=4, scalar=True), f"seed {seed}"
    assert counts["compared"] > 1


def test_every_kind_of_problem_is_among_them() -> None:
    counts: Counter[str] = Counter()
    for seed in range(N, N + 30):
        compared(seed, 200, counts, max_factors=4)
    kinds = (
        "nothing fits",
        "forced double buffering",
        "shared memories",
        "partially relevant loops",
        "fractional unrollings",
        "in-memory arrays",
        "fronts of several points",
        "proven fronts",
    )
    assert all(counts[kind] for kind in kinds), counts
