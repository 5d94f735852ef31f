from __future__ import annotations

from pathlib import Path

from tests.cli.recorded import ask, two_runs
from tests.sweeps.small import sweep_file


def test_sync_and_status_without_a_place_to_publish_to(tmp_path: Path) -> None:
    database, _ = two_runs(tmp_path)
    refused = ask("mlflow", "sync", database=database)
    assert refused.exit_code == 2
    assert "publishing is off (MLFLOW_TRACKING_URI)" in refused.stderr
    answer = ask("mlflow", "status", database=database)
    assert answer.stdout.splitlines() == ["MLflow     off", "published  0", "pending    2", "failed     0"]


def test_what_cannot_be_published_waits(tmp_path: Path) -> None:
    database, _ = two_runs(tmp_path)
    (tmp_path / "broken.db").write_text("no database, whatever its name")
    uri = f"sqlite:///{tmp_path / 'broken.db'}"
    answer = ask("mlflow", "sync", "--mlflow", uri, database=database)
    assert answer.exit_code == 1
    assert answer.stderr.count("\n") == 1
    assert "2 runs kept for 'zigzag-lab mlflow sync'" in answer.stderr
    status = ask("mlflow", "status", "--mlflow", uri, database=database).stdout
    assert "failed     2" in status
    assert "last error" in status


def test_runs_are_published_once_or_again_when_asked(tmp_path: Path) -> None:
    database, _ = two_runs(tmp_path)
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    said = [ask("mlflow", "sync", "--mlflow", uri, *more, database=database).stdout for more in ((), (), ("--again",))]
    assert [text.split(" published")[0] for text in said] == ["MLflow: 2 runs", "MLflow: 0 runs", "MLflow: 2 runs"]
    assert "published  2" in ask("mlflow", "status", "--mlflow", uri, database=database).stdout


def test_points_of_sweeps_are_published_when_they_are_chosen(tmp_path: Path) -> None:
    database, uri = f"sqlite:///{tmp_path / 'lab.db'}", f"sqlite:///{tmp_path / 'mlflow.db'}"
    file = str(sweep_file(tmp_path))
    done = ask("sweep", file, "--workers", "1", "--mlflow", uri, "--publish", "best", database=database)
    assert done.exit_code == 0, done.output
    assert "published  1" in ask("mlflow", "status", "--mlflow", uri, database=database).stdout
    more = ask("mlflow", "sync", "--mlflow", uri, "--sweep", "small", "--publish", "top:2", database=database)
    assert more.stdout.startswith("MLflow: 1 run published")
    everything = ask("mlflow", "sync", "--mlflow", uri, "--publish", "all", database=database)
    assert everything.stdout.startswith("MLflow: 4 runs published")


def test_what_cannot_be_published_is_refused_before_the_sweep_begins(tmp_path: Path) -> None:
    database, file = f"sqlite:///{tmp_path / 'lab.db'}", str(sweep_file(tmp_path))
    for words in (("--publish", "some"), ("--mlflow", "nonsense")):
        assert ask("sweep", file, *words, database=database).exit_code == 2
    assert not (tmp_path / "lab.db").exists()
    url, uri = two_runs(tmp_path)[0], f"sqlite:///{tmp_path / 'm.db'}"
    unknown = ask("mlflow", "sync", "--mlflow", uri, "--sweep", "x", database=url)
    assert unknown.exit_code == 2
    assert "none called 'x'" in unknown.stderr
