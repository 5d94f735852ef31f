"""One connection to a database, spoken to in SQL; the same few verbs for SQLite and Postgres.

SQL is written with ``?`` for its parameters and holds no other question marks or percent signs. It goes to the driver
as it is: SQLAlchemy would take longer to import than a network takes to price.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from zigzag_lab.store.url import SQLITE, DatabaseUrl

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Answer:
    """What a query gave.

    Attributes:
        columns: names, in the order of the query.
        rows: as the driver gives them.
    """

    columns: tuple[str, ...]
    rows: list[Row]

    def as_dicts(self) -> list[dict[str, Any]]:
        """Each row by the names of its columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class Database(Protocol):
    """A connection that one process uses, from any of its threads.

    Attributes:
        url: where it is.
        now: SQL for the time on the database's clock, in UTC.
    """

    url: DatabaseUrl
    now: str

    def write(self) -> AbstractContextManager[Database]:
        """A transaction that may write, from its start: all of it is kept or, after an exception, none."""

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run one statement and hand back its rows, if it has any."""

    def executemany(self, sql: str, rows: Iterable[Row]) -> None:
        """Run one statement for many rows."""

    def select(self, sql: str, parameters: Sequence[Any] = ()) -> Answer:
        """Ask, outside any transaction that writes."""

    def seconds_ago(self, seconds: float) -> str:
        """SQL for the time some seconds ago on the database's clock."""

    def close(self) -> None:
        """End the connection."""


def connect(url: DatabaseUrl, *, read_only: bool = False) -> Database:
    """Open a connection.

    Args:
        url: where the database is.
        read_only: whether writing is refused by the database itself.

    Raises:
        StoreError: it cannot be reached, or read.
    """
    if url.kind == SQLITE:
        from zigzag_lab.store.sqlite import SqliteDatabase

        return SqliteDatabase(url, read_only=read_only)
    from zigzag_lab.store.postgres import PostgresDatabase

    return PostgresDatabase(url, read_only=read_only)
