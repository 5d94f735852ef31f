"""What zigzag-dse 3.9.1 printed for whole networks, against our readers and pipeline on the files that it ships.

In-memory arrays, mixed mappings and data locality are in ``test_options.py``. ``latency-tpu_like-resnet18.yaml`` is
checked by hand, as zigzag-dse's package does not contain its workload.
"""

from __future__ import annotations

import json
from math import isclose
from typing import Any

import pytest

from tests.differential import batch_of, price_differences, problem_of
from tests.golden.engine import golden_problems, layers_of, our_run
from tests.oracle.golden import golden_names, load_golden
from tests.strategies.problems import RandomProblem
from zigzag_lab.cost.breakdown import Breakdown
from zigzag_lab.cost.kernel import price
from zigzag_lab.cost.scalar import evaluate
from zigzag_lab.mapping.temporal import TemporalMapping

ENERGY = 1e-9
ELSEWHERE = ("imc-", "mix-", "edl-", "latency-tpu_like-resnet18.yaml")
"""Runs with options of their own (``test_options.py``), and one whose workload is not ours to commit."""

NAMES = [name for name in golden_names() if not name.startswith(ELSEWHERE)]


def test_no_golden_run_is_forgotten() -> None:
    assert len(NAMES) == 12


@pytest.mark.parametrize("name", NAMES)
def test_the_search_finds_what_zigzag_found(name: str) -> None:
    golden = load_golden(name)
    total, layers = our_run(name)
    assert [cme.layer.name for cme in layers] == [expected["name"] for expected in golden["layers"]]
    for cme, expected in zip(layers, golden["layers"], strict=True):
        assert cme.latency_total2 == expected["latency_cycles"], expected["name"]
        assert cme.energy_total == pytest.approx(expected["energy_pj"], rel=ENERGY), expected["name"]
    assert total.latency_total2 == golden["latency_cycles"]
    assert total.energy_total == pytest.approx(golden["energy_pj"], rel=ENERGY)


@pytest.mark.parametrize("name", NAMES)
def test_zigzags_mappings_have_zigzags_prices(name: str) -> None:
    for expected, problem in golden_problems(name):
        temporal = temporal_of(problem)
        assert temporal.levels == {op: tuple(map(tuple, levels)) for op, levels in problem.levels.items()}
        ours = evaluate(problem_of(problem), temporal)
        assert differing(listed(ours), expected) == [], expected["name"]
        prices = price(batch_of(problem_of(problem), problem.levels))
        assert prices.latency_cycles[0] == expected["latency_cycles"], expected["name"]
        assert prices.energy_pj[0] == pytest.approx(expected["energy_pj"], rel=ENERGY), expected["name"]


@pytest.mark.parametrize("name", NAMES)
def test_zigzags_mappings_equal_the_live_oracle_in_every_other_term(name: str) -> None:
    for expected, problem in distinct(name):
        assert list(price_differences(problem, problem.levels)) == [], expected["name"]


def test_tpu_like_in_figures() -> None:
    total, _ = our_run("latency-tpu_like-resnet18.onnx")
    assert total.energy_total == pytest.approx(1871436380.656, rel=ENERGY)
    assert total.latency_total2 == 3865041


def test_layers_and_accelerators_are_read_as_zigzag_reads_them() -> None:
    accelerator, layers = layers_of(load_golden("latency-tpu_like-resnet18.onnx"))
    assert len(layers) == 21
    assert accelerator.array.sizes == {"D1": 32, "D2": 32}


def distinct(name: str) -> list[tuple[dict[str, Any], RandomProblem]]:
    """The layers of a golden run that differ in more than their names."""
    seen: dict[str, tuple[dict[str, Any], RandomProblem]] = {}
    for expected, problem in golden_problems(name):
        seen.setdefault(json.dumps([problem.layer.meaning(), expected["temporal"]]), (expected, problem))
    return list(seen.values())


def temporal_of(problem: RandomProblem) -> TemporalMapping:
    """The golden's temporal mapping as our record; merging it down again must change nothing."""
    levels = {op: tuple(tuple(level) for level in problem.levels[op]) for op in problem.layer.operands}
    return TemporalMapping.of(problem.layer, levels)


def listed(ours: Breakdown) -> dict[str, Any]:
    """The terms that a golden file lists."""
    return {
        "energy_pj": ours.energy_pj,
        "mac_energy_pj": ours.mac_energy_pj,
        "mem_energy_pj": ours.memory_energy_pj,
        "compute_cycles": ours.compute_cycles,
        "compute_onload_cycles": ours.compute_onload_cycles,
        "latency_cycles": ours.latency_cycles,
        "onload_cycles": ours.onload_cycles,
        "offload_cycles": ours.offload_cycles,
        "ideal_cycles": ours.ideal_cycles,
        "temporal_cycles": ours.temporal_cycles,
        "mem_energy_pj_by_operand_and_level": ours.level_energy_pj,
    }


def differing(ours: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Names of terms that differ: cycles at all, energies by more than rounding."""
    wrong = [name for name in ours if name.endswith("_cycles") and ours[name] != expected[name]]
    wrong += [name for name in ours if name.endswith("_pj") and not isclose(ours[name], expected[name], rel_tol=ENERGY)]
    levels = expected["mem_energy_pj_by_operand_and_level"]
    for op, energies in ours["mem_energy_pj_by_operand_and_level"].items():
        if energies != pytest.approx(levels[op], rel=ENERGY):
            wrong.append(f"energy of {op}")
    return wrong
