"""One publisher at a time for each database, however many processes end their runs at once."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from zigzag_lab.store.database import Database
from zigzag_lab.store.url import SQLITE

_POSTGRES_LOCK = 0x7A6C_7062
_POLL_SECONDS = 0.05
_in_this_process = threading.Lock()


@contextmanager
def threads_turn(patience_seconds: float) -> Iterator[bool]:
    """Hold the lock among the threads of this process.

    Args:
        patience_seconds: how long to wait for whoever has it.

    Yields:
        Whether the turn is ours.
    """
    ours = _in_this_process.acquire(timeout=patience_seconds)
    try:
        yield ours
    finally:
        if ours:
            _in_this_process.release()


@contextmanager
def processes_turn(database: Database, patience_seconds: float) -> Iterator[bool]:
    """Hold the lock of publishing from a database among processes; it ends with its process, however that ends.

    Args:
        database: whose outbox it is.
        patience_seconds: how long to wait for whoever has it.

    Yields:
        Whether the turn is ours.
    """
    with ExitStack() as held:
        yield _take(database, held, time.monotonic() + patience_seconds)


def _take(database: Database, held: ExitStack, deadline: float) -> bool:
    path = database.url.path
    if path is not None:
        file = held.enter_context(path.with_name(path.name + ".publish-lock").open("a+b"))
        return _until(deadline, lambda: _locked(file))
    if database.url.kind == SQLITE:
        return True  # in memory: no other process sees it
    if not _until(deadline, lambda: bool(database.execute(f"SELECT pg_try_advisory_lock({_POSTGRES_LOCK})")[0][0])):
        return False
    held.callback(database.execute, f"SELECT pg_advisory_unlock({_POSTGRES_LOCK})")
    return True


def _until(deadline: float, attempt: Callable[[], bool]) -> bool:
    while not attempt():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


if sys.platform == "win32":
    import msvcrt

    def _locked(file: IO[bytes]) -> bool:
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _locked(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
