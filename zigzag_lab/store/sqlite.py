"""SQLite through Python's own driver: write-ahead log, transactions that take their lock at the start."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar
from urllib.parse import quote

from zigzag_lab.store.database import Answer, Row, RowType, insertion, portions
from zigzag_lab.store.errors import StoreError, StoreWriteError
from zigzag_lab.store.url import DatabaseUrl
from zigzag_lab.vocab.plain import storable, storable_values

log = logging.getLogger("zigzag_lab.store")

T = TypeVar("T")
BUSY_SECONDS = 60.0
PAUSE_SECONDS = 0.01
STEPS_BETWEEN_LOOKS = 100_000  # of SQLite's machine: a few milliseconds
VALUES_AT_ONCE = (1600, 999)
"""Values in one statement: what newer SQLite takes with ease, and older at most."""

ROWS_OF_THE_REST = (16, 8, 4, 3, 2, 1)
"""Rows of the statements that add what is left: few sizes, as each is prepared once."""

NETWORK_FILE_SYSTEMS = frozenset(
    {
        *("9p", "afs", "beegfs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "gpfs", "lustre"),
        *("ncpfs", "nfs", "nfs4", "pvfs2", "smb3", "smbfs"),
    }
)
_WHOLE_NUMBERS = range(-(1 << 63), 1 << 63)
_TIME = "strftime('%Y-%m-%d %H:%M:%f', 'now'{})"
_ASKING = frozenset(
    {"table_info", "table_xinfo", "index_list", "index_info", "foreign_key_list", "integrity_check", "quick_check"}
)
"""Pragmas that take the subject of the query as their argument."""

_RUNTIME = (
    "PRAGMA foreign_keys=ON",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA wal_autocheckpoint=4096",  # pages, 16 MiB: fewer waits for the disk
)


class SqliteDatabase:
    """A connection to a SQLite file. See :class:`zigzag_lab.store.database.Database`."""

    now = _TIME.format("")

    def __init__(self, url: DatabaseUrl, *, read_only: bool = False) -> None:
        self.url, self.read_only = url, read_only
        self._lock = RLock()
        with in_words(url, StoreError):
            self._connection = connected(url, read_only=read_only)
        self._most_values = self._connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
        self._file = None if url.path is None else url.path.absolute()  # from any working folder
        self._opened = _identity(self._file)

    @contextmanager
    def write(self) -> Iterator[SqliteDatabase]:
        """A transaction that holds the file's write lock from its start."""
        with self._lock, in_words(self.url, StoreWriteError):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self
            except BaseException:
                self._roll_back()
                raise
            try:
                self._connection.execute("COMMIT")
            except sqlite3.Error:
                self._roll_back()
                raise
            self._check_is_there()

    def _check_is_there(self) -> None:
        """Notice that what was written went into a file that has no name any more."""
        if _identity(self._file) != self._opened:
            found = "the file was deleted, moved or replaced while it was being written to"
            hint = "What was written since is lost: leave the file alone while runs go on, and start them again."
            raise StoreWriteError(str(self.url), found, "the file that was opened", hint)

    def transact(self, work: Callable[[], T]) -> T:
        """Do something in a transaction; there is no connection that could be lost."""
        with self.write():
            return work()

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run one statement."""
        with self._lock:
            return self._executed(sql, parameters).fetchall()

    def _executed(self, sql: str, parameters: Sequence[Any]) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, parameters)
        except (OverflowError, UnicodeEncodeError):
            return self._connection.execute(storable(sql), _fitting(storable_values(parameters)))

    def executemany(self, sql: str, rows: Iterable[Row]) -> None:
        """Run one statement for many rows."""
        rows = list(rows)
        with self._lock:
            try:
                self._connection.executemany(sql, rows)
            except UnicodeEncodeError:
                for row in rows:  # those that were added before the one that failed stay as they are
                    self._executed(sql, row)

    def insert(self, kind: RowType, rows: Sequence[Row]) -> None:
        """Add rows; those whose key is there stay as they are."""
        self.executemany(insertion(kind), rows)

    def append(self, kind: RowType, values: list[Any]) -> None:
        """Add rows, many to a statement, which takes a third less than one to each."""
        columns, values = _without_nulls(kind, values)
        try:
            self._append(kind, columns, values)
        except OverflowError:  # those that were added already stay
            self._append(kind, columns, _fitting(values))

    def _append(self, kind: RowType, columns: tuple[str, ...], values: list[Any]) -> None:
        width, start = len(columns), 0
        with self._lock:
            for n_rows in (*(n // width for n in VALUES_AT_ONCE if n <= self._most_values), *ROWS_OF_THE_REST):
                statement, n_values = insertion(kind, n_rows, columns), width * n_rows
                while len(values) - start >= n_values:
                    self._executed(statement, values[start : start + n_values])
                    start += n_values

    def select(self, sql: str, parameters: Sequence[Any] = ()) -> Answer:
        """Ask."""
        with self._lock, in_words(self.url, StoreError):
            cursor = self._executed(sql, parameters)
            return Answer(tuple(c[0] for c in cursor.description or ()), cursor.fetchall())

    def stream(self, sql: str, parameters: Sequence[Any] = (), n_rows: int = 10_000) -> Iterator[Answer]:
        """Query more rows than fit into memory, a portion at a time."""
        with in_words(self.url, StoreError):
            cursor = self._executed(sql, parameters)
            columns = tuple(c[0] for c in cursor.description or ())
            yield from portions(columns, lambda: cursor.fetchmany(n_rows))

    def seconds_ago(self, seconds: float) -> str:
        """SQL for the time some seconds ago."""
        return _TIME.format(f", '{-float(seconds):+.3f} seconds'")

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._connection.close()


def _without_nulls(kind: RowType, values: list[Any]) -> tuple[tuple[str, ...], list[Any]]:
    """The columns that hold something in some row, and the values of these: the driver takes long over each NULL."""
    columns, n_rows = kind._fields, len(values) // len(kind._fields)
    for name in kind._field_defaults:
        at, width = columns.index(name), len(columns)
        if values[at::width].count(None) == n_rows:
            values = [*values]
            del values[at::width]
            columns = columns[:at] + columns[at + 1 :]
    return columns, values


def _fitting(values: Sequence[Any]) -> list[Any]:
    """Values as SQLite can store them: whole numbers beyond 64 bits as floats, which its columns take as well."""
    return [float(v) if isinstance(v, int) and v not in _WHOLE_NUMBERS else v for v in values]


def _identity(file: Path | None) -> tuple[int, int] | None:
    """What a file is whatever it is called: its device and its number there; None where there is none."""
    try:
        found = None if file is None else file.stat()
    except OSError:
        return None
    return None if found is None else (found.st_dev, found.st_ino)


def connected(url: DatabaseUrl, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection of the driver with our settings, which leaves transactions to its user."""
    if url.path is None:
        return _opened(":memory:", lambda connection: _prepare(connection, None))
    if not read_only:
        return _opened(str(url.path), lambda connection: _prepare(connection, url.path))
    name = f"file:{quote(os.fsencode(url.path))}"
    try:
        return _opened(f"{name}?mode=ro", _only_read, uri=True)
    except sqlite3.OperationalError:
        log_file = url.path.with_name(f"{url.path.name}-wal")
        if is_writable(url.path) or (log_file.exists() and log_file.stat().st_size):
            raise
        return _opened(
            f"{name}?immutable=1", _only_read, uri=True
        )  # the log's shared memory cannot be made in its folder


def _opened(name: str, prepare: Callable[[sqlite3.Connection], None], *, uri: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(name, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=uri)
    try:
        prepare(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def is_writable(path: Path) -> bool:
    """Whether a database, and the files that SQLite makes beside it, can be written."""
    return os.access(path.absolute().parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))


def _only_read(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA query_only=ON")
    connection.execute("SELECT 1 FROM sqlite_master LIMIT 1")
    connection.set_authorizer(_only_reading)
    connection.set_progress_handler(_let_interrupts_through, STEPS_BETWEEN_LOOKS)


def _let_interrupts_through() -> None:
    """Give Python the time to notice Ctrl-C; its exception ends the question as ``interrupted``."""


def _only_reading(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """Refuse what touches files on a connection that only reads: ATTACH and VACUUM make them, pragmas set modes."""
    is_setting = action == sqlite3.SQLITE_PRAGMA and second is not None and first not in _ASKING
    return sqlite3.SQLITE_DENY if is_setting or action == sqlite3.SQLITE_ATTACH else sqlite3.SQLITE_OK


def _prepare(connection: sqlite3.Connection, path: Path | None) -> None:
    for pragma in _RUNTIME:
        connection.execute(pragma)
    if path is None:
        return
    wanted, given_up_at = journal_mode_for(path), time.monotonic() + BUSY_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != wanted:
        try:
            connection.execute(f"PRAGMA journal_mode={wanted}")
            return
        except sqlite3.OperationalError as error:  # as SQLite does not wait where others set it at the same time
            if "locked" not in str(error) or time.monotonic() > given_up_at:
                raise
        time.sleep(PAUSE_SECONDS)


def journal_mode_for(path: Path) -> str:
    """``wal``, or ``delete`` where the folder lies on a network, on which the log's shared memory does not work."""
    kind = file_system_of(path)
    if kind not in NETWORK_FILE_SYSTEMS:
        return "wal"
    log.warning("%s lies on a network file system (%s): slow and fragile; Postgres is advised", path, kind)
    return "delete"


def file_system_of(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """The kind of the file system that a path lies on, such as ``ext4``; empty where the system does not report it."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return ""
    here = str(path.absolute().parent.resolve()) + "/"
    best, kind = "", ""
    for line in lines:
        mount, _, details = line.partition(" - ")
        point = mount.split(" ")[4].replace("\\040", " ").rstrip("/") + "/"
        if here.startswith(point) and len(point) >= len(best):
            best, kind = point, details.split(" ", 1)[0]
    return kind


_ADVICE = (
    ("database or disk is full", "the disk is full", "Free some space and start again: what was finished is kept."),
    ("disk i/o error", "the disk refused", "Check that the disk is not full and is mounted for writing."),
    ("readonly", "the database cannot be written to", "Make the file and its folder writable, or name another --db."),
    ("unable to open", "the file cannot be opened", "Check that its folder exists and is writable."),
    ("not a database", "the file is not a SQLite database", "Name another file, or restore a copy."),
    ("malformed", "the file is damaged", "Restore a copy, or rescue what is left with 'sqlite3 FILE .recover'."),
    ("locked", f"another process kept it locked for {BUSY_SECONDS:.0f} s", "Try again, or use Postgres."),
)


@contextmanager
def in_words(url: DatabaseUrl, kind: type[StoreError]) -> Iterator[None]:
    """Turn an error of the driver into one with a remedy."""
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:  # a warning is what Python 3.11 has for two statements at once
        text = str(error)
        if text == "interrupted":
            raise KeyboardInterrupt from None
        for part, found, hint in _ADVICE:
            if part in text.lower():
                raise kind(str(url), f"{found} ({text})", hint=hint) from error
        raise kind(str(url), f"SQLite says: {text}") from error
