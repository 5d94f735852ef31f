"""A lock between processes on one machine, held by an open file: it ends with its process, however that ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from zigzag_lab.store.errors import StoreError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for a lock file, hold it, and let it go. The empty file stays: removing it would open a race."""
    with _opened(path) as file:
        _take(file.fileno())
        try:
            yield
        finally:
            _release(file.fileno())


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("a+b")
    except OSError as error:
        hint = "Make its folder writable, and see that the disk is not full."
        raise StoreError(str(path), f"the lock cannot be taken ({error.strerror})", hint=hint) from error


if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)

    def _release(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _release(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
