"""A lock between processes on one machine, held by an open file: it ends with its process, however that ends."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from zigzag_lab.store.errors import StoreError

_POLL_SECONDS = 0.05


class LockHeldError(Exception):
    """Another process holds a lock; the message names its user where that is known."""


@contextmanager
def locked(path: Path, patience_seconds: float) -> Iterator[None]:
    """Wait for a lock file, hold it, and release it. The file stays: removing it would open a race.

    Args:
        path: the lock file.
        patience_seconds: how long to wait.

    Raises:
        LockHeldError: the lock did not become free.
        StoreError: the file cannot be opened.
    """
    with _opened(path) as file:
        until = time.monotonic() + patience_seconds
        while not _is_taken(file.fileno()):
            if time.monotonic() > until:
                raise LockHeldError(path.read_text(encoding="utf-8", errors="replace").strip() or "another process")
            time.sleep(_POLL_SECONDS)
        try:
            with suppress(OSError):  # a full disk: those that wait are told less
                file.truncate(0)
                os.write(file.fileno(), f"process {os.getpid()} on {platform.node()}".encode())
            yield
        finally:
            with suppress(OSError):
                file.truncate(0)
            _release(file.fileno())


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
