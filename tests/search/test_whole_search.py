"""Whole searches of one layer: never worse than the reference, better only for a reason in DEPARTURES.md."""

from __future__ import annotations

from collections import Counter
from math import isclose
from typing import Any

import pytest

from tests.oracle.bridge import reference_run, reference_spatial_candidates
from tests.search.whole import our_search
from tests.strategies.problems import random_search
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.search.spatial import spatial_mappings
from zigzag_lab.search.temporal import temporal_mappings
from zigzag_lab.vocab import InfeasibleError, Objective

N, CHUNK = 120, 10
OBJECTIVES = tuple(Objective)


def objective_of(objective: Objective, energy: float, latency: float) -> float:
    """The figure that a search minimises."""
    return {Objective.ENERGY: energy, Objective.LATENCY: latency, Objective.EDP: energy * latency}[objective]


def outcome(seed: int) -> str:
    """How our best compares with the reference's on the random search of a seed."""
    scene = random_search(seed, 4)
    objective, lpf_limit = OBJECTIVES[seed % 3], (3, 4, 5)[seed // 3 % 3]
    mixed, even = seed % 7 == 0, seed % 5 == 0
    kind = "even" if even else "uneven"
    mixing = {"enable_mix_spatial_mapping_generation": mixed}
    best = our_search(*scene, objective, lpf_limit=lpf_limit, temporal_mapping_type=kind, **mixing)
    ours = None if best is None else objective_of(objective, best.energy_total, best.latency_total2)
    try:
        answer = reference_run(*scene, objective, lpf_limit=lpf_limit, mixed=mixed, even=even)
    except AssertionError:
        return "the reference gave up"
    if answer is None:
        return "nothing fits" if ours is None else "only we found one"
    theirs = objective_of(objective, answer["energy_total"], answer["latency_total2"])
    if ours is None:
        return f"we found none, seed {seed}"
    if isclose(ours, theirs, rel_tol=1e-9):
        return "equal"
    return "better" if ours < theirs and has_more_candidates(scene, mixed) else f"{ours} against {theirs}, seed {seed}"


def has_more_candidates(scene: Any, mixed: bool) -> bool:
    """Whether we tried spatial mappings that the reference did not: ties, and other ways to shrink."""
    theirs = reference_spatial_candidates(*scene, 3, mixed)
    return len(spatial_mappings(*scene, 3, mixed=mixed)) > len(theirs)


@pytest.mark.parametrize("first", range(0, N, CHUNK))
def test_our_best_is_equal_or_better(first: int) -> None:
    outcomes = Counter(outcome(seed) for seed in range(first, first + CHUNK))
    assert set(outcomes) <= {"equal", "better", "nothing fits", "only we found one", "the reference gave up"}
    assert outcomes["equal"] > 0


@pytest.mark.parametrize("seed", [42, 59])
def test_one_bad_spatial_mapping_does_not_end_the_search(seed: int) -> None:
    assert outcome(seed) == "only we found one"
    scene = random_search(seed, 4)
    fit = [fits_greedily(*scene, mapping) for mapping in spatial_mappings(*scene, 3, mixed=seed % 7 == 0)]
    assert any(fit)
    assert not all(fit)


def fits_greedily(layer: Any, accelerator: Any, constraints: Any, mapping: Any) -> bool:
    """Whether LOMA finds an order that fits under a spatial mapping."""
    try:
        return next(temporal_mappings(Problem.of(layer, accelerator, constraints, mapping), 5), None) is not None
    except InfeasibleError:
        return False
