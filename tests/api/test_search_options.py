"""Locality, mixed spatial mappings and SALSA through the API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.golden.engine import sources
from tests.oracle.golden import load_golden
from tests.stages import small
from zigzag_lab.api import RunRequest, get_hardware_performance_zigzag, run
from zigzag_lab.vocab import InputError, Objective


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZIGZAG_LAB_DB", f"sqlite:///{tmp_path / 'lab.db'}")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "off")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ["edl-tpu_like-resnet18.onnx", "mix-ascend_like-resnet18.onnx"])
def test_golden_runs_of_locality_and_of_mixed_mappings(name: str) -> None:
    golden = load_golden(name)
    given = {key: str(path) for key, path in sources(golden).items()}
    options = {key: value for key, value in golden["options"].items() if key != "opt"}
    request = RunRequest(
        **given,
        exploit_locality=options.pop("exploit_data_locality", False),
        mix_spatial=options.pop("enable_mix_spatial_mapping", False),
    )
    assert options == {}
    total = run(request, store=None).total
    assert total.energy_total == pytest.approx(golden["energy_pj"], rel=1e-9)
    assert total.latency_total2 == golden["latency_cycles"]


def test_the_reference_interface_takes_the_same_options(tmp_path: Path) -> None:
    files = small.written(tmp_path, accelerator=small.accelerator(sram_bits=10**6))
    given = files["workload"], files["accelerator"], files["mapping"]
    far, near = (
        get_hardware_performance_zigzag(*given, lpf_limit=4, opt="energy", exploit_data_locality=local)[0]
        for local in (False, True)
    )
    mixed = get_hardware_performance_zigzag(*given, lpf_limit=4, opt="energy", enable_mix_spatial_mapping=True)[0]
    assert near < far
    assert mixed < far


@pytest.mark.parametrize("objective", list(Objective))
def test_salsa_minimises_the_objective_of_the_run(tmp_path: Path, objective: Objective) -> None:
    keywords = RunRequest("w", "a", "m", objective=objective, search="salsa", seed=4).keywords()
    assert (keywords["salsa_opt_criterion"], keywords["seed"]) == (objective, 4)
    assert "seed" not in RunRequest("w", "a", "m", objective=objective, seed=4).keywords()


def test_salsa_runs_and_is_reproducible(tmp_path: Path) -> None:
    files: dict[str, Any] = small.written(tmp_path, workload=[small.layer(0, "tiny", loop_sizes=[1, 8, 4, 2, 2, 1, 1])])
    request = RunRequest(**files, search="salsa", seed=1, n_spatial_mappings=1)
    first, second = (run(request, store=None) for _ in range(2))
    assert first.total.latency_total2 == second.total.latency_total2
    assert str(first.layers[0].temporal_mapping) == str(second.layers[0].temporal_mapping)


def test_an_unknown_search_is_refused(tmp_path: Path) -> None:
    files = small.written(tmp_path)
    with pytest.raises(InputError, match="Did you mean 'salsa'"):
        get_hardware_performance_zigzag(*files.values(), temporal_mapping_search_engine="salza")
