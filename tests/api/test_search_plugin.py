"""An installed package adds a search of temporal mappings and a kind of picture, without a change of ours."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import plugins
from tests.stages.small import layer, written
from tests.sweeps.small import sweep_file


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**plugins.install(tmp_path / "site"), "ZIGZAG_LAB_DB": f"sqlite:///{tmp_path / 'lab.db'}"}


def run_of(environment: dict[str, str], tmp_path: Path, *words: object) -> dict[str, object]:
    files = written(tmp_path, workload=[layer(0, "only", loop_sizes=[1, 12, 6, 6, 3, 1, 3])])
    inputs = [word for kind, path in files.items() for word in (f"--{kind}", path)]
    answer = plugins.command(environment, "run", *inputs, "--spatial-mappings", "1", "--json", *words)
    assert answer.returncode == 0, answer.stderr
    found: dict[str, object] = json.loads(answer.stdout)
    return found


def test_the_command_line_takes_the_search_and_its_option(environment: dict[str, str], tmp_path: Path) -> None:
    help_text = plugins.command(environment, "run", "--help").stdout
    assert "[loma|salsa|exact|random]" in help_text
    assert "How many random orders to price. [default: 100]" in " ".join(help_text.split())
    refused = plugins.command(environment, "run", "--search", "random", "--n-draws", "0")
    assert refused.returncode == 2
    assert "'0' is not a whole number of at least 1." in refused.stderr


def test_its_answers_are_found_again_while_its_code_stays_the_same(tmp_path: Path) -> None:
    source = shutil.copytree(plugins.EXAMPLE, tmp_path / "source")
    environment = plugins.install(tmp_path / "site", source)
    environment["ZIGZAG_LAB_DB"] = f"sqlite:///{tmp_path / 'lab.db'}"
    asked = ("--search", "random", "--n-draws", "40")
    first = run_of(environment, tmp_path, *asked)
    assert (first["n_mappings_evaluated"], first["cache"]) == (80, {"hits": 0, "misses": 1})
    again = run_of(environment, tmp_path, *asked)
    assert (again["energy_pj"], again["cache"]) == (first["energy_pj"], {"hits": 1, "misses": 0})
    assert run_of(environment, tmp_path, *asked, "--seed", "1")["cache"] == {"hits": 0, "misses": 1}
    module = source / "zigzag_lab_random.py"
    module.write_text(module.read_text().replace("rng.permutation(len(loops))", "rng.permutation(len(loops))[::-1]"))
    assert run_of(environment, tmp_path, *asked)["cache"] == {"hits": 0, "misses": 1}


def test_a_sweep_varies_its_option(environment: dict[str, str], tmp_path: Path) -> None:
    file = sweep_file(
        tmp_path, space={"options.n_draws": [2, 30]}, options={"search": "random", "n_spatial_mappings": 1}
    )
    answer = plugins.command(environment, "sweep", file, "--workers", "1", "--json")
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["n_failed"] == 0
    counts = "SELECT n_mappings_evaluated FROM zl_run ORDER BY n_mappings_evaluated"
    rows = plugins.command(environment, "sql", counts, "--format", "csv").stdout.split()
    assert [int(row) for row in rows[1:]] == [2, 30]


OTHER_CODE = """
from dataclasses import replace
from zigzag_lab.api.sweep import PointPricer
from zigzag_lab.sweeps import DesignPoint
from zigzag_lab.vocab import InputError
pricer = PointPricer("s", {}, {"search": "random"})
assert list(pricer.searches) == ["random"]
for searches in ({}, {"random": "other"}):
    try:
        replace(pricer, searches=searches)(DesignPoint("k", "w", "a", "m", {}))
    except InputError as error:
        print(error.found)
"""


def test_a_worker_with_another_version_of_it_refuses_to_work(environment: dict[str, str]) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", OTHER_CODE], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.count("has another version of the search 'random' than the sweep") == 2


def test_it_adds_a_kind_of_picture(environment: dict[str, str], tmp_path: Path) -> None:
    run_of(environment, tmp_path, "--lpf-limit", "3")
    answer = plugins.command(environment, "plot", "macs", "last", "-o", tmp_path / "macs.svg")
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "macs.svg").read_text().startswith("<?xml")
    assert "multiply-accumulates of each layer" in plugins.command(environment, "plot", "--help").stdout
