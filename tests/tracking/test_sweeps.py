"""A sweep in MLflow: one run for it, one below for each point that was chosen."""

from __future__ import annotations

import base64
import csv
import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from tests.tracking.samples import NETWORK, SIZE, Place, history, mlflow_runs, swept
from tests.tracking.test_publish import Killed
from zigzag_lab.store import Store
from zigzag_lab.store.choice import Policy
from zigzag_lab.store.sweep_questions import ask_to_publish_sweep
from zigzag_lab.tracking import publish_pending
from zigzag_lab.tracking.limits import VIEW_TAG
from zigzag_lab.tracking.tracker import Tracker, quiet_mlflow
from zigzag_lab.vocab import InputError


def published(place: Place, policy: str = "all") -> tuple[Any, list[Any]]:
    """The parent and the points of the sweep ``sizes`` in MLflow, the points in order."""
    ask_to_publish_sweep(place.store, "sizes", Policy.read(policy))
    assert publish_pending(place.store, place.uri).is_complete
    return family(place)


def family(place: Place) -> tuple[Any, list[Any]]:
    runs = mlflow_runs(place.uri, "sizes")
    (parent,) = [run for run in runs if run.data.tags.get("zl.kind") == "sweep"]
    points = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert len(points) == len(runs) - 1
    return parent, sorted(points, key=lambda run: str(run.data.tags["zl.point_key"]))


def test_points_stand_below_their_sweep_with_numbers_equal_to_the_last_bit(place: Place) -> None:
    ids = swept(place.store)
    parent, points = published(place)
    assert (parent.info.run_name, parent.info.status) == ("sweep sizes", "FINISHED")
    assert [run.data.tags["zl.run_id"] for run in points] == ids
    assert [run.info.status for run in points] == ["FINISHED"] * 5 + ["FAILED"]
    rows = place.store.database.select("SELECT energy_pj, latency_cycles FROM zl_run ORDER BY number").rows
    for run, (energy, latency) in zip(points[:5], rows, strict=False):
        assert (run.data.metrics["total/energy_pj"], run.data.metrics["total/latency_cycles"]) == (energy, latency)
        assert sorted(history(place.uri, run.info.run_id, "layers/energy_pj")) == [
            (i, cme.energy_total) for i, cme in enumerate(NETWORK)
        ]
        assert run.info.end_time - run.info.start_time == 250
    assert points[1].data.metrics["total/design_area_mm2"] == 0.2
    assert parent.data.metrics["sweep/finished"] == 5
    assert parent.data.metrics["sweep/least energy_pj of tiny net"] == rows[4][0]


def test_points_have_the_same_plain_parameters(place: Place) -> None:
    swept(place.store)
    _, points = published(place)
    assert {frozenset(run.data.params) for run in points[:5]} == {frozenset(points[0].data.params)}
    assert [(run.data.params["sram.size"], run.data.params["shape.0"]) for run in points[3:5]] == [
        ("65536", "4"),
        ("8192", "8"),
    ]
    assert points[0].data.params["when used"] == "-1"
    assert points[3].info.run_name == "8 KiB, 4x4, tiny net"


def test_files_of_the_sweep_hold_all_points(place: Place) -> None:
    import pyarrow.parquet as pq

    swept(place.store)
    parent, points = published(place, "best")
    assert len(points) == 1
    folder = Path(place.folder / "mlartifacts" / parent.info.run_id / "artifacts")
    names = {"cmes.parquet", "experiment.yaml", "pareto tiny net.png", "points.csv"}
    assert {path.name for path in folder.iterdir()} == names
    with (folder / "points.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row[SIZE] for row in rows] == ["8192", "16384", "32768", "65536", "8192", "16384"]
    figures = place.store.database.select("SELECT energy_pj FROM zl_run ORDER BY number").rows
    assert [float(row["energy_pj"]) for row in rows[:5]] == [energy for (energy,) in figures[:5]]
    cmes = pq.read_table(folder / "cmes.parquet").to_pylist()
    assert len(cmes) == 5 * len(NETWORK)
    assert [row["latency_cycles"] for row in cmes[:3]] == [cme.latency_total2 for cme in NETWORK]
    note = parent.data.tags["mlflow.note.content"]
    assert "Which \\<size\\> is best?" in note
    assert "| 1 KiB | 8x2 |" in note


@pytest.mark.parametrize(
    ("policy", "chosen"),
    [("all", [0, 1, 2, 3, 4, 5]), ("best", [4]), ("top:2", [3, 4]), ("pareto", [0, 1, 2, 3, 4]), ("none", [])],
)
def test_what_a_policy_chooses(place: Place, policy: str, chosen: list[int]) -> None:
    ids = swept(place.store)
    assert ask_to_publish_sweep(place.store, "sizes", Policy.read(policy)) == len(chosen)
    assert [entry.run_id for entry in place.store.publications()] == [ids[i] for i in chosen]


def test_what_is_chosen_where_nothing_is_said() -> None:
    assert Policy.for_size(200) == Policy.read("all")
    assert Policy.for_size(201) == Policy.read(" top:50, Pareto")


@pytest.mark.parametrize("text", ["", "top", "top:0", "top:x", "none,all", "some"])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="top:K"):
        Policy.read(text)


def test_no_such_sweep(place: Place) -> None:
    with pytest.raises(InputError, match="none called 'nothing'"):
        ask_to_publish_sweep(place.store, "nothing")


def test_twice_does_no_harm_and_more_can_be_chosen_later(place: Place) -> None:
    swept(place.store)
    first, one = published(place, "best")
    again, six = published(place)
    assert first.info.run_id == again.info.run_id
    assert (len(one), len(six)) == (1, 6)
    assert publish_pending(place.store, place.uri, again=True).is_complete
    assert [run.info.run_id for run in family(place)[1]] == [run.info.run_id for run in six]


@pytest.mark.parametrize(
    ("where", "method"),
    [(Tracker, "_log"), (Tracker, "log_files"), (Tracker, "tag_experiment"), (Store, "record_publication")],
)
def test_killed_in_the_middle_it_completes_without_doubles(
    place: Place, monkeypatch: pytest.MonkeyPatch, where: type, method: str
) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise Killed

    ids = swept(place.store)
    ask_to_publish_sweep(place.store, "sizes", Policy.read("all"))
    with monkeypatch.context() as m:
        m.setattr(where, method, die)
        with pytest.raises(Killed):
            publish_pending(place.store, place.uri)
    assert publish_pending(place.store, place.uri).is_complete
    parent, points = family(place)
    assert parent.info.status == "FINISHED"
    assert [run.data.tags["zl.run_id"] for run in points] == ids


def test_a_sweep_that_cannot_be_told_keeps_its_points_waiting(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        from mlflow.exceptions import MlflowException

        raise MlflowException.invalid_parameter_value("no room for files")

    swept(place.store)
    ask_to_publish_sweep(place.store, "sizes", Policy.read("top:2"))
    with monkeypatch.context() as m:
        m.setattr(Tracker, "log_files", refuse)
        report = publish_pending(place.store, place.uri)
    assert [failure.error for failure in report.failures] == ["no room for files"] * 2
    assert publish_pending(place.store, place.uri).is_complete
    assert len(family(place)[1]) == 2


def test_figures_of_a_sweep_that_goes_on_are_the_newest(place: Place) -> None:
    swept(place.store, 3)
    first, _ = published(place)
    with place.store.database.write():
        place.store.database.execute(
            "UPDATE zl_run SET energy_pj = 1.0, ended_at = '2099-01-01 00:00:00' WHERE number = 1"
        )
        place.store.database.execute("UPDATE zl_publication SET state = 'pending'")
        place.store.database.execute("UPDATE zl_sweep SET n_points = 9")
    assert publish_pending(place.store, place.uri).is_complete
    parent, _ = family(place)
    assert parent.info.status == "RUNNING"
    assert parent.data.metrics["sweep/least energy_pj of tiny net"] == 1.0
    assert parent.data.metrics["sweep/points"] == 9 > first.data.metrics["sweep/points"]


def test_a_view_of_the_sweep_is_saved(place: Place) -> None:
    swept(place.store)
    published(place, "best")
    from mlflow.tracking.client import MlflowClient

    with quiet_mlflow():
        client = MlflowClient(tracking_uri=place.uri)
        tag = client.get_experiment_by_name("sizes").tags[VIEW_TAG]
        client._tracking_client.store.engine.dispose()
    view = json.loads(tag)
    assert view["name"] == "sweep sizes"
    state = json.loads(zlib.decompress(base64.b64decode(view["state"].removeprefix("deflate;"))))
    parallel = next(chart for chart in state["compareRunCharts"] if chart["type"] == "PARALLEL")
    assert parallel["selectedParams"] == ["sram.size", "shape.0", "shape.1"]
    sections = {section["uuid"] for section in state["compareRunSections"]}
    assert {chart["metricSectionId"] for chart in state["compareRunCharts"]} == sections
