"""The golden runs with options of their own: mixed spatial mappings, data locality, in-memory arrays, by the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.golden.engine import sources
from tests.oracle.golden import load_golden
from zigzag_lab import api

ENERGY = 1e-9
NAMES = (
    "mix-ascend_like-resnet18.onnx",
    "edl-tpu_like-resnet18.onnx",
    "imc-aimc-resnet18.onnx",
    "imc-dimc-resnet18.onnx",
)


def asked(name: str) -> api.RunRequest:
    """The question of a golden run."""
    golden = load_golden(name)
    options: dict[str, Any] = golden["options"]
    return api.RunRequest(
        **sources(golden),
        objective=api.objective_of(options["opt"]),
        exploit_locality=options.get("exploit_data_locality", False),
        mix_spatial=options.get("enable_mix_spatial_mapping", False),
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_whole_run_equals_the_golden(name: str) -> None:
    golden = load_golden(name)
    outcome = api.run(asked(name), store=None)
    assert outcome.total.latency_cycles == golden["latency_cycles"]
    assert outcome.total.energy_pj == pytest.approx(golden["energy_pj"], rel=ENERGY)
    for cme, expected in zip(outcome.layers, golden["layers"], strict=True):
        assert cme.layer.name == expected["name"]
        assert cme.latency_cycles == expected["latency_cycles"], cme.layer.name
        assert cme.energy_pj == pytest.approx(expected["energy_pj"], rel=ENERGY), cme.layer.name
    if "clock_ns" in golden:
        assert outcome.total.clock_ns == pytest.approx(golden["clock_ns"], rel=ENERGY)
        assert outcome.total.area_mm2 == pytest.approx(golden["area_mm2"], rel=ENERGY)
