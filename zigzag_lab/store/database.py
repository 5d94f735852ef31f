"""One connection to a database; the same few verbs in SQL for SQLite and Postgres.

SQL is written with ``?`` for its parameters and holds no other question marks or percent signs. It goes to the driver
as it is: SQLAlchemy would take longer to import than a network takes to price.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple, Protocol, TypeVar

from zigzag_lab.store.url import DatabaseUrl

Row = tuple[Any, ...]
RowType = type[NamedTuple]
"""One of the types of rows in :mod:`zigzag_lab.store.tables`."""

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
        read_only: whether it refuses to write.
        now: SQL for the time on the database's clock, in UTC.
    """

    url: DatabaseUrl
    read_only: bool
    now: str

    def write(self) -> AbstractContextManager[Database]:
        """A transaction that may write, from its start: all of it is committed or, after an exception, none."""

    def transact(self, work: Callable[[], T]) -> T:
        """Do something in such a transaction, and once more after a lost connection.

        Args:
            work: must give the same when it is called again, also where its first call was committed unnoticed.
        """

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run one statement and hand back its rows, if it has any."""

    def executemany(self, sql: str, rows: Iterable[Row]) -> None:
        """Run one statement for many rows."""

    def insert(self, kind: RowType, rows: Sequence[Row]) -> None:
        """Add rows; those whose key is there already stay as they are.

        Args:
            kind: of the rows, which decides the table; its key is one column, the first.
            rows: to be added.
        """

    def append(self, kind: RowType, values: list[Any]) -> None:
        """Add rows of keys that are this process's own; quicker than :meth:`insert`.

        Args:
            kind: of the rows, which decides the table.
            values: of one row after another, in the order of the columns.
        """

    def select(self, sql: str, parameters: Sequence[Any] = ()) -> Answer:
        """Query, outside any transaction that writes."""

    def stream(self, sql: str, parameters: Sequence[Any] = (), n_rows: int = 10_000) -> Iterator[Answer]:
        """Query more rows than fit into memory: one portion or more, of at most ``n_rows`` each."""

    def seconds_ago(self, seconds: float) -> str:
        """SQL for the time some seconds ago on the database's clock."""

    def close(self) -> None:
        """End the connection."""


@cache
def table_of(kind: RowType) -> str:
    """The table of a type of rows: ``zl_run_layer`` of ``RunLayerTuple``."""
    return "zl" + re.sub("[A-Z]", r"_\g<0>", kind.__name__.removesuffix("Tuple")).lower()


@lru_cache(maxsize=64)
def insertion(kind: RowType, n_rows: int = 1, columns: tuple[str, ...] | None = None) -> str:
    """The statement that adds so many rows, and leaves alone those that are there already; by default all columns."""
    columns = columns or kind._fields
    marks = ", ".join([f"({', '.join('?' * len(columns))})"] * n_rows)
    return f"INSERT INTO {table_of(kind)} ({', '.join(columns)}) VALUES {marks} ON CONFLICT DO NOTHING"


def insertion_of(table: str, columns: Iterable[str], computed: Mapping[str, str]) -> str:
    """The statement that adds a row of given values, but for columns that the database computes.

    Args:
        table: where to.
        columns: of the values, in their order.
        computed: other column -> SQL.
    """
    given = list(columns)
    values = ", ".join([*("?" for _ in given), *computed.values()])
    return f"INSERT INTO {table} ({', '.join([*given, *computed])}) VALUES ({values})"


def portions(columns: tuple[str, ...], fetch: Callable[[], list[Row]]) -> Iterator[Answer]:
    """An answer a portion at a time; one portion at least, which has the names of the columns."""
    rows = fetch()
    yield Answer(columns, rows)
    while rows := fetch() if rows else []:
        yield Answer(columns, rows)


def flat(rows: Iterable[Sequence[Any]]) -> list[Any]:
    """The values of rows, one row after another."""
    values: list[Any] = []
    for row in rows:
        values += row
    return values


def rows_from(values: list[Any], width: int) -> Iterator[Row]:
    """The rows that :func:`flat` took apart.

    Args:
        values: of one row after another.
        width: values of a row.
    """
    return zip(*[iter(values)] * width, strict=True)
