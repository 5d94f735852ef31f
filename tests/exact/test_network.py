"""The front of a network is that of all combinations of its layers' points."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from zigzag_lab.exact.targets import combined

POINTS = st.tuples(st.integers(1, 50), st.integers(1, 50))
FRONTS = st.lists(st.lists(POINTS, min_size=1, max_size=5), min_size=1, max_size=4)


@given(FRONTS)
def test_it_is_the_front_of_all_combinations(fronts: list[list[tuple[int, int]]]) -> None:
    sums = {(sum(e for e, _ in points), sum(t for _, t in points)) for points in product(*fronts)}
    front = {p for p in sums if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in sums)}
    found = combined(fronts)
    assert {(e, t) for e, t, _ in found} == front
    assert [e for e, _, _ in found] == sorted(e for e, _, _ in found)
    for energy, latency, chosen in found:
        points = [front[i] for front, i in zip(fronts, chosen, strict=True)]
        assert (sum(e for e, _ in points), sum(t for _, t in points)) == (energy, latency)


def test_no_layers_cost_nothing() -> None:
    assert combined([]) == [(0.0, 0.0, ())]
