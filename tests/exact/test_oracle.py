"""What exact search finds costs the same by ZigZag's own cost model."""

from __future__ import annotations

from math import isclose

import pytest

from tests.exact.networks import layer_problem
from tests.oracle.bridge import reference_price
from zigzag_lab.exact.solve import solve
from zigzag_lab.vocab import Objective


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
