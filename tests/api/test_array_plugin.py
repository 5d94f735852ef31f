"""An installed package adds a model of arrays, which accelerator files name, without a change of ours."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from math import prod
from pathlib import Path
from typing import Any

import pytest

from tests import plugins
from tests.stages.small import accelerator, layer, written
from tests.sweeps.small import sweep_file

SIZES = [1, 8, 4, 4, 4, 1, 3]
N_MACS = prod(SIZES)
ARRAY = {"model": "serial", "weight_bits": 4, "adder_energy": 0.02, "dimensions": ["D1", "D2"], "sizes": [4, 4]}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return Path(shutil.copytree(plugins.EXAMPLE, tmp_path / "source"))


@pytest.fixture
def environment(tmp_path: Path, source: Path) -> dict[str, str]:
    return {**plugins.install(tmp_path / "site", source), "ZIGZAG_LAB_DB": f"sqlite:///{tmp_path / 'lab.db'}"}


def run_of(
    environment: dict[str, str], folder: Path, array: dict[str, object], *words: str
) -> subprocess.CompletedProcess[str]:
    design = {**accelerator(), "operational_array": array}
    for memory in design["memories"].values():
        memory["area"] = 0.5
    files = written(folder, workload=[layer(0, "only", loop_sizes=SIZES)], accelerator=design)
    inputs = [word for kind, path in files.items() for word in (f"--{kind}", path)]
    return plugins.command(environment, "run", *inputs, "--spatial-mappings", "1", "--lpf-limit", "3", "--json", *words)


def figures_of(*given: Any) -> dict[str, Any]:
    answer = run_of(*given)
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def test_its_costs_are_those_of_the_array(environment: dict[str, str], tmp_path: Path) -> None:
    plain = {"unit_energy": 0.12, "unit_area": 3e-5, "dimensions": ["D1", "D2"], "sizes": [4, 4]}
    serial, parallel = (figures_of(environment, tmp_path, array, "--opt", "energy") for array in (ARRAY, plain))
    assert serial["energy_pj"] == pytest.approx(parallel["energy_pj"])  # four cycles of 0.02 and 0.01 pJ are 0.12 pJ
    assert (serial["clock_ns"], parallel.get("clock_ns")) == (0.5, None)
    memories_mm2 = 0.5 * (16 + 4 + 1 + 1)
    assert serial["area_total_mm2"] == pytest.approx(16 * 3e-5 + memories_mm2)
    assert parallel["area_total_mm2"] == pytest.approx(16 * 3e-5 + memories_mm2)
    assert serial["latency_cycles"] >= 4 * N_MACS / 16 > parallel["latency_cycles"] / 4


def test_its_parts_are_those_of_the_energy(environment: dict[str, str], tmp_path: Path) -> None:
    files = written(
        tmp_path,
        workload=[layer(0, "only", loop_sizes=SIZES)],
        accelerator={**accelerator(), "operational_array": ARRAY},
    )
    script = f"""
from zigzag_lab.api import RunRequest, run
outcome = run(RunRequest(**{files!r}, lpf_limit=3, n_spatial_mappings=1), store=None, mlflow="off")
(cme,) = outcome.layers
assert cme.mac_energy == sum(cme.mac_energy_breakdown.values())
print(*cme.mac_energy_breakdown.items(), cme.area.array_mm2_by_part["registers"], hasattr(cme, "tclk"))
"""
    answer = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    expected = {"adders": N_MACS * 4 * 0.02, "registers": N_MACS * 4 * 0.01}
    assert answer.stdout.split("\n")[0] == f"{' '.join(map(str, expected.items()))} {16 * 1e-5} False"


def test_a_run_is_done_again_without_the_package(environment: dict[str, str], tmp_path: Path) -> None:
    figures_of(environment, tmp_path, ARRAY)
    bare = plugins.command({**environment, "PYTHONPATH": str(plugins.ROOT)}, "rerun", "last")
    assert bare.returncode == 0, bare.stdout + bare.stderr


def test_answers_are_found_again_while_its_code_computes_the_same(
    environment: dict[str, str], source: Path, tmp_path: Path
) -> None:
    first = figures_of(environment, tmp_path, ARRAY)
    assert first["cache"] == {"hits": 0, "misses": 1}
    module = source / "zigzag_lab_serial.py"
    module.write_text(module.read_text() + "\n# What it is worth is unchanged.\n")
    assert figures_of(environment, tmp_path, ARRAY)["cache"] == {"hits": 1, "misses": 0}
    module.write_text(
        module.read_text().replace("REGISTER_PJ, REGISTER_MM2 = 2e-5, 0.01", "REGISTER_PJ, REGISTER_MM2 = 2e-5, 0.03")
    )
    dearer = figures_of(environment, tmp_path, ARRAY)
    assert dearer["cache"] == {"hits": 0, "misses": 1}
    assert dearer["energy_pj"] - first["energy_pj"] == pytest.approx(N_MACS * 4 * 0.02)


def test_what_is_wrong_with_its_settings_is_said_with_the_place(environment: dict[str, str], tmp_path: Path) -> None:
    for array, message in (
        ({**ARRAY, "weight_bits": 0}, "accelerator.yaml: operational_array.weight_bits"),
        ({**ARRAY, "weight_bit": 4}, "Did you mean 'weight_bits'?"),
        ({**ARRAY, "model": "seriel"}, "expected one of units, imc, serial. Did you mean 'serial'?"),
        ({key: value for key, value in ARRAY.items() if key != "adder_energy"}, "key 'adder_energy' is missing"),
    ):
        answer = run_of(environment, tmp_path, array)
        assert answer.returncode == 2
        assert message in " ".join(answer.stderr.split())


def test_a_sweep_varies_its_settings(environment: dict[str, str], tmp_path: Path) -> None:
    written(tmp_path, accelerator={**accelerator(), "operational_array": ARRAY})
    space = {"accelerator.operational_array.weight_bits": [2, 8]}
    file = sweep_file(tmp_path, accelerators=["accelerator.yaml"], mappings=["mapping.yaml"], space=space)
    answer = plugins.command(environment, "sweep", file, "--workers", "2", "--json")
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["n_failed"] == 0
    macs = "SELECT mac_energy_pj FROM zl_run ORDER BY mac_energy_pj"
    rows = plugins.command(environment, "sql", macs, "--format", "csv").stdout.split()
    assert [float(row) for row in rows[1:]] == pytest.approx([64 * 64 * 8 * 8 * n * 0.03 for n in (2, 8)])


OTHER_CODE = """
from dataclasses import replace
from zigzag_lab.api.sweep import PointPricer
from zigzag_lab.sweeps import DesignPoint
from zigzag_lab.vocab import InputError
pricer = PointPricer("s", {}, {"search": "loma"})
assert list(pricer.array_models) == ["serial"]
for models in ({}, {"serial": "other"}, {**pricer.array_models, "gone": "other"}):
    try:
        replace(pricer, array_models=models)(DesignPoint("k", "w", "a", "m", {}))
    except InputError as error:
        print(error.found)
"""


def test_a_worker_with_another_version_of_it_refuses_to_work(environment: dict[str, str]) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", OTHER_CODE], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.count("has another version of the array model 'serial' than the sweep, or none") == 2
    assert answer.stdout.count("has another version of the array model 'gone' than the sweep, or none") == 1


UNREAD = """
import sys
from zigzag_lab.stages.question import reading_digest
print(reading_digest())
"""


def test_files_that_are_not_read_yet_are_keyed_by_its_code(
    environment: dict[str, str], source: Path, tmp_path: Path
) -> None:
    def digest(given: dict[str, str]) -> str:
        return subprocess.run(
            [sys.executable, "-c", UNREAD], env=given, capture_output=True, text=True, check=True
        ).stdout

    before, bare = digest(environment), digest({**environment, "PYTHONPATH": str(plugins.ROOT)})
    module = source / "zigzag_lab_serial.py"
    module.write_text(module.read_text() + "\n# changed\n")
    assert len({before, bare, digest(environment)}) == 3
