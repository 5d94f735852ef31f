from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from tests.differential import problem_of
from tests.strategies.problems import RandomProblem, random_problem
from tests.strategies.random_imc import random_imc_problem
from zigzag_lab.cost import CostModelEvaluation, CumulativeCME
from zigzag_lab.hardware import area_of
from zigzag_lab.mapping.temporal import TemporalMapping

IMC_NAMES = (
    "tclk",
    "tclk_breakdown",
    "area_total",
    "imc_area",
    "imc_area_breakdown",
    "mem_area",
    "mem_area_breakdown",
)


def cme_of(random: RandomProblem) -> CostModelEvaluation:
    levels = {op: tuple(tuple(level) for level in random.levels[op]) for op in random.layer.operands}
    return CostModelEvaluation(problem_of(random), TemporalMapping.of(random.layer, levels))


def test_every_price_says_how_large_the_design_is() -> None:
    for random in (random_problem(3), random_imc_problem(3)):
        cme = cme_of(random)
        for each in (cme, cme + cme, copy.deepcopy(cme), pickle.loads(pickle.dumps(cme))):
            assert each.area == area_of(random.accelerator)
            assert each.area_total_mm2 == area_of(random.accelerator).total_mm2


def test_an_in_memory_array_has_a_clock_and_zigzags_names() -> None:
    random = random_imc_problem(3)
    imc: Any = random.accelerator.array.imc
    cme = cme_of(random)
    assert all(hasattr(cme, name) for name in IMC_NAMES)
    assert cme.clock_ns == cme.tclk == pytest.approx(sum(cme.tclk_breakdown.values()))
    assert cme.area_mm2 == cme.area_total == pytest.approx(cme.imc_area + cme.mem_area)
    assert cme.imc_area == imc.area_mm2
    assert set(cme.mac_energy_breakdown) == {
        "local_bl_precharging",
        "dacs",
        "adcs",
        "mults",
        "analog_bl_addition",
        "adders_regular",
        "adders_pv",
        "accumulators",
    }


def test_another_array_has_neither() -> None:
    cme = cme_of(random_problem(3))
    assert not any(hasattr(cme, name) for name in IMC_NAMES)
    assert (cme.clock_ns, cme.area_mm2) == (None, None)
    assert cme.mac_energy_breakdown == {"units": cme.mac_energy}


def test_the_empty_sum_has_no_design() -> None:
    empty = CumulativeCME()
    assert (empty.area, empty.area_total_mm2, empty.area_mm2, empty.clock_ns) == (None, None, None, None)
    with pytest.raises(AttributeError, match="tclk"):
        _ = empty.tclk
