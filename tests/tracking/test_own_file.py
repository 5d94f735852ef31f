from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from zigzag_lab.tracking import tracker
from zigzag_lab.tracking.tracker import make_whole, use_wal


def make(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")


def mode(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


def test_it_is_made_in_wal_mode_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    make_whole(path, make)
    assert mode(path) == "wal"
    assert [p.name for p in tmp_path.iterdir()] == ["m.db"]


def test_made_in_vain_it_leaves_nothing(tmp_path: Path) -> None:
    def make_half(part: Path) -> None:
        make(part)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        make_whole(tmp_path / "m.db", make_half)
    assert list(tmp_path.iterdir()) == []


def test_one_that_appears_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "m.db"

    def make_slowly(part: Path) -> None:
        make(part)
        path.write_bytes(b"another's")

    make_whole(path, make_slowly)
    assert path.read_bytes() == b"another's"
    assert len(list(tmp_path.iterdir())) == 1


def test_network_file_systems_and_files_in_use_keep_their_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.db"
    make(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        use_wal(path)
        other.execute("ROLLBACK")
    assert mode(path) == "delete"
    with monkeypatch.context() as m:
        m.setattr(tracker, "journal_mode_for", lambda _: "delete")
        use_wal(path)
        assert mode(path) == "delete"
    use_wal(path)
    assert mode(path) == "wal"
