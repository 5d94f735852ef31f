"""Databases of released schemas, one file each, open in this version with all that they hold."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from zigzag_lab.api.cache_questions import cache_statistics
from zigzag_lab.api.rerun import Rerun, rerun
from zigzag_lab.store import Lab, RunStart
from zigzag_lab.store.migrate import check, current, downgrade, upgrade
from zigzag_lab.store.schema import HEAD

RELEASED = sorted((Path(__file__).parent / "released").glob("*.db"))


@pytest.fixture(params=RELEASED, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copy(request.param, tmp_path / "lab.db"))


def rows_of(path: Path) -> dict[str, int]:
    """What a database holds, asked without our code: table -> its rows."""
    with closing(sqlite3.connect(path)) as connection:
        asked = {table: f"SELECT count(*) FROM {table}" for table in ("zl_run", "zl_layer_evaluation")}
        return {table: connection.execute(sql).fetchone()[0] for table, sql in asked.items()}


def test_it_upgrades_itself_on_first_use_after_a_copy(old: Path) -> None:
    before, held = current(f"sqlite:///{old}"), rows_of(old)
    with Lab(old) as lab:
        runs = lab.runs(experiment="released")
        assert [(run.objective, run.energy_pj) for run in runs] == [("energy", 26967.64), ("latency", 27049.08)]
        assert [layer.name for layer in lab.layers(runs[0].run_id)] == ["stem", "wide", "again"]
        assert set(lab.inputs(runs[0].run_id)) == {"workload", "accelerator", "mapping"}
        with lab.store.start_run(RunStart()):
            pass
        assert len(lab.runs()) == held["zl_run"] + 1
    assert current(f"sqlite:///{old}") == HEAD
    assert check(f"sqlite:///{old}") == []
    copy = old.with_name(f"lab.db.backup-{before}")
    assert copy.exists() is (before != HEAD)
    assert before == HEAD or current(f"sqlite:///{copy}") == before


def test_certificates_and_answers_are_still_there(tmp_path: Path) -> None:
    path = Path(shutil.copy(RELEASED[-1], tmp_path / "lab.db"))
    with Lab(path) as lab:
        (run,) = lab.runs(experiment="released-exact")
        proofs = [layer.certificate for layer in lab.layers(run.run_id)]
        assert [proof.gap if proof else None for proof in proofs] == [0, 0, 0]
        assert sum(cache_statistics(lab.store).n_answers.values()) == 9


def test_it_goes_up_down_and_up_again_with_its_rows(old: Path) -> None:
    url = f"sqlite:///{old}"
    before, held = current(url), rows_of(old)
    upgrade(url)
    downgrade(url, str(before))
    assert current(url) == before
    upgrade(url)
    with Lab(old) as lab:
        assert len(lab.runs()) == held["zl_run"]
        assert sum(len(lab.layers(run.run_id)) for run in lab.runs()) == held["zl_layer_evaluation"]
    assert check(url) == []


def test_a_run_of_a_released_schema_is_done_again(old: Path) -> None:
    with Lab(old) as lab:
        for run in lab.runs():
            again = rerun(lab, run.run_id)
            assert again.agrees or is_now_faster_at_equal_energy(again), again.disagreements


def is_now_faster_at_equal_energy(again: Rerun) -> bool:
    """What engine label 2 changed: exact search takes the fastest of all mappings of least energy."""
    figures = {d.figure for d in again.disagreements}
    is_better = all(d.now < d.before for d in again.disagreements)
    return is_better and figures <= {"latency_cycles", "edp_pj_cycles"} and not again.is_same_engine
