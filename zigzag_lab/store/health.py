"""Version, size and settings of the server or the file of a database."""

from __future__ import annotations

import sqlite3

from zigzag_lab.store.database import Database
from zigzag_lab.store.url import SQLITE

SQLITE_VERSION, SQLITE_VERSION_INFO = sqlite3.sqlite_version, sqlite3.sqlite_version_info


def seconds_since_epoch(database: Database) -> float:
    """The time on the database's clock, which leases and heartbeats go by."""
    now = "strftime('%s', 'now')" if database.url.kind == SQLITE else "extract(epoch FROM clock_timestamp())"
    return float(database.select(f"SELECT {now}").rows[0][0])


def first_defect(database: Database) -> str | None:
    """The first thing that SQLite finds wrong with its file; None where it is sound."""
    found = database.select("PRAGMA quick_check(3)").rows
    return None if found == [("ok",)] else str(found[0][0])


def journal_mode(database: Database) -> str:
    """How SQLite makes transactions safe: ``wal`` lets others read meanwhile."""
    return str(database.select("PRAGMA journal_mode").rows[0][0])


def server_load(database: Database) -> tuple[str, int, int]:
    """The version of Postgres, how many connections it takes at most, and how many are open."""
    sql = (
        "SELECT current_setting('server_version'), current_setting('max_connections')::int, "
        "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
    )
    version, most, n_open = database.select(sql).rows[0]
    return str(version), int(most), int(n_open)


def mlflow_revision(database: Database) -> str:
    """The revision of MLflow's own tables.

    Raises:
        StoreError: it has none.
        IndexError: their revision is not recorded.
    """
    return str(database.select("SELECT version_num FROM alembic_version").rows[0][0])
