"""Databases of released schemas, one file each, open in this version with all that they hold."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from zigzag_lab.store import Lab, RunStart
from zigzag_lab.store.migrate import check, current, downgrade, upgrade
from zigzag_lab.store.schema import HEAD

RELEASED = sorted((Path(__file__).parent / "released").glob("*.db"))


@pytest.fixture(params=RELEASED, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copy(request.param, tmp_path / "lab.db"))


def test_it_upgrades_itself_on_first_use_after_a_copy(old: Path) -> None:
    before = current(f"sqlite:///{old}")
    with Lab(old) as lab:
        runs = lab.runs(experiment="released")
        assert [(run.objective, run.energy_pj) for run in runs] == [("energy", 26967.64), ("latency", 27049.08)]
        assert [layer.name for layer in lab.layers(runs[0].run_id)] == ["stem", "wide", "again"]
        assert set(lab.inputs(runs[0].run_id)) == {"workload", "accelerator", "mapping"}
        with lab.store.start_run(RunStart()):
            pass
        assert len(lab.runs()) == 3
    assert current(f"sqlite:///{old}") == HEAD
    assert check(f"sqlite:///{old}") == []
    copy = old.with_name(f"lab.db.backup-{before}")
    assert current(f"sqlite:///{copy}") == before


def test_it_goes_up_down_and_up_again_with_its_rows(old: Path) -> None:
    url = f"sqlite:///{old}"
    before = current(url)
    upgrade(url)
    downgrade(url, str(before))
    assert current(url) == before
    upgrade(url)
    with Lab(old) as lab:
        assert len(lab.runs()) == 2
        assert sum(len(lab.layers(run.run_id)) for run in lab.runs()) == 6
    assert check(url) == []


def test_a_run_of_a_released_schema_is_done_again(old: Path) -> None:
    from zigzag_lab.api.rerun import rerun

    with Lab(old) as lab:
        for run in lab.runs():
            again = rerun(lab, run.run_id)
            assert again.agrees, again.disagreements
