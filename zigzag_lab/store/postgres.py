"""Postgres through psycopg: short transactions, reconnecting where nothing can have been half done."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any

from zigzag_lab.store.database import Answer, Row
from zigzag_lab.store.errors import StoreError, StoreWriteError
from zigzag_lab.store.url import DatabaseUrl, masked


class PostgresDatabase:
    """A connection to a Postgres server. See :class:`zigzag_lab.store.database.Database`."""

    now = "clock_timestamp()"

    def __init__(self, url: DatabaseUrl, *, read_only: bool = False) -> None:
        self.url, self.read_only = url, read_only
        self._lock = RLock()
        with in_words(url, StoreError):
            self._connection = self._connected()

    def _connected(self) -> Any:
        import psycopg

        name = f"zl-{platform.node()}-{os.getpid()}"[:63]
        connection = psycopg.connect(self.url.for_driver(), autocommit=True, application_name=name)
        connection.execute("SET TIME ZONE 'UTC'")
        connection.execute(
            "SET synchronous_commit = off"
        )  # a crash of the server may cost the last second, never order
        connection.read_only = self.read_only
        return connection

    @contextmanager
    def write(self) -> Iterator[PostgresDatabase]:
        """A transaction. A connection found dead before it starts is opened anew."""
        with self._lock, in_words(self.url, StoreWriteError):
            if self._connection.closed:
                self._connection = self._connected()
            with self._connection.transaction():
                yield self

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run one statement."""
        with self._lock:
            cursor = self._connection.execute(_marks(sql), parameters or None)
            return list(cursor.fetchall()) if cursor.description else []

    def executemany(self, sql: str, rows: Iterable[Row]) -> None:
        """Run one statement for many rows."""
        with self._lock, self._connection.cursor() as cursor:
            cursor.executemany(_marks(sql), list(rows))

    def select(self, sql: str, parameters: Sequence[Any] = ()) -> Answer:
        """Ask. In a transaction of its own, so that a read-only connection refuses to write."""
        with self._lock, in_words(self.url, StoreError):
            if self._connection.closed:
                self._connection = self._connected()
            with self._connection.transaction():
                query = _marks(sql) if parameters else sql
                cursor = self._connection.execute(query, parameters or None)
                rows = cursor.fetchall() if cursor.description else []
                return Answer(tuple(c.name for c in cursor.description or ()), rows)

    def seconds_ago(self, seconds: float) -> str:
        """SQL for the time some seconds ago."""
        return f"clock_timestamp() - interval '{float(seconds):.3f} seconds'"

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._connection.close()


def _marks(sql: str) -> str:
    """Our parameters in psycopg's spelling."""
    return sql.replace("?", "%s")


@contextmanager
def in_words(url: DatabaseUrl, kind: type[StoreError]) -> Iterator[None]:
    """Turn an error of the driver into one that says what to do, without the password."""
    try:
        import psycopg
    except ImportError as error:
        hint = "Install it with: pip install 'zigzag-lab[postgres]'."
        raise StoreError(str(url), "the Postgres driver psycopg is not installed", hint=hint) from error
    try:
        yield
    except psycopg.OperationalError as error:
        text = masked(str(error)).strip().splitlines()
        hint = "Check that the server runs and that host, user and password (or ~/.pgpass) are right."
        raise kind(str(url), f"Postgres says: {text[0] if text else 'no answer'}", hint=hint) from None
    except psycopg.Error as error:
        raise kind(str(url), f"Postgres says: {masked(str(error)).strip()}") from None
