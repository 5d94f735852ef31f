from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from threading import Timer

import pytest

from zigzag_lab.store import RunStart, StoreWriteError, open_store
from zigzag_lab.store.connect import connect
from zigzag_lab.store.database import flat
from zigzag_lab.store.sqlite import file_system_of, journal_mode_for
from zigzag_lab.store.tables import ResultTuple
from zigzag_lab.store.url import DatabaseUrl, masked

MOUNTS = """\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
33 21 0:45 / {home} rw,relatime shared:9 - nfs4 server:/export rw
34 33 0:46 / {home}/fast\\040disk rw - tmpfs tmpfs rw
"""


def test_the_file_system_is_that_of_the_deepest_mount(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "fast disk").mkdir(parents=True)
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS.format(home=home))
    assert file_system_of(home / "lab.db", mounts) == "nfs4"
    assert file_system_of(home / "fast disk" / "lab.db", mounts) == "tmpfs"
    assert file_system_of(tmp_path / "lab.db", mounts) == "ext4"
    assert file_system_of(tmp_path / "lab.db", tmp_path / "nothing") == ""


def test_no_log_on_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("zigzag_lab.store.sqlite.file_system_of", lambda path: "nfs4")
    with caplog.at_level(logging.WARNING):
        assert journal_mode_for(tmp_path / "lab.db") == "delete"
    assert "Postgres is advised" in caplog.text
    database = connect(DatabaseUrl.parse(f"sqlite:///{tmp_path / 'lab.db'}"))
    assert database.select("PRAGMA journal_mode").rows == [("delete",)]
    database.close()


def test_connections_have_our_settings(tmp_path: Path) -> None:
    database = connect(DatabaseUrl.parse(f"sqlite:///{tmp_path / 'lab.db'}"))
    settings = {name: database.select(f"PRAGMA {name}").rows[0][0] for name in SETTINGS}
    database.close()
    assert settings == SETTINGS


SETTINGS = {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1, "busy_timeout": 60000}


def test_opening_waits_for_a_process_that_writes_before_there_is_a_log(tmp_path: Path) -> None:
    """As SQLite itself does not: it refuses to change the journal at once."""
    path = tmp_path / "lab.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE t (x INTEGER)")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        sqlite3.connect(path, timeout=60).execute("PRAGMA journal_mode=wal")
    later = Timer(0.2, lambda: other.execute("COMMIT"))
    later.start()
    database = connect(DatabaseUrl.parse(f"sqlite:///{path}"))
    later.join()
    other.close()
    assert database.select("PRAGMA journal_mode").rows == [("wal",)]
    assert database.select("SELECT COUNT(*) FROM t").rows == [(0,)]
    database.close()


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    database = connect(DatabaseUrl.parse("sqlite://"))
    database.execute("CREATE TABLE t (x INTEGER)")
    unit = database.write()
    unit.__enter__().execute("INSERT INTO t VALUES (1)")
    assert not unit.__exit__(ValueError, ValueError("half way"), None)
    assert database.select("SELECT COUNT(*) FROM t").rows == [(0,)]
    database.close()


def _delete(path: Path) -> None:
    path.unlink()


def _move(path: Path) -> None:
    path.rename(path.with_name("elsewhere.db"))


def _move_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))


def _replace(path: Path) -> None:
    path.with_name("copy.db").write_bytes(path.read_bytes())
    path.with_name("copy.db").replace(path)


@pytest.mark.parametrize("lose", [_delete, _move, _move_folder, _replace])
def test_a_file_that_is_lost_while_a_run_writes_is_noticed(tmp_path: Path, lose: Callable[[Path], None]) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    path = folder / "lab.db"
    with open_store(path) as store:
        run = store.start_run(RunStart())
        run.heartbeat()
        lose(path)
        with pytest.raises(StoreWriteError, match="deleted, moved or replaced"):
            run.finish()


@pytest.mark.parametrize("n_energies", [0, 1, 4])
def test_columns_that_are_null_in_every_row_read_as_null(tmp_path: Path, n_energies: int) -> None:
    with open_store(tmp_path / "lab.db") as store, store.start_run(RunStart()) as run:
        energies = [2.5] * n_energies + [None] * (4 - n_energies)
        rows = [
            ResultTuple(run_number=run.number, result_index=i, path="", kind="other", n_layers=0, energy_pj=energy)
            for i, energy in enumerate(energies)
        ]
        store.database.append(ResultTuple, flat(rows))
        sql = f"SELECT {', '.join(ResultTuple._fields)} FROM zl_result ORDER BY result_index"
        assert store.database.select(sql).rows == rows
        store.database.execute("DELETE FROM zl_result")


def test_a_file_is_found_again_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store("sqlite:///lab.db") as store, store.start_run(RunStart()) as run:
        (tmp_path / "other").mkdir()
        monkeypatch.chdir(tmp_path / "other")
        run.finish()
        assert store.database.select("SELECT status FROM zl_run").rows == [("finished",)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:secret@host/db", "postgresql://me:***@host/db"),
        ("postgresql://:secret@host/db", "postgresql://:***@host/db"),
        ("postgresql://me:p@ss@host/db", "postgresql://me:***@host/db"),
        ("x postgresql://me:a/b@h/d failed\nmail me@host", "x postgresql://me:***@h/d failed\nmail me@host"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("sqlite:///lab.db", "sqlite:///lab.db"),
        ("postgresql://h/d?user=me&password=secret&x=1", "postgresql://h/d?user=me&password=***&x=1"),
    ],
)
def test_passwords_are_masked_in_any_text(text: str, shown: str) -> None:
    assert masked(text) == shown
