"""MLflow's own SQLite file, made whole or not at all, and in WAL mode."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from zigzag_lab.stages.files import unfinished
from zigzag_lab.store.sqlite import journal_mode_for


def make_whole(path: Path, make: Callable[[Path], None]) -> None:
    """Have a database made under another name and put it in place when it is complete.

    MLflow takes more than a second for its first database; a process killed meanwhile, or two that start at once,
    would leave one that nobody can use.

    Args:
        path: where it shall be; nothing happens where it is already.
        make: makes it at the path it is given, and lets go of it.
    """
    if path.exists():
        return
    with unfinished(path) as part:
        use_wal(part)  # before, as it spares MLflow's seventy migrations most of their waiting for the disk
        make(part)
        _put_in_place(part, path)


def _put_in_place(part: Path, path: Path) -> None:
    try:
        path.hardlink_to(part)
    except FileExistsError:  # another process was first: its database is as good
        return
    except OSError:  # no hard links here
        if not path.exists():
            part.rename(path)


def use_wal(path: Path) -> None:
    """Set a SQLite file to write-ahead logging, in which MLflow writes three times as fast.

    The mode is kept in the file. One that is in use stays as it is, and so does one on a network file system.
    """
    if journal_mode_for(path) != "wal":
        return
    with closing(sqlite3.connect(path, 0.5, isolation_level=None)) as connection:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
                connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            return


def commit_quickly(client: Any) -> None:
    """Have MLflow's client write to a SQLite file in WAL mode without waiting for the disk at each commit.

    A power failure may then take the last runs off MLflow, never the file's integrity;
    ``zigzag-lab mlflow sync --again`` brings them back.

    Args:
        client: MLflow's client of such a file.
    """
    from sqlalchemy import event

    engine = client._tracking_client.store.engine

    def on_connect(connection: Any, _: Any) -> None:
        if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            connection.execute("PRAGMA synchronous=NORMAL")

    event.listen(engine, "connect", on_connect)
    engine.dispose()  # connections that were opened before
