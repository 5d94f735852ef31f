from __future__ import annotations

import json
import sqlite3
from collections import namedtuple
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.recorded import ask, two_runs
from zigzag_lab.store import open_store


def findings(url: str, *words: str) -> tuple[int, dict[str, dict[str, str]]]:
    answer = ask("doctor", *words, "--json", database=url)
    return answer.exit_code, {one["part"]: one for one in json.loads(answer.stdout)}


def test_all_is_well(two: tuple[str, list[str]]) -> None:
    answer = ask("doctor", database=two[0])
    assert answer.exit_code == 0, answer.output
    assert "error" not in answer.stdout
    for part in ("versions", "database", "schema", "clock", "integrity", "journal", "disk", "file system", "mlflow"):
        assert f"ok       {part}: " in answer.stdout


def test_a_database_that_is_not_there_yet(tmp_path: Path) -> None:
    status, found = findings(f"sqlite:///{tmp_path / 'new.db'}", "--mlflow", f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert (status, found["database"]["health"]) == (0, "warning")
    assert found["mlflow schema"]["health"] == "ok"
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_an_error_and_what_can_be_read_is_there(tmp_path: Path) -> None:
    url, ids = two_runs(tmp_path)
    path = tmp_path / "two.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'zl_tag'").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    status, found = findings(url)
    assert (status, found["integrity"]["health"]) == (1, "error")
    assert "Restore a copy" in found["integrity"]["advice"]
    damaged = ask("show", ids[0], database=url)
    assert (damaged.exit_code, damaged.stdout) == (2, "")
    assert "the file is damaged" in damaged.stderr
    assert "recover" in damaged.stderr
    assert all(run_id in ask("ls", database=url).stdout for run_id in ids)


def test_a_network_and_a_full_disk_are_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    open_store(url).close()
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("zigzag_lab.api.doctor.file_system_of", lambda path: "nfs4")
    monkeypatch.setattr("zigzag_lab.api.doctor.shutil.disk_usage", lambda path: usage(10, 9, 1))
    monkeypatch.setattr("zigzag_lab.api.doctor.time.time", lambda: 1e9)
    status, found = findings(url)
    assert status == 0
    assert "use Postgres" in found["file system"]["advice"]
    assert found["disk"]["health"] == found["clock"]["health"] == "warning"


def test_other_schemas_are_named(tmp_path: Path) -> None:
    url, mlflow = f"sqlite:///{tmp_path / 'lab.db'}", tmp_path / "mlflow.db"
    with open_store(url) as store:
        store.database.execute("UPDATE zl_alembic_version SET version_num = '9999'")
    with closing(sqlite3.connect(mlflow)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('new')")
        connection.commit()
        _, found = findings(url, "--mlflow", f"sqlite:///{mlflow}")
        assert found["mlflow schema"]["advice"].startswith("Upgrade MLflow")
        connection.execute("UPDATE alembic_version SET version_num = '0584bdc529eb'")
        connection.commit()
    status, found = findings(url, "--mlflow", f"sqlite:///{mlflow}")
    assert status == 1
    assert "mlflow db upgrade" in found["mlflow schema"]["advice"]
    assert "newer than this program" in found["schema"]["found"]
    assert (found["mlflow schema"]["health"], found["mlflow schema"]["found"][:5]) == ("warning", "0584b")


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    status, found = findings("postgresql://me:s3cret@127.0.0.1:1/lab", "--mlflow", "http://127.0.0.1:1")
    assert (status, found["database"]["health"], found["mlflow"]["health"]) == (1, "error", "error")
    assert "s3cret" not in str(found)
