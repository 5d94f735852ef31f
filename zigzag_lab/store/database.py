"""One connection to a database, spoken to in SQL; the same few verbs for SQLite and Postgres.

SQL is written with ``?`` for its parameters and holds no other question marks or percent signs. It goes to the driver
as it is: SQLAlchemy would take longer to import than a network takes to price.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from zigzag_lab.store.url import SQLITE, DatabaseUrl

Row = tuple[Any, ...]
T = TypeVar("T")


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

    def transact(self, work: Callable[[], T]) -> T:
        """Do something in such a transaction, and once more after a lost connection.

        Args:
            work: must give the same when it is called again, also where its first call was kept unheard of.
        """

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run one statement and hand back its rows, if it has any."""

    def executemany(self, sql: str, rows: Iterable[Row]) -> None:
        """Run one statement for many rows."""

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row], *, are_new: bool = False) -> None:
        """Add many rows; those whose key is there already stay as they are.

        Args:
            table: where to.
            columns: the key first; unless rows are new, that column alone is the key.
            rows: in the order of the columns.
            are_new: whether nobody else can have added rows of these keys, which is quicker on some databases.
        """

    def select(self, sql: str, parameters: Sequence[Any] = ()) -> Answer:
        """Ask, outside any transaction that writes."""

    def stream(self, sql: str, parameters: Sequence[Any] = (), n_rows: int = 10_000) -> Iterator[Answer]:
        """Ask for more rows than fit into memory: a portion of at most ``n_rows`` at a time."""

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
