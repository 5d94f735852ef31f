"""Postgres through psycopg: short transactions, COPY for many rows, and patience with a server that restarts."""

from __future__ import annotations

import logging
import os
import platform
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from threading import RLock
from typing import Any, TypeVar

from zigzag_lab.store.database import Answer, Row, RowType, portions, rows_from, table_of
from zigzag_lab.store.errors import StoreError, StoreWriteError
from zigzag_lab.store.url import DatabaseUrl
from zigzag_lab.vocab.plain import storable, storable_values

log = logging.getLogger("zigzag_lab.store")

T = TypeVar("T")
PATIENCE_SECONDS = 60.0
"""For how long a query is tried again on a server that went away, as one that restarts is back within seconds."""

CONNECT_SECONDS = 10
MOST_TRIES = 5
_OTHERS_IN_THE_WAY = ("40P01", "40001", "23503")
"""Deadlock, serialisation, and a mapping that ``gc`` removed between our looking for it and our referring to it."""


class PostgresDatabase:
    """A connection to a Postgres server. See :class:`zigzag_lab.store.database.Database`."""

    now = "clock_timestamp()"

    def __init__(self, url: DatabaseUrl, *, read_only: bool = False) -> None:
        self.url, self.read_only = url, read_only
        self._lock = RLock()
        self._is_writing = False
        self._may_be_there = False  # whether rows may have been committed by a try whose end is unknown
        self._is_given_up = False  # whether the server stayed away for as long as we wait
        self._spells_out = False  # whether rows are looked through for text that UTF-8 cannot hold
        self._types: dict[str, dict[str, str]] = {}
        with in_words(url, StoreError):
            self._connection = self._connected()

    def _connected(self) -> Any:
        import psycopg

        settings: dict[str, Any] = {"application_name": f"zl-{platform.node()}-{os.getpid()}"[:63]}
        settings["client_encoding"] = "utf8"  # whatever PGCLIENTENCODING says: texts are written and read in full
        if "connect_timeout" not in self.url.secret:
            settings["connect_timeout"] = CONNECT_SECONDS
        connection = psycopg.connect(self.url.for_driver(), autocommit=True, **settings)
        _take_whole_numbers_as_such(connection)
        connection.execute("SET TIME ZONE 'UTC'")
        # a crash of the server may cost the last second, never order
        connection.execute("SET synchronous_commit = off")
        return connection

    # -- transactions --------------------------------------------------------------------------------------------------

    @contextmanager
    def write(self) -> Iterator[PostgresDatabase]:
        """A transaction. A connection that is found dead before anything was done in it is opened anew."""
        with self._lock, in_words(self.url, StoreWriteError), self._transaction():
            yield self

    def transact(self, work: Callable[[], T]) -> T:
        """Do something in a transaction, again where the connection breaks or two writers are in each other's way."""
        import psycopg

        with self._lock, in_words(self.url, StoreWriteError):
            until, n_tries = time.monotonic() + PATIENCE_SECONDS, 0
            while True:
                n_tries += 1
                try:
                    with self._transaction():
                        result = work()
                    self._may_be_there = False
                    return result
                except UnicodeEncodeError:  # from the midst of a COPY
                    if self._spells_out:
                        raise
                    self._spells_out = True
                except psycopg.Error as error:
                    if not self._may_be_tried_again(error, n_tries) or time.monotonic() > until:
                        raise
                    self._may_be_there = True
                    log.warning("%s: %s; trying again", self.url, _first_line(self.url, error))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._patiently(lambda: self._connection.execute("BEGIN"))
        self._is_writing = True
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._is_writing = False

    def _roll_back(self) -> None:
        with suppress(Exception):  # a connection that is gone has rolled back
            self._connection.execute("ROLLBACK")

    def _may_be_tried_again(self, error: Exception, n_tries: int) -> bool:
        """After a lost connection; and a few times where other writers were in the way."""
        if self._connection.closed:
            return not self._is_given_up
        return getattr(error, "sqlstate", None) in _OTHERS_IN_THE_WAY and n_tries < MOST_TRIES

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Run a query that changes nothing; where the connection has died, on a new one, for some time.

        Once a server stayed away for so long, it is asked once only, until it answers: what is still to be said when a
        run fails takes no minute each.
        """
        import psycopg

        patience = 0.0 if self._is_given_up else PATIENCE_SECONDS
        until, pause = time.monotonic() + patience, 0.05
        while True:
            try:
                if self._connection.closed:
                    self._connection = self._connected()
                answer = ask()
                self._is_given_up = False
                return answer
            except psycopg.OperationalError as error:
                if not self._connection.closed:
                    raise
                if time.monotonic() > until:
                    self._is_given_up = True
                    raise
                if pause == 0.05:
                    log.warning("%s: %s; trying for %.0f s", self.url, _first_line(self.url, error), patience)
            time.sleep(pause)
            pause = min(2 * pause, 1.0)

    # -- statements ----------------------------------------------------------------------------------------------------

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run one statement."""
        with self._lock:
            cursor = self._connection.execute(*_spoken(sql, parameters))
            return list(cursor.fetchall()) if cursor.description else []

    def executemany(self, sql: str, rows: Iterable[Row]) -> None:
        """Run one statement for many rows."""
        with self._lock, self._connection.cursor() as cursor:
            cursor.executemany(_marks(sql), [storable_values(row) for row in rows])

    def insert(self, kind: RowType, rows: Sequence[Row]) -> None:
        """Add rows; those whose key is there stay: asking is quicker than having their JSON parsed."""
        if not rows:
            return
        with self._lock:
            key = kind._fields[0]
            sql = f"SELECT {key} FROM {table_of(kind)} WHERE {key} = ANY(%b)"
            found = self._connection.execute(sql, ([row[0] for row in rows],)).fetchall()
            there = {value for (value,) in found}
            if missing := [tuple(storable_values(row)) for row in rows if row[0] not in there]:
                self._insert_those_missing(kind, missing)

    def append(self, kind: RowType, values: list[Any]) -> None:
        """Add rows by COPY; after a lost connection, those that are missing."""
        if not values:
            return
        rows = [*rows_from(storable_values(values) if self._spells_out else values, len(kind._fields))]
        with self._lock:
            add = self._insert_those_missing if self._may_be_there else self._copy
            add(kind, rows)

    def _insert_those_missing(self, kind: RowType, rows: Sequence[Row]) -> None:
        """One statement for all; in the order of the key, so that two writers of the same rows wait in turn."""
        table, columns = table_of(kind), kind._fields
        types, names = self._types_of(table), ", ".join(columns)
        arrays = ", ".join(_array_of(types[column]) for column in columns)
        sql = (
            f"INSERT INTO {table} ({names}) SELECT {names} FROM unnest({arrays}) AS given({names}) "
            f"ORDER BY {columns[0]} ON CONFLICT DO NOTHING"
        )
        self._connection.execute(sql, [list(column) for column in zip(*rows, strict=True)])

    def _copy(self, kind: RowType, rows: Sequence[Row]) -> None:
        table, columns = table_of(kind), kind._fields
        types = self._types_of(table)
        sql = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
        with self._connection.cursor() as cursor, cursor.copy(sql) as copy:
            copy.set_types([types[column] for column in columns])
            for row in rows:
                copy.write_row(row)

    def _types_of(self, table: str) -> dict[str, str]:
        if table not in self._types:
            rows = self._connection.execute(
                "SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
                "WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped",
                (table,),
            ).fetchall()
            self._types[table] = dict(rows)
        return self._types[table]

    def select(self, sql: str, parameters: Sequence[Any] = ()) -> Answer:
        """Query; one statement at most, and on a read-only connection none that writes."""
        with self._lock, in_words(self.url, StoreError):
            if self._is_writing:
                return self._asked(sql, parameters)
            return self._patiently(lambda: self._asked_on_its_own(sql, parameters))

    def _asked_on_its_own(self, sql: str, parameters: Sequence[Any]) -> Answer:
        if not self.read_only:
            return self._asked(sql, parameters)
        self._connection.execute("BEGIN READ ONLY")
        try:
            return self._asked(sql, parameters)
        finally:
            self._roll_back()

    def _asked(self, sql: str, parameters: Sequence[Any]) -> Answer:
        # in binary, as the server then takes no second statement that would end our transaction
        cursor = self._connection.execute(*_spoken(sql, parameters), binary=self.read_only)
        rows = cursor.fetchall() if cursor.description else []
        return Answer(tuple(c.name for c in cursor.description or ()), rows)

    def stream(self, sql: str, parameters: Sequence[Any] = (), n_rows: int = 10_000) -> Iterator[Answer]:
        """Query more rows than fit into memory: a portion at a time, all as of one moment."""
        with self._lock, in_words(self.url, StoreError):
            self._patiently(lambda: self._connection.execute("SELECT 1"))
            with self._connection.transaction():
                if self.read_only:
                    self._connection.execute("SET TRANSACTION READ ONLY")
                with self._connection.cursor(name="zl_stream", binary=self.read_only) as cursor:
                    cursor.execute(*_spoken(sql, parameters))
                    columns = tuple(c.name for c in cursor.description or ())
                    yield from portions(columns, lambda: cursor.fetchmany(n_rows))

    def seconds_ago(self, seconds: float) -> str:
        """SQL for the time some seconds ago."""
        return f"clock_timestamp() - interval '{float(seconds):.3f} seconds'"

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._connection.close()


_QUOTED_OR_MARK = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|\?|%""")


def _take_whole_numbers_as_such(connection: Any) -> None:
    """Read numbers of any size as ``int`` where they have no fraction: numbers of MACs, and sums of integers."""
    from psycopg.types.numeric import NumericBinaryLoader, NumericLoader

    def whole(value: Any) -> Any:
        return int(value) if value.is_finite() and value.as_tuple().exponent == 0 else value

    class Text(NumericLoader):
        def load(self, data: Any) -> Any:
            return whole(super().load(data))

    class Binary(NumericBinaryLoader):
        def load(self, data: Any) -> Any:
            return whole(super().load(data))

    for loader in (Text, Binary):
        connection.adapters.register_loader("numeric", loader)


def _array_of(type_name: str) -> str:
    """A parameter that is an array of a type, in binary, which is quicker to put together; JSON comes as text."""
    return "%b::text[]::jsonb[]" if type_name == "jsonb" else f"%b::{type_name}[]"


def _spoken(sql: str, parameters: Sequence[Any]) -> tuple[str, Sequence[Any] | None]:
    """A statement and its parameters as psycopg takes them; without parameters it goes as it is."""
    sql = storable(sql)
    return (_marks(sql), storable_values(parameters)) if parameters else (sql, None)


@lru_cache(maxsize=512)
def _marks(sql: str) -> str:
    """Our parameters in psycopg's spelling; question marks in quotes are none."""
    return _QUOTED_OR_MARK.sub(lambda m: "%s" if m[0] == "?" else m[0].replace("%", "%%"), sql)


def _first_line(url: DatabaseUrl, error: BaseException) -> str:
    lines = url.scrubbed(str(error)).strip().splitlines()
    return lines[0] if lines else "no answer"


@contextmanager
def in_words(url: DatabaseUrl, kind: type[StoreError]) -> Iterator[None]:
    """Turn an error of the driver into one with a remedy, without the password."""
    try:
        import psycopg
    except ImportError as error:
        hint = "Install it with: pip install 'zigzag-lab[postgres]'."
        raise StoreError(str(url), "the Postgres driver psycopg is not installed", hint=hint) from error
    try:
        yield
    except psycopg.OperationalError as error:
        raise kind(str(url), f"Postgres says: {_first_line(url, error)}", hint=_advice(error)) from None
    except psycopg.Error as error:
        raise kind(str(url), f"Postgres says: {url.scrubbed(str(error)).strip()}", hint=_advice(error)) from None


_ADVICE = {
    "53100": "The server's disk is full: free some space and start again; what was finished is kept.",
    "53300": "The server takes no more connections: let some workers end, or raise its max_connections.",
    "53400": "The server takes no more connections: let some workers end, or raise its max_connections.",
    "57014": "It took longer than the server's statement_timeout, or was cancelled: raise the limit, or ask for less.",
    "55P03": "Another session holds a lock: pg_stat_activity says which; lock_timeout is how long to wait.",
    "22P05": "The database is in another encoding: make one with ENCODING 'UTF8'.",
    "3F000": "No schema of the search_path exists: make it with CREATE SCHEMA.",
}
_NO_CONNECTION = ("08", "28", "3D", "57P")


def _advice(error: Exception) -> str:
    state = getattr(error, "sqlstate", None) or ""
    if state and not state.startswith(_NO_CONNECTION):
        return _ADVICE.get(state, "")
    return "Check that the server runs and that host, user and password (or ~/.pgpass) are right."
