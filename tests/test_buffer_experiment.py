"""The experiment with a stage of the user's: its sizes are found again in every way that its README names."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

from tests.cli.recorded import ask
from tests.tracking.samples import mlflow_runs
from zigzag_lab.store import Lab
from zigzag_lab.tracking.limits import PARENT_TAG
from zigzag_lab.tracking.places import sqlite_uri

FOLDER = Path(__file__).parents[1] / "experiments" / "buffer-in-one-pipeline"


def test_its_sizes_are_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    database = f"sqlite:///{tmp_path / 'lab.db'}"
    script = runpy.run_path(str(FOLDER / "pipeline.py"))
    run_id = script["main"]("alexnet", database, buffer_kib=(64, 256, 2048), loma_lpf_limit=3)
    with Lab(database) as lab:
        run, sizes = lab.run(run_id), lab.children(run_id)
        sql = (FOLDER / "README.md").read_text(encoding="utf-8").partition("```sql\n")[2].partition("```")[0]
        rows = lab.sql(sql).as_dicts()
    assert [(row["kib"], row["energy_pj"]) for row in rows] == [
        (size.settings["buffer_kib"], size.energy_pj)  # type: ignore[index]
        for size in sizes
    ]
    assert all(0 < row["buffer_share"] < 1 for row in rows)
    assert run.edp_pj_cycles == min(size.edp_pj_cycles for size in sizes if size.edp_pj_cycles)
    best = next(size for size in sizes if size.edp_pj_cycles == run.edp_pj_cycles)
    assert f"chosen      {best.varied} (run {best.run_id})" in ask("show", run_id, database=database).stdout
    front = json.loads(ask("pareto", run_id, "--json", database=database).stdout)
    assert best.run_id in {point["run_id"] for point in front}
    picture = tmp_path / "sizes.png"
    assert ask("plot", "pareto", run_id, "-o", str(picture), database=database).exit_code == 0
    assert picture.stat().st_size > 10_000
    runs = mlflow_runs(sqlite_uri(tmp_path / "mlflow.db"), "buffer-in-one-pipeline")
    ids = {one.info.run_id: one.data for one in runs}
    nested = [one for one in ids.values() if one.tags.get(PARENT_TAG) in ids]
    assert sorted(one.params["buffer_kib"] for one in nested) == ["2048", "256", "64"]
    assert len(runs) == 4
