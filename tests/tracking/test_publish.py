from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from tests.tracking.samples import NETWORK, TOTAL, Place, closing_client, failed_run, finished_run, history, mlflow_runs
from tests.tracking.test_reach import closed_port
from zigzag_lab.store import Store, open_store
from zigzag_lab.tracking import publish, publish_pending, reach
from zigzag_lab.tracking.tracker import Tracker, quiet_mlflow


def test_a_run_read_back_equals_ours_to_the_last_bit(place: Place) -> None:
    run_id = finished_run(place.store)
    report = publish_pending(place.store, place.uri)
    assert report.is_complete
    assert report.sentence == f"MLflow: 1 run published to {place.uri}."
    (run,) = mlflow_runs(place.uri)
    assert report.published == {run_id: run.info.run_id}
    assert (run.info.status, run.info.run_name) == ("FINISHED", "small | array on tiny net")
    assert run.data.metrics["total/energy_pj"] == TOTAL.energy_total
    assert run.data.metrics["total/edp_pj_cycles"] == TOTAL.edp_pj_cycles
    assert run.data.params["lpf_limit"] == "6"
    assert run.data.tags["zl.run_id"] == run_id
    assert [(d.dataset.name, d.tags[0].value) for d in run.inputs.dataset_inputs] == [
        ("tiny net", "workload"),
        ("small | array", "accelerator"),
    ]
    steps = history(place.uri, run.info.run_id, "layers/energy_pj")
    assert sorted(steps) == [(i, cme.energy_total) for i, cme in enumerate(NETWORK)]
    assert 0 <= run.info.end_time - run.info.start_time < 60_000
    document = place.folder / "mlartifacts" / run.info.run_id / "artifacts" / "run.json"
    assert json.loads(document.read_text())["run"]["id"] == run_id


def test_all_stays_in_a_folder_whatever_it_is_called(tmp_path: Path, made_mlflow: Path) -> None:
    folder = tmp_path / "a%20b?x=1"
    folder.mkdir()
    shutil.copy(made_mlflow, folder / "mlflow.db")
    with open_store(folder / "zigzag_lab.db") as store:
        place = Place(folder, store)
        finished_run(store)
        assert publish_pending(store, place.uri).is_complete
        (run,) = mlflow_runs(place.uri)
    assert run.data.tags["zl.database"] == f"sqlite:///{tmp_path}/a%2520b%3Fx=1/zigzag_lab.db"
    assert (folder / "mlartifacts" / run.info.run_id / "artifacts" / "run.json").exists()
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_twice_does_no_harm(place: Place) -> None:
    run_id = finished_run(place.store)
    publish_pending(place.store, place.uri)
    before = history(place.uri, mlflow_runs(place.uri)[0].info.run_id, "layers/energy_pj")
    assert publish_pending(place.store, place.uri).published == {}
    assert list(publish_pending(place.store, place.uri, again=True).published) == [run_id]
    (run,) = mlflow_runs(place.uri)
    assert history(place.uri, run.info.run_id, "layers/energy_pj") == before
    assert len(run.inputs.dataset_inputs) == 2


def test_failed_runs_are_shown_as_such(place: Place) -> None:
    failed_run(place.store, RuntimeError("no port"))
    publish_pending(place.store, place.uri)
    (run,) = mlflow_runs(place.uri)
    assert run.info.status == "FAILED"
    assert run.data.tags["zl.reason"] == "no port"


def test_the_run_at_hand_goes_before_a_backlog(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "PAGE", 2)
    *_, last = [finished_run(place.store) for _ in range(4)]
    assert [*publish_pending(place.store, place.uri, first=last, limit=1).published] == [last]


class Killed(BaseException):
    """As good as kill -9: nobody catches it."""


@pytest.mark.parametrize(("where", "method"), [(Tracker, "_log"), (Store, "record_publication")])
def test_killed_in_the_middle_it_completes_without_doubles(
    place: Place, monkeypatch: pytest.MonkeyPatch, where: type, method: str
) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise Killed

    runs = [finished_run(place.store) for _ in range(2)]
    with monkeypatch.context() as m:
        m.setattr(where, method, die)
        with pytest.raises(Killed):
            publish_pending(place.store, place.uri)
    assert len(mlflow_runs(place.uri)) == 1
    assert sorted(publish_pending(place.store, place.uri).published) == runs
    found = mlflow_runs(place.uri)
    assert sorted(run.data.tags["zl.run_id"] for run in found) == runs
    assert all(run.info.status == "FINISHED" and "total/energy_pj" in run.data.metrics for run in found)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stores that MLflow is asked to open."""
    uris: list[str] = []
    make = Tracker.__init__

    def noted(self: Tracker, uri: str, *rest: Any, **more: Any) -> None:
        uris.append(uri)
        make(self, uri, *rest, **more)

    monkeypatch.setattr(Tracker, "__init__", noted)
    return uris


def test_a_server_that_is_down_loses_nothing(place: Place, opened: list[str]) -> None:
    run_id = finished_run(place.store)
    report = publish_pending(place.store, f"http://me:hidden1@127.0.0.1:{closed_port()}")
    assert opened == []  # MLflow would try for minutes
    assert [f.run_id for f in report.failures] == [run_id]
    assert report.n_waiting == 1
    assert "1 run kept for 'zigzag-lab mlflow sync'" in report.sentence
    (entry,) = place.store.publications("failed")
    assert entry.attempts == 1
    assert "refused" in (entry.last_error or "")
    assert "hidden1" not in repr((report, entry))
    assert publish_pending(place.store, place.uri).is_complete
    assert [run.data.tags["zl.run_id"] for run in mlflow_runs(place.uri)] == [run_id]


def test_a_locked_store_loses_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "BUSY_SECONDS", 0.1)
    finished_run(place.store)
    with closing(sqlite3.connect(place.folder / "mlflow.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        report = publish_pending(place.store, place.uri)
    assert "locked" in (report.problem or "")
    assert report.n_waiting == 1
    assert publish_pending(place.store, place.uri).is_complete


def test_a_store_of_a_newer_mlflow_loses_nothing(place: Place) -> None:
    finished_run(place.store)
    with closing(sqlite3.connect(place.folder / "mlflow.db")) as other, other:
        other.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    report = publish_pending(place.store, place.uri)
    assert "its schema ffffffffffff is newer than the installed MLflow" in report.sentence
    assert "Upgrade MLflow" in report.sentence
    assert report.sentence.count("\n") == 0
    assert report.n_waiting == 1


class Refuses(BaseHTTPRequestHandler):
    """A tracking server that is not well."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Keep still."""


def test_a_server_that_is_not_well_loses_nothing(place: Place) -> None:
    Refuses.asked.clear()
    runs = [finished_run(place.store) for _ in range(2)]
    with HTTPServer(("127.0.0.1", 0), Refuses) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        report = publish_pending(place.store, f"http://me:hidden1@127.0.0.1:{server.server_port}")
        server.shutdown()
    assert len(Refuses.asked) <= 4  # MLflow would ask again for minutes
    assert "503" in (report.problem or "")
    assert "hidden1" not in repr((report, place.store.publications()))
    assert report.n_waiting == 2
    assert list(publish_pending(place.store, place.uri).published) == [*runs[1:], *runs[:1]]


@pytest.mark.parametrize("uri", ["sqlite:////dev/null/x/mlflow.db", "nonsense://x", "postgresql://u:hidden1@[::1"])
def test_a_bad_uri_is_told_and_not_raised(place: Place, uri: str) -> None:
    finished_run(place.store)
    report = publish_pending(place.store, uri)
    assert report.problem
    assert "hidden1" not in repr(report)
    assert place.store.publications("failed")[0].last_error == report.problem


def test_a_run_that_mlflow_refuses_does_not_stop_the_next(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [finished_run(place.store) for _ in range(2)]
    log_batch = Tracker._log

    def refuse_first(self: Tracker, run: Any, content: Any, tags: Any) -> None:
        from mlflow.exceptions import MlflowException

        if content.run_id == runs[0]:
            raise MlflowException.invalid_parameter_value("no such key")
        log_batch(self, run, content, tags)

    with monkeypatch.context() as m:
        m.setattr(Tracker, "_log", refuse_first)
        report = publish_pending(place.store, place.uri)
    assert list(report.published) == runs[1:]
    assert [(f.run_id, f.error) for f in report.failures] == [(runs[0], "no such key")]
    assert list(publish_pending(place.store, place.uri).published) == runs[:1]
    assert len(mlflow_runs(place.uri)) == 2


def test_a_store_that_breaks_down_midway_keeps_the_rest_waiting(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [finished_run(place.store) for _ in range(3)]

    def break_down(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as m:
        m.setattr(Tracker, "_log", break_down)
        report = publish_pending(place.store, place.uri)
    assert report.problem == "[Errno 28] No space left on device"
    assert (len(report.failures), report.n_waiting) == (1, 3)
    assert sorted(publish_pending(place.store, place.uri).published) == runs


def test_all_that_wait_are_counted_where_our_own_database_is_full(place: Place) -> None:
    for _ in range(3):
        finished_run(place.store)
    with closing(sqlite3.connect(place.folder / "zigzag_lab.db")) as connection:
        refuse = "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        connection.execute(f"CREATE TRIGGER full BEFORE UPDATE ON zl_publication {refuse}")
        report = publish_pending(place.store, place.uri)
        connection.execute("DROP TRIGGER full")
    assert "database or disk is full" in str(report.problem)
    assert report.n_waiting == 3
    assert "3 runs kept" in report.sentence
    assert publish_pending(place.store, place.uri).is_complete
    assert len(mlflow_runs(place.uri)) == 3


def test_one_first_and_no_more_than_asked(place: Place) -> None:
    runs = [finished_run(place.store) for _ in range(3)]
    report = publish_pending(place.store, place.uri, limit=1, first=runs[2])
    assert list(report.published) == [runs[2]]
    assert report.sentence.endswith("; 2 runs still to come.")
    assert publish_pending(place.store, place.uri, limit=0).published == {}
    assert list(publish_pending(place.store, place.uri).published) == runs[:2]


def test_what_a_user_deleted_in_mlflow_comes_back_when_published_again(place: Place) -> None:
    finished_run(place.store)
    publish_pending(place.store, place.uri)
    with quiet_mlflow(), closing_client(place.uri) as client:
        (run,) = client.search_runs([client.get_experiment_by_name("try").experiment_id])
        client.delete_run(run.info.run_id)
        client.delete_experiment(run.info.experiment_id)
    assert publish_pending(place.store, place.uri, again=True).is_complete
    (again,) = mlflow_runs(place.uri)
    assert again.info.run_id == run.info.run_id


def test_a_lost_run_that_woke_up_is_brought_up_to_date(place: Place) -> None:
    run_id = finished_run(place.store)
    write = place.store.database
    with write.write():
        write.execute("UPDATE zl_run SET status = 'lost', reason = 'silent', energy_pj = NULL")
    publish_pending(place.store, place.uri)
    (lost,) = mlflow_runs(place.uri)
    assert (lost.info.status, lost.data.tags["zl.reason"]) == ("KILLED", "silent")
    with write.write():
        write.execute("UPDATE zl_run SET status = 'finished', reason = NULL, energy_pj = 5.0")
        write.execute("UPDATE zl_publication SET state = 'pending'")
    assert list(publish_pending(place.store, place.uri).published) == [run_id]
    (run,) = mlflow_runs(place.uri)
    assert (run.info.run_id, run.info.status) == (lost.info.run_id, "FINISHED")
    assert run.data.metrics["total/energy_pj"] == 5.0
    assert "zl.reason" not in run.data.tags


def test_many_layers_go_in_several_batches(place: Place) -> None:
    record = finished_run(place.store)
    db = place.store.database
    columns = [row[1] for row in db.execute("PRAGMA table_info(zl_layer_evaluation)")]
    rest = ", ".join(c for c in columns if c != "layer_index")
    with db.write():
        db.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 1099) "
            f"INSERT INTO zl_layer_evaluation (layer_index, {rest}) "
            f"SELECT i, {rest} FROM n, zl_layer_evaluation WHERE layer_index = 0"
        )
        db.execute("UPDATE zl_run_layer SET last_index = 1099")
    report = publish_pending(place.store, place.uri)
    assert not report.failures
    assert len(history(place.uri, report.published[record], "layers/energy_pj")) == 1100


IMPORT_MLFLOW = """
import os, socket, sys
os.environ.pop("PYTEST_CURRENT_TEST", None)
calls = []
for name in ("getaddrinfo", "create_connection", "gethostbyname"):
    setattr(socket, name, lambda *a, name=name, **k: calls.append((name, a)) or (_ for _ in ()).throw(OSError(name)))
from zigzag_lab.store import RunStart, open_store
from zigzag_lab.tracking import mlflow_uri_for, publish_pending
from zigzag_lab.tracking.tracker import quiet_mlflow
before = dict(os.environ)
url = f"sqlite:///{sys.argv[1]}/zigzag_lab.db"
with open_store(url) as store:
    publish_pending(store, mlflow_uri_for(url))
assert "mlflow" not in sys.modules
with quiet_mlflow():
    pass
"""

PUBLISH = """
with open_store(url) as store:
    with store.start_run(RunStart(experiment="try")):
        pass
    report = publish_pending(store, mlflow_uri_for(url), patience_seconds=20)
    assert report.problem is None and not report.failures, report
assert dict(os.environ) == before
assert not calls, calls
for child in children:
    os.waitpid(child, 0)
print("done", flush=True)
os._exit(0)
"""


def test_three_at_once_in_a_new_folder_without_a_sound_or_a_packet(tmp_path: Path) -> None:
    left_out = ("CI", "MLFLOW_TRACKING_URI", "GITHUB_ACTIONS")  # in a CI, MLflow keeps its telemetry to itself anyway
    environment = {k: v for k, v in os.environ.items() if k not in left_out} | {"AI_AGENT": "x"}
    fork = "children = []\nwhile len(children) < 2 and (child := os.fork()):\n    children.append(child)\n"
    forget = "if len(children) < 2:\n    children = []\n"
    command = [sys.executable, "-c", IMPORT_MLFLOW + fork + forget + PUBLISH, str(tmp_path)]
    process = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=tmp_path, timeout=300
    )
    assert process.stdout == "done\n" * 3
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    runs = mlflow_runs(uri)
    assert len({run.data.tags["zl.run_id"] for run in runs}) == len(runs) == 3
    names = {p.name for p in tmp_path.iterdir() if not p.name.endswith(("-wal", "-shm"))}
    assert names == {"zigzag_lab.db", "zigzag_lab.db.publish-lock", "mlflow.db", "mlartifacts"}
