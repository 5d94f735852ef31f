"""Terms of a price add up."""

from __future__ import annotations

import pytest

from tests.differential import problem_of
from tests.strategies.problems import random_problem
from zigzag_lab.cost.breakdown import FourWay
from zigzag_lab.cost.scalar import evaluate
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.vocab import Direction


def test_cycles_and_energies_add_up() -> None:
    for seed in range(40):
        random = random_problem(seed)
        problem = problem_of(random)
        levels = {op: tuple(map(tuple, random.levels[op])) for op in problem.operands}
        b = evaluate(problem, TemporalMapping.of(random.layer, levels))
        assert b.ideal_cycles <= b.temporal_cycles <= b.compute_cycles
        assert b.compute_cycles == b.temporal_cycles + b.stall_cycles
        assert b.latency_cycles == b.compute_cycles + b.onload_cycles + b.offload_cycles + b.drain_cycles
        assert b.energy_pj == pytest.approx(b.mac_energy_pj + sum(map(sum, b.level_energy_pj.values())))
        for levels_of in b.accesses.values():
            assert all(level[d] >= 0 for level in levels_of for d in Direction)


def test_four_directions() -> None:
    figures = FourWay(1, 2, 3, 4)
    assert figures.total == 10
    assert (figures + figures) == figures * 2
    assert figures.get("rd_out_to_low") == figures.get("to_low") == figures[Direction.TO_LOW] == 1
    assert figures.as_reference()["wr_in_by_high"] == 4
