from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.recorded import ask, two_runs
from tests.stages.small import accelerator, written
from zigzag_lab import MainStage, api
from zigzag_lab.api.pipeline import standard_stages
from zigzag_lab.stages import Stage
from zigzag_lab.store import Lab
from zigzag_lab.vocab import InfeasibleError, InputError, Objective


def test_a_run_is_done_again_with_nothing_but_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, fresh = tmp_path / "made", tmp_path / "fresh"
    made.mkdir(), fresh.mkdir()
    _, ids = two_runs(made)
    shutil.copy(made / "two.db", fresh / "lab.db")
    shutil.rmtree(made)
    monkeypatch.chdir(fresh)
    url = f"sqlite:///{fresh / 'lab.db'}"
    for run_id in ids:
        answer = ask("rerun", run_id, "--json", database=url)
        assert answer.exit_code == 0, answer.output
        again = json.loads(answer.stdout)
        assert (again["agrees"], again["is_same_engine"], again["run_id"]) == (True, True, run_id)
        with Lab(url) as lab:
            old, new = lab.run(run_id), lab.run(again["new_run_id"])
            assert (new.energy_pj, new.latency_cycles) == (old.energy_pj, old.latency_cycles)
            assert lab.details(new.run_id).tags["rerun_of"] == run_id
            assert [x.figures["energy_pj"] for x in lab.layers(new.run_id)] == [
                x.figures["energy_pj"] for x in lab.layers(run_id)
            ]


@pytest.mark.parametrize("options", [{"search": "salsa", "seed": 5}, {"mix_spatial": True}, {"lpf_limit": None}])
def test_every_kind_of_search_is_done_again(tmp_path: Path, options: dict[str, object]) -> None:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    request = api.RunRequest(**{**written(tmp_path), "lpf_limit": 3, **options})
    api.run(request, store=url, mlflow="off")
    answer = ask("rerun", database=url)
    assert answer.exit_code == 0, answer.output
    assert "gives every number" in answer.stdout


def test_a_number_that_differs_is_named(tmp_path: Path) -> None:
    url, ids = two_runs(tmp_path)
    with Lab(url) as lab:
        lab.store.database.execute("UPDATE zl_run SET energy_pj = energy_pj * 2, engine_digest = 'old'")
        lab.store.database.execute("UPDATE zl_layer_evaluation SET latency_cycles = 7 WHERE layer_index = 1")
    answer = ask("rerun", ids[0], database=url)
    assert answer.exit_code == 1
    assert "differs" in answer.stdout
    assert "the run: energy_pj was" in answer.stdout
    assert "wide: latency_cycles was 7" in answer.stdout
    assert "code that decides numbers has changed" in answer.stdout


def test_a_run_that_fitted_nowhere_fits_nowhere_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    paths = written(tmp_path, accelerator=accelerator(sram_bits=16, dram_bits=16))
    with pytest.raises(InfeasibleError):
        api.run(api.RunRequest(**paths, lpf_limit=3), store=url, mlflow="off")
    answer = ask("rerun", database=url)
    assert answer.exit_code == 0, answer.output


class OwnStage(Stage):
    def run(self):  # type: ignore[no-untyped-def]
        yield from self.substage().run()


def test_stages_of_ones_own_are_asked_for(tmp_path: Path) -> None:
    from zigzag_lab.api.rerun import rerun

    url, paths = f"sqlite:///{tmp_path / 'lab.db'}", written(tmp_path)
    stages = list(standard_stages(paths["workload"], Objective.LATENCY))
    stages.insert(stages.index(stages[-4]), OwnStage)
    keywords = api.RunRequest(**paths, lpf_limit=3).keywords()
    MainStage(stages, store=url, mlflow="off", **keywords).run()
    answer = ask("rerun", database=url)
    assert answer.exit_code == 2
    assert "its stage OwnStage is not one of ours" in answer.stderr
    with Lab(url) as lab:
        assert rerun(lab, lab.runs()[0].run_id, stages={"OwnStage": OwnStage}).agrees
        with lab.store.start_run(api_start()) as empty:
            pass
        with pytest.raises(InputError, match="holds no workload"):
            rerun(lab, empty.run_id)


def test_a_run_that_goes_on_is_not_done_again(tmp_path: Path) -> None:
    url, (first, _) = two_runs(tmp_path)
    with Lab(url) as lab, lab.store.start_run(api_start()) as run:
        answer = ask("rerun", run.run_id, database=url)
        assert (answer.exit_code, len(lab.runs())) == (2, 3)
        assert f"run {run.run_id}: it is still running" in answer.stderr
        assert lab.run(first).status == "finished"


def api_start():  # type: ignore[no-untyped-def]
    from zigzag_lab.store import RunStart

    return RunStart()
