from __future__ import annotations

from pathlib import Path

from tests.cli.recorded import ask, two_runs


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
