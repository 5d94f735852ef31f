"""``zigzag-lab sweep``, ``status``, ``pareto`` and ``best --sweep``, with real processes."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.sweeps.small import R_COST, SIZE, sweep_file
from zigzag_lab.cli import main
from zigzag_lab.store import Lab

ZIGZAG_LAB = [sys.executable, "-c", "from zigzag_lab.cli import main; main()"]


def asked(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, str]:
    """The options that name a database, the sweep file, and what the sweep printed."""
    folder = tmp_path_factory.mktemp("sweep")
    file, database = sweep_file(folder), f"sqlite:///{folder / 'lab.db'}"
    command = [*ZIGZAG_LAB, "sweep", str(file), "--workers", "2", "--db", database, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return database, file, done.stdout


def test_the_sweep_says_what_it_did(swept: tuple[str, Path, str]) -> None:
    said = json.loads(swept[2])
    assert (said["n_points"], said["n_priced"], said["is_complete"]) == (6, 6, True)


def test_again_it_has_nothing_to_do(swept: tuple[str, Path, str]) -> None:
    database, file, _ = swept
    again = asked("sweep", str(file), "--db", database)
    assert (again.exit_code, "6 known before, 0 priced" in again.output) == (0, True)
    dry = asked("sweep", str(file), "--db", database, "--dry-run")
    assert "6 points, 6 answered, 0 missing" in dry.output


def test_status_in_three_forms(swept: tuple[str, Path, str]) -> None:
    assert "small" in asked("status", "--db", swept[0]).output
    (one,) = json.loads(asked("status", "small", "--json", "--db", swept[0]).stdout)
    assert (one["n_points"], one["n_finished"]) == (6, 6)
    (row,) = csv.DictReader(io.StringIO(asked("status", "--csv", "--db", swept[0]).stdout))
    assert row["n_finished"] == "6"
    assert "None" in asked("status", "small", "--failed", "--db", swept[0]).output
    wrong = asked("status", "smal", "--db", swept[0])
    assert (wrong.exit_code, "Did you mean 'small'" in wrong.output) == (2, True)


def test_pareto_and_best(swept: tuple[str, Path, str]) -> None:
    rows = list(csv.DictReader(io.StringIO(asked("pareto", "small", "--csv", "--db", swept[0]).stdout)))
    assert rows
    assert {SIZE, R_COST, "energy_pj"} <= set(rows[0])
    found = json.loads(asked("best", "--sweep", "small", "--opt", "energy", "--json", "--db", swept[0]).stdout)
    assert found[0]["energy_pj"] == float(rows[0]["energy_pj"])
    (row,) = csv.DictReader(io.StringIO(asked("best", "--limit", "1", "--csv", "--db", swept[0]).stdout))
    assert row["status"] == "finished"
    best = ("best", "--sweep", "small", "--limit", "2", "--csv")
    listed = list(csv.DictReader(io.StringIO(asked(*best, "--db", swept[0]).stdout)))
    assert (len(listed), SIZE in listed[0]) == (2, True)
    table = asked("pareto", "small", "--objectives", "energy,utilisation,power", "--db", swept[0])
    assert (table.exit_code, "energy" in table.output) == (0, True)
    unknown = asked("pareto", "small", "--objectives", "energy,area", "--db", swept[0])
    assert (unknown.exit_code, "area is an objective, and not known" in unknown.output) == (2, True)
    for row in rows:  # tpu_like has a clock of 700 MHz
        assert float(row["time_s"]) == pytest.approx(float(row["latency_cycles"]) / 700e6)
        assert float(row["average_power_mw"]) == pytest.approx(1e-9 * float(row["energy_pj"]) / float(row["time_s"]))
    assert asked("pareto", "small", "--objectives", "energy", "--db", swept[0]).exit_code == 2


def test_a_broken_file_is_one_message(tmp_path: Path) -> None:
    wrong = asked("sweep", str(sweep_file(tmp_path, options={"lpf": 1})), "--db", f"sqlite:///{tmp_path / 'x.db'}")
    assert (wrong.exit_code, wrong.output.count("\n")) == (2, 1)
    assert not (tmp_path / "x.db").exists()


@pytest.mark.parametrize("words", [["--executor", "slurm"], ["--scheduler", "tcp://head:8786"]])
def test_an_engine_that_cannot_be_is_one_message(tmp_path: Path, words: list[str]) -> None:
    wrong = asked("sweep", str(sweep_file(tmp_path)), *words, "--db", f"sqlite:///{tmp_path / 'x.db'}")
    assert (wrong.exit_code, wrong.output.count("\n")) == (2, 1)
    assert not (tmp_path / "x.db").exists()


def test_a_file_that_changed_after_half_of_it_ran_says_what_else_is_there(tmp_path: Path) -> None:
    words = ("--workers", "1", "--mlflow", "off", "--db", f"sqlite:///{tmp_path / 'lab.db'}")
    asked("sweep", str(sweep_file(tmp_path, space={R_COST: [100, 200]})), *words)
    file = sweep_file(tmp_path, space={R_COST: [200, 300]})
    dry, said = asked("sweep", str(file), "--dry-run", *words), asked("sweep", str(file), *words)
    assert "2 points, 1 answered, 1 missing\n1 more point is there of earlier forms of the file" in dry.output
    assert "1 known before, 1 priced" in said.output
    assert "1 more point is there of earlier forms of the file" in said.output
    assert json.loads(asked("sweep", str(file), *words, "--json").stdout)["n_others"] == 1


def points_of(database: str) -> list[dict[str, object]]:
    said = json.loads(asked("best", "--sweep", "small", "--limit", "all", "--json", "--db", database).stdout)
    return [{k: v for k, v in point.items() if k != "run_id"} for point in said]


def test_killed_and_started_again_it_comes_to_the_same_table(swept: tuple[str, Path, str], tmp_path: Path) -> None:
    file, database = sweep_file(tmp_path), f"sqlite:///{tmp_path / 'lab.db'}"
    command, draw = [*ZIGZAG_LAB, "sweep", str(file), "--workers", "1", "--db", database], random.Random(1)
    for _ in range(2):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(draw.uniform(0.8, 2.0))
        process.send_signal(signal.SIGKILL) if os.name == "posix" else process.kill()
        process.wait()
    subprocess.run(command, check=True, capture_output=True)
    assert points_of(database) == points_of(swept[0])
    counts = "SELECT COUNT(*), COUNT(DISTINCT run_number), (SELECT COUNT(*) FROM zl_run) FROM zl_sweep_point"
    with Lab(database) as lab:
        assert lab.sql(counts).rows == [(6, 6, 6)]
