"""Bypass: the best over all choices of skipped memories, and what a file must not ask for."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from tests.exact.brute import Everything, everything
from tests.exact.cases import designs_by_hand, free_to_skip
from tests.exact.comparison import REDUCTIONS, figure, small_problem
from tests.oracle.bridge import reference_price
from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.cost.kernel import supports
from zigzag_lab.mapping.bypass import designs
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.stages import (
    CostModelStage,
    ExactFrontStage,
    ExactStage,
    LomaStage,
    ParetoFrontStage,
    SpatialMappingConversionStage,
)
from zigzag_lab.vocab import InfeasibleError, Objective

MOST_MAPPINGS = 400


def brute(problem: Problem) -> list[Everything] | None:
    """Every mapping of every choice; None where there are too many."""
    found = []
    for design in designs_by_hand(problem.accelerator):
        of_design = Problem.of(problem.layer, design, problem.constraints, problem.spatial_mapping)
        truth = everything(of_design, MOST_MAPPINGS, scalar=False)
        if truth is None:
            return None
        found.append(truth)
    return found


def given(problem: Problem) -> dict[str, Any]:
    return {
        "layer": problem.layer,
        "accelerator": problem.accelerator,
        "constraints": problem.constraints,
        "user_spatial_mapping": problem.spatial_mapping,
    }


def searched(problem: Problem, objective: Objective, stage: Any = ExactStage, **more: Any) -> CostModelEvaluation:
    below = [SpatialMappingConversionStage, stage, CostModelStage]
    if stage is ExactStage:
        more = {"exact_objective": objective, "exact_time_limit": None, **more}
    ((best, _),) = REDUCTIONS[objective](below, **given(problem), **more).run()
    assert isinstance(best, CostModelEvaluation)
    return best


def allowed(seed: int) -> Problem:
    """A small random problem on an accelerator whose memories may be skipped."""
    problem = small_problem(seed, 3)
    accelerator = free_to_skip(problem.accelerator, Random(seed))
    return Problem.of(problem.layer, accelerator, problem.constraints, problem.spatial_mapping)


@pytest.mark.parametrize("first", [0, 16])
def test_the_best_choice_is_that_of_brute_force(first: int) -> None:
    counts: Counter[str] = Counter()
    for seed in range(first, first + 16):
        problem = allowed(seed)
        truth = brute(problem) if supports(problem) else None
        if truth is None or not any(t.prices for t in truth):
            continue
        for objective in Objective:
            best = min(figure(objective, *prices) for t in truth for prices in t.prices)
            found = searched(problem, objective)
            value = figure(objective, found.energy_total, found.latency_total2)
            assert found.certificate is not None
            if found.certificate.is_proven:
                assert value == pytest.approx(best, rel=1e-12), f"seed {seed}, {objective}"
            assert found.certificate.lower_bound <= best * (1 + 1e-12)
            counts["compared"] += 1
            counts["proven"] += found.certificate.is_proven
            without = [figure(objective, *prices) for prices in truth[0].prices]
            counts["gains"] += not without or best < min(without) * (1 - 1e-9)
            counts["choices"] += "skipped memories" in found.certificate.space
    assert counts["compared"] > 12
    assert counts["proven"] > counts["compared"] / 2
    assert counts["gains"] > 3
    assert counts["choices"] > 5


def test_the_front_is_that_of_brute_force() -> None:
    n_compared = 0
    for seed in range(16):
        problem = allowed(seed)
        truth = brute(problem) if supports(problem) else None
        if truth is None or not any(t.prices for t in truth):
            continue
        every = Everything(prices={prices for t in truth for prices in t.prices})
        below = [SpatialMappingConversionStage, ExactFrontStage, CostModelStage]
        results = list(ParetoFrontStage(below, exact_time_limit=None, **given(problem)).run())
        (certificate,) = {cme.certificate for cme, _ in results}  # type: ignore[attr-defined]
        if certificate.is_proven:
            n_compared += 1
            found = [(cme.energy_total, cme.latency_total2) for cme, _ in results]
            assert found == [pytest.approx(point, rel=1e-12) for point in every.front()]
    assert n_compared > 4


def test_the_winner_costs_the_same_by_zigzag() -> None:
    n_skipped = 0
    for seed in range(12):
        problem = allowed(seed)
        if not supports(problem) or problem.accelerator.array.imc:
            continue
        try:
            found = searched(problem, Objective.ENERGY, LomaStage, loma_lpf_limit=4)
        except InfeasibleError:
            continue
        n_skipped += found.accelerator is not problem.accelerator
        design = replace(found.accelerator, memories=tuple(m for m in found.accelerator.memories if m.operands))
        levels = {op: [list(level) for level in of_op] for op, of_op in found.temporal_mapping.levels.items()}
        spatial = {dim: dict(loops) for dim, loops in problem.spatial_mapping.unrollings.items()}
        theirs = reference_price(problem.layer, design, problem.constraints, spatial, levels, True)
        assert found.energy_total == pytest.approx(theirs["energy_total"], rel=1e-9)
        assert found.latency_total2 == theirs["latency_total2"]
    assert n_skipped > 2


def test_without_permission_there_is_one_design() -> None:
    problem = small_problem(3)
    assert list(designs(problem.layer, problem.accelerator, problem.constraints)) == [problem.accelerator]
