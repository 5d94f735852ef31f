"""Static energy counts in the answers of searches and in their proofs."""

from __future__ import annotations

from collections import Counter

from tests.exact.leaking import compared

SEEDS = range(600, 642)
FEW, MOST_MAPPINGS = (20, 400), 400


def test_the_best_and_the_front_are_those_of_brute_force_where_power_leaks() -> None:
    counts: Counter[str] = Counter()
    for seed in SEEDS:
        assert not compared(seed, counts, limit=MOST_MAPPINGS, sizes=FEW), f"seed {seed}"
    assert counts["compared"] >= 40
    assert counts["proven"] == 3 * counts["compared"]
    assert counts["proven fronts"] == counts["compared"]
    assert counts["another mapping is best"] > 3
    assert counts["arrays that compute in memory"] > 3
    assert counts["several designs or spatial mappings"] > 2
