"""Locks between processes, held by an open file or a connection to a server: they end with their process."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

from zigzag_lab.store.connect import connect
from zigzag_lab.store.errors import StoreError
from zigzag_lab.store.url import DatabaseUrl

_POLL_SECONDS = 0.05
_HOLDER = """
SELECT 'the connection of ' || a.application_name || ', process ' || a.pid || ' of the server' FROM pg_locks l
JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objid = ? AND l.classid = 0
"""


class LockName(NamedTuple):
    """The suffix of a file beside a SQLite file, and the number of an advisory lock of Postgres."""

    suffix: str
    number: int


UPGRADE = LockName("upgrade-lock", 0x7A6C_6D69)
PUBLISH = LockName("publish-lock", 0x7A6C_7062)


class LockHeldError(Exception):
    """Somebody else holds a lock; the message names them where they are known."""


@contextmanager
def database_lock(url: DatabaseUrl, name: LockName, patience_seconds: float) -> Iterator[None]:
    """Wait for a lock on a database, hold it, and release it; a database in memory needs none.

    Args:
        url: where the database is.
        name: of the lock.
        patience_seconds: how long to wait.

    Raises:
        LockHeldError: the lock did not become free.
        StoreError: its file cannot be opened, or the server not be reached.
    """
    if url.path is not None:
        with locked(url.path.with_name(f"{url.path.name}.{name.suffix}"), patience_seconds):
            yield
    elif url.is_in_memory:
        yield
    else:
        take, holder = f"SELECT pg_try_advisory_lock({name.number})", (_HOLDER, (name.number,))
        with closing(connect(url)) as database:  # whose end releases the lock
            _wait(
                lambda: bool(database.select(take).rows[0][0]),
                patience_seconds,
                lambda: next((str(who) for (who,) in database.select(*holder).rows), ""),
            )
            yield


@contextmanager
def locked(path: Path, patience_seconds: float) -> Iterator[None]:
    """Wait for a lock file, hold it, and release it. The file stays: removing it would open a race.

    Raises:
        LockHeldError: the lock did not become free.
        StoreError: the file cannot be opened.
    """
    with _opened(path) as file:
        _wait(
            lambda: _is_taken(file.fileno()),
            patience_seconds,
            lambda: path.read_text(encoding="utf-8", errors="replace").strip(),
        )
        try:
            with suppress(OSError):  # a full disk: those that wait are told less
                file.truncate(0)
                os.write(file.fileno(), f"process {os.getpid()} on {platform.node()}".encode())
            yield
        finally:
            with suppress(OSError):
                file.truncate(0)
            _release(file.fileno())


def _wait(take: Callable[[], bool], patience_seconds: float, holder: Callable[[], str]) -> None:
    until = time.monotonic() + patience_seconds
    while not take():
        if time.monotonic() > until:
            raise LockHeldError(holder() or "another process")
        time.sleep(_POLL_SECONDS)


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("a+b")
    except OSError as error:
        hint = "Make its folder writable, and see that the disk is not full."
        raise StoreError(str(path), f"the lock cannot be taken ({error.strerror})", hint=hint) from error


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # a byte beyond what is written, as others may not read what is locked

    def _is_taken(descriptor: int) -> bool:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _release(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _is_taken(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _release(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
