"""What exact search finds costs the same by ZigZag's own cost model."""

from __future__ import annotations

from collections import Counter
from itertools import cycle
from math import isclose

import pytest

from tests.exact.cases import random_case
from tests.exact.features import features_of
from tests.exact.networks import layer_problem
from tests.exact.repricing import repriced_case
from tests.oracle.bridge import reference_price
from zigzag_lab.exact.solve import solve
from zigzag_lab.vocab import InfeasibleError, Objective


@pytest.mark.parametrize("accelerator", ["tpu_like", "ascend_like", "eyeriss_like"])
@pytest.mark.parametrize("objective", list(Objective))
def test_the_winner_costs_the_same_by_zigzag(accelerator: str, objective: Objective) -> None:
    problem = layer_problem(accelerator)
    answer = solve(problem, objective, seconds=None)
    levels = {op: [list(level) for level in of_op] for op, of_op in answer.batch.allocated(answer.index).items()}
    spatial = {dim: dict(loops) for dim, loops in problem.spatial_mapping.unrollings.items()}
    scene = problem.layer, problem.accelerator, problem.constraints
    theirs = reference_price(*scene, spatial, levels, True)
    assert isclose(theirs["energy_total"], answer.energy_pj, rel_tol=1e-9)
    assert theirs["latency_total2"] == answer.latency_cycles


def test_the_winners_of_random_cases_cost_the_same_by_zigzag() -> None:
    counts: Counter[str] = Counter()
    for seed, objective in zip(range(465, 490), cycle(Objective), strict=False):
        case = random_case(seed, (20, 400))
        try:
            found = repriced_case(case, objective)
        except InfeasibleError:
            continue
        if found is None or found.error:
            continue
        assert not found.differs, f"seed {seed}: {found}"
        counts.update(["compared", *features_of(case)])
    assert counts["compared"] > 12
    assert all(counts[kind] for kind in ("bypass", "all spatial mappings", "double buffering forced"))
