"""Notes on runs, soft deletion, removal of deleted runs and orphaned rows; the state of a database and its server."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress

from zigzag_lab.store.database import Database
from zigzag_lab.store.errors import StoreError
from zigzag_lab.store.results import WITHIN
from zigzag_lab.store.sqlite import in_words
from zigzag_lab.store.store import Store
from zigzag_lab.store.url import SQLITE
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.masking import masked

SQLITE_VERSION, SQLITE_VERSION_INFO = sqlite3.sqlite_version, sqlite3.sqlite_version_info
_DIFF_OF = {"sqlite": "json_extract(content, '$.git.diff')", "postgresql": "content -> 'git' ->> 'diff'"}
"""Where an environment names the differences of its working folder, which are kept among the sources."""

_KEYS = {"zl_experiment": "number", "zl_reading": "key"}
"""What rows are called in tables where it is not their digest."""

_LEFT_OVER = {
    "zl_mapping": (
        "digest NOT IN (SELECT mapping_digest FROM zl_layer_evaluation) "
        "AND digest NOT IN (SELECT mapping_digest FROM zl_front_point)"
    ),
    "zl_input": "digest NOT IN (SELECT digest FROM zl_run_input)",
    "zl_reading": "digest NOT IN (SELECT digest FROM zl_run_input)",
    "zl_environment": "digest NOT IN (SELECT environment_digest FROM zl_run)",
    "zl_source": (
        "digest NOT IN (SELECT source_digest FROM zl_run_input WHERE source_digest IS NOT NULL) "
        "AND digest NOT IN (SELECT {diff} FROM zl_environment WHERE {diff} IS NOT NULL)"
    ),
    "zl_experiment": "number NOT IN (SELECT experiment_number FROM zl_run)",
}
"""Table -> which of its rows nothing refers to, in an order in which each frees rows of the next."""


class _OnlyToCountError(Exception):
    """Ends a transaction in which nothing was to change."""


def note(store: Store, run_id: str, text: str) -> None:
    """Write a note on a run; an empty one takes it off."""
    number = store.run_number(run_id)
    store.database.transact(
        lambda: store.database.execute("UPDATE zl_run SET note = ? WHERE number = ?", (masked(text) or None, number))
    )


def delete(store: Store, run_ids: Sequence[str]) -> list[str]:
    """Delete runs: they are seen no more, and stay until :func:`remove_garbage`.

    Returns:
        The ids of those that were there to be seen.

    Raises:
        InputError: one of them is still going on, is a child of another, or no run is called so; then none is deleted.
    """
    numbers = [store.run_number(run_id) for run_id in run_ids]
    database = store.database

    def mark() -> list[str]:
        deleted = []
        for number in numbers:
            status, run_id = database.execute("SELECT status, id FROM zl_run WHERE number = ?", (number,))[0]
            if status == "running":
                raise InputError(f"run {run_id}", "it is still going on", "a run that has ended", "Wait for its end.")
            _check_parent(database, number, "deleted_at IS NULL", numbers, "its parent refers to its layers", "delete")
            sql = f"UPDATE zl_run SET deleted_at = {database.now} WHERE number = ? AND deleted_at IS NULL RETURNING id"
            deleted += [str(row[0]) for row in database.execute(sql, (number,))]
            database.execute(f"UPDATE zl_run SET deleted_at = {database.now} WHERE number IN ({WITHIN})", (number,))
        return deleted

    return database.transact(mark)


def _check_parent(database: Database, number: int, where: str, numbers: Sequence[int], why: str, verb: str) -> None:
    """Children come and go with their parents.

    Raises:
        InputError: the run is a child of one that stays as it is.
    """
    up = number
    while rows := database.execute(
        f"SELECT p.number, p.id, r.id FROM zl_run r JOIN zl_run p ON p.number = r.parent_number AND p.{where} "
        "WHERE r.number = ?",
        (up,),
    ):
        up, parent, run_id = rows[0]
        if up in numbers:
            return
    if up != number:
        (run_id,) = database.execute("SELECT id FROM zl_run WHERE number = ?", (number,))[0]
        hint = f"{verb.capitalize()} {parent}, with its children."
        raise InputError(f"run {run_id}", f"it is a child, and {why}", "a run that is no child", hint)


def restore(store: Store, run_ids: Iterable[str]) -> list[str]:
    """Bring deleted runs back, as long as their rows are there; the ids of those that were deleted."""
    numbers = [store.run_number(run_id) for run_id in run_ids]
    sql = "UPDATE zl_run SET deleted_at = NULL WHERE number = ? AND deleted_at IS NOT NULL RETURNING id"
    database = store.database

    def bring_back() -> list[str]:
        for number in numbers:
            _check_parent(
                database, number, "deleted_at IS NOT NULL", numbers, "it was deleted with its parent", "restore"
            )
        restored = [str(row[0]) for number in numbers for row in database.execute(sql, (number,))]
        for number in numbers:
            database.execute(f"UPDATE zl_run SET deleted_at = NULL WHERE number IN ({WITHIN})", (number,))
        return restored

    return database.transact(bring_back)


def remove_garbage(store: Store, *, older_than_seconds: float = 0.0, is_dry_run: bool = False) -> dict[str, int]:
    """Remove deleted runs for good, and then all that nothing refers to any more.

    Args:
        store: the database.
        older_than_seconds: only runs that were deleted so long ago.
        is_dry_run: whether only to count; what their removal would leave over is counted as well.

    Returns:
        Table -> how many rows.
    """
    database = store.database
    counts: dict[str, int] = {}

    def remove() -> None:
        deleted = f"deleted_at <= {database.seconds_ago(older_than_seconds)}"
        runs = f"SELECT number FROM zl_run WHERE {deleted}"
        database.execute(f"DELETE FROM zl_memory_evaluation WHERE run_number IN ({runs})")  # Postgres does not cascade
        counts["zl_run"] = len(database.execute(f"DELETE FROM zl_run WHERE {deleted} RETURNING number"))
        diff = _DIFF_OF[database.url.kind]
        for table, left_over in _LEFT_OVER.items():
            where = left_over.format(diff=diff)
            key = _KEYS.get(table, "digest")
            counts[table] = len(database.execute(f"DELETE FROM {table} WHERE {where} RETURNING {key}"))
        if is_dry_run:
            raise _OnlyToCountError

    with suppress(_OnlyToCountError):  # which undoes all of it
        database.transact(remove)
    if not is_dry_run:
        store.forget()
    return counts


def give_back_space(store: Store) -> None:
    """Return the space of removed rows to the disk; SQLite copies the whole file for that."""
    if store.url.kind == SQLITE:
        with in_words(store.url, StoreError):
            store.database.execute("VACUUM")


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
