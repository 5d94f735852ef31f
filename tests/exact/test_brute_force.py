"""Exact search finds what brute force finds; more seeds by hand (``tests/exact_by_hand.py``)."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.exact.brute import Loops, all_of, loops_of, orders
from tests.exact.cases import Case, random_case
from tests.exact.comparison import compared, differences, small_problem
from tests.exact.features import INEXACT, features_of
from tests.oracle.bridge import reference_allocate
from zigzag_lab.cost.kernel import supports
from zigzag_lab.exact import search
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.temporal import TemporalMapping

SEEDS = range(445, 500)
FEW, MOST_MAPPINGS = (20, 400), 400
UNKNOWN_TO_ZIGZAG = {"in-memory arrays", "layers of one input", "results wider than partial sums"}
"""AllocationTable that it does not take, or of which it allocates what we hold to be too much (see ``exact.space``)."""

KINDS = (
    "all spatial mappings",
    "all spatial mappings, mixed",
    "bypass",
    "by three",
    "double buffering forced",
    "forced for some memories",
    "fractional unrollings",
    "fronts of several points",
    "in-memory arrays",
    "inputs exchanged or left out",
    "inputs read afresh each cycle",
    "layers of one input",
    "memories without an operand",
    "not forced",
    "nothing fits",
    "operands of no bits",
    "operands of one level",
    "partially relevant loops in time",
    "partially relevant loops unrolled",
    "private memories",
    "proven fronts",
    "results wider than partial sums",
    "several outermost memories",
    "shared by two",
    "strides or dilations",
    "wishes for the order",
    INEXACT,
)


def test_the_best_and_the_front_are_those_of_brute_force() -> None:
    counts: Counter[str] = Counter()
    for seed in SEEDS:
        assert not compared(seed, counts, limit=MOST_MAPPINGS, sizes=FEW, scalar=seed % 3 == 0), f"seed {seed}"
    assert counts["compared"] > 0.9 * len(SEEDS)
    assert not counts["left open"]
    assert not counts["open fronts"]
    assert all(counts[kind] for kind in KINDS), counts


def test_narrow_sweeps_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "WIDTHS", (2, 5, 20, 10**6))
    counts: Counter[str] = Counter()
    for seed in (*range(40, 60), 275, 286, 425):
        problem = small_problem(seed, 5)
        if supports(problem):
            case = Case.of(problem.with_repeated_reads(skipped=seed % 3 != 0))
            most = 600 if seed < 60 else 4_000
            assert not differences(case, counts, limit=most, scalar=False), f"seed {seed}"
    assert counts["compared"] > 5
    assert counts["proven"] > 2 * counts["left open"]


def allocated_by_zigzag(problem: Problem, order: Loops) -> TemporalMapping | None:
    """An order as the reference allocates it; None where it finds no room."""
    spatial = {dim: dict(loops) for dim, loops in problem.spatial_mapping.unrollings.items()}
    levels = reference_allocate(problem.layer, problem.accelerator, problem.constraints, spatial, order)
    if levels is None:
        return None
    allocated = {op: tuple(map(tuple, of_operand)) for op, of_operand in levels.items()}
    return TemporalMapping.of(problem.layer, {op: allocated[op] for op in problem.operands})


def test_whatever_zigzag_allocates_is_among_the_mappings_of_brute_force() -> None:
    counts: Counter[str] = Counter()
    for seed in SEEDS[:40]:
        case = random_case(seed, FEW)
        features = features_of(case)
        if UNKNOWN_TO_ZIGZAG & set(features):
            continue
        for order in list(orders(loops_of(case.given)))[:10]:
            allocated = allocated_by_zigzag(case.given, order)
            _, mappings = all_of(case.given, order, MOST_MAPPINGS)
            assert allocated is None or allocated in [m.temporal(case.given) for m in mappings], f"seed {seed}"
            counts["fits" if allocated else "fits only if allocated less greedily" if mappings else "does not fit"] += 1
            counts.update(features)
    assert counts["fits"] > 100
    assert all(counts[kind] for kind in ("forced for some memories", "by three", "does not fit", INEXACT)), counts
