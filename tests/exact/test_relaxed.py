"""Bounds that need no graph, and searches that are told what is to be beaten."""

from __future__ import annotations

from math import isclose

import pytest

from tests.exact.comparison import small_problem
from zigzag_lab.exact.relaxed import Relaxation
from zigzag_lab.exact.solve import NothingBetterError, solve
from zigzag_lab.exact.space import Space
from zigzag_lab.vocab import InfeasibleError, InputError, Objective


def solved(seed: int, objective: Objective) -> float | None:
    try:
        answer = solve(small_problem(seed, 5), objective, seconds=None)
    except (InfeasibleError, InputError):
        return None
    return answer.certificate.best if answer.certificate.is_proven else None


def test_no_mapping_is_below_the_relaxed_bounds() -> None:
    n_compared = 0
    for seed in range(60):
        energy, latency = (solved(seed, objective) for objective in (Objective.ENERGY, Objective.LATENCY))
        if energy is None or latency is None:
            continue
        relaxed = Relaxation(Space(small_problem(seed, 5)))
        assert relaxed.energy_pj() <= energy * (1 + 1e-12), seed
        assert relaxed.latency_cycles() <= latency * (1 + 1e-12), seed
        n_compared += 1
    assert n_compared > 15


@pytest.mark.parametrize("objective", list(Objective))
def test_what_is_to_be_beaten_is_met_but_nothing_worse_is_looked_for(objective: Objective) -> None:
    n_compared = 0
    for seed in range(40):
        best, problem = solved(seed, objective), small_problem(seed, 5)
        if best is None:
            continue
        for to_beat in (best, best * 1.5):
            answer = solve(problem, objective, seconds=None, to_beat=to_beat)
            assert isclose(answer.certificate.best, best, rel_tol=1e-9), seed
            assert answer.certificate.lower_bound <= best * (1 + 1e-9)
        with pytest.raises(NothingBetterError) as nothing:
            solve(problem, objective, seconds=None, to_beat=best * 0.99)
        assert nothing.value.certificate.lower_bound <= best * 0.99 * (1 + 1e-9)
        n_compared += 1
    assert n_compared > 10
