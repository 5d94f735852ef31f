"""A run that an error ends is on record: the user is told which it is, and so is MLflow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.recorded import ask
from tests.stages.small import accelerator, written
from zigzag_lab.store import open_store


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """Inputs of which no layer fits, and an MLflow store that cannot be used."""
    (tmp_path / "broken.db").write_text("no database, whatever its name")
    files = written(tmp_path, accelerator=accelerator(sram_bits=16, dram_bits=16))
    files["mlflow"] = f"sqlite:///{tmp_path / 'broken.db'}"
    return [word for name, path in files.items() for word in (f"--{name}", str(path))]


@pytest.mark.parametrize("command", ["run", "front"])
def test_a_run_that_does_not_fit_is_named(command: str, words: list[str], tmp_path: Path) -> None:
    answer = ask(command, *words)
    assert (answer.exit_code, answer.stdout) == (1, "")
    error, record, note = answer.stderr.splitlines()
    assert error.startswith("Error: layer stem: ")
    run_id = record.split()[3].rstrip(":")
    assert record == f"Recorded as run {run_id}: zigzag-lab show {run_id}"
    assert "1 run kept for 'zigzag-lab mlflow sync'" in note
    assert ask("show", run_id).stdout.splitlines()[0].endswith("infeasible")
    with open_store(f"sqlite:///{tmp_path}/zigzag_lab.db") as store:
        assert [(p.run_id, p.attempts) for p in store.publications()] == [(run_id, 1)]


def test_it_is_one_json_object_all_the_same(words: list[str]) -> None:
    answer = ask("run", *words, "--json")
    assert answer.exit_code == 1
    said = json.loads(answer.stdout)
    assert (said["status"], said["energy_pj"], said["layers"]) == ("infeasible", None, [])
    assert said["reason"].startswith("layer stem: ")
    assert said["is_proven"] is True
    assert json.loads(ask("show", said["run_id"], "--json").stdout)["status"] == "infeasible"


def test_what_fails_before_it_is_recorded_names_no_run(words: list[str], tmp_path: Path) -> None:
    answer = ask("run", *words, "--accelerator", str(tmp_path / "nowhere.yaml"), "--json")
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "Recorded" not in answer.stderr
