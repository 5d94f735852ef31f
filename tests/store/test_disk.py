"""Disks that are full, and folders that are only read."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.recorded import ask, two_runs
from zigzag_lab.store import Lab, StoreError, sqlite
from zigzag_lab.store.connect import connect
from zigzag_lab.store.schema import HEAD, revision_of
from zigzag_lab.store.url import DatabaseUrl

OLD = Path(__file__).parent / "released" / "0004.db"
FULL = """
import resource, signal, sys
from zigzag_lab.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
main(sys.argv[2:], prog_name="zigzag-lab")
"""


def on_a_full_disk(n_bytes: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Ask where no file can be longer than so many bytes."""
    command = [sys.executable, "-c", FULL, str(n_bytes), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_no_room_for_the_copy_before_an_upgrade(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="limits of a process")
    file = Path(shutil.copy(OLD, tmp_path / "old.db"))
    before = file.read_bytes()
    answer = on_a_full_disk(100_000, "db", "upgrade", "--db", f"sqlite:///{file}")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "the copy before the upgrade cannot be written" in answer.stderr
    assert "The database is as it was" in answer.stderr
    assert "Traceback" not in answer.stderr
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version_num FROM zl_alembic_version").fetchone() == ("0004",)
    assert len(file.read_bytes()) == len(before)
    assert {path.name for path in tmp_path.iterdir()} <= {"old.db", "old.db.upgrade-lock", "old.db-wal", "old.db-shm"}


def test_no_room_to_compact(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="limits of a process")
    url, _ = two_runs(tmp_path)
    answer = on_a_full_disk(50_000, "gc", "--compact", "--db", url)
    assert answer.returncode in (1, 2)
    assert answer.stderr.startswith("Error: sqlite:///")
    assert "Traceback" not in answer.stderr
    assert len(Lab(url).runs()) == 2


def test_a_lock_that_cannot_be_taken(tmp_path: Path) -> None:
    file = Path(shutil.copy(OLD, tmp_path / "old.db"))
    (tmp_path / "old.db.upgrade-lock").mkdir()
    answer = ask("db", "upgrade", database=f"sqlite:///{file}")
    assert answer.exit_code == 2
    assert "the lock cannot be taken" in answer.stderr


def test_a_folder_that_cannot_be_written_to_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url, ids = two_runs(tmp_path)
    before = list(tmp_path.iterdir())
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)  # tests may be run by root, who may write
    for words in (["ls"], ["show", "last"], ["compare", *ids], ["sql", "SELECT 1"], ["cache", "stats"]):
        answer = ask(*words, database=url)
        assert answer.exit_code == 0, (words, answer.output)
    answer = ask("tag", "last", "a=b", database=url)
    assert answer.exit_code in (1, 2)
    assert "the database cannot be written to" in answer.stderr
    assert {path.name for path in set(tmp_path.iterdir()) - set(before)} <= {"two.db-wal", "two.db-shm"}


def test_an_older_schema_there_is_not_upgraded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Path(shutil.copy(OLD, tmp_path / "old.db"))
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    with pytest.raises(StoreError, match=f"its schema is 0004, and it cannot be written to; expected schema {HEAD}"):
        Lab(f"sqlite:///{file}")


def test_a_log_whose_shared_memory_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite opens the file as it lies there; where a log is not merged, that would be what was, and is refused."""
    url = DatabaseUrl.parse(two_runs(tmp_path)[0])
    assert url.path is not None
    opened, asked = sqlite._opened, []

    def only_as_it_lies(name: str, *more: object, **options: object) -> sqlite3.Connection:
        asked.append(name.rpartition("?")[2])
        if name.endswith("mode=ro"):
            raise sqlite3.OperationalError("unable to open database file")
        return opened(name, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(sqlite, "_opened", only_as_it_lies)
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    with closing(connect(url, read_only=True)) as database:
        assert revision_of(database) == HEAD
    assert asked == ["mode=ro", "immutable=1"]
    url.path.with_name(f"{url.path.name}-wal").write_bytes(b"not merged")
    with pytest.raises(StoreError, match="cannot be opened"):
        connect(url, read_only=True)
