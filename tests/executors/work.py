"""Work for engines, in a module that workers can import."""

from __future__ import annotations

import os
import signal
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple


class CutShort(NamedTuple):
    """An item whose answer is sent in part only: then a file is made, and the process dies or stays as it is."""

    sign: Path
    is_deadly: bool

    def send(self, connection: Any, content: Any) -> None:
        """Send half of it, in the place of ``Connection._send``."""
        os.write(connection.fileno(), bytes(content)[: len(content) // 2])
        self.sign.touch()
        if self.is_deadly:
            os._exit(3)
        time.sleep(60)


def doubled(item: Any) -> Any:
    """Twice the item; some items do harm."""
    if item == "die":
        os._exit(3)
    if isinstance(item, CutShort):
        Connection._send = lambda connection, content, *_: item.send(connection, content)  # type: ignore[attr-defined]
        return "in part"
    if isinstance(item, Path) and not item.exists():
        item.touch()
        os._exit(3)
    if isinstance(item, Path):
        return "lived"
    if isinstance(item, str) and item.startswith("$"):
        return os.environ.get(item[1:])
    if item == "interrupt":
        os.kill(os.getpid(), signal.SIGINT)
        return "lived"
    if item == "process":
        return os.getpid()
    if item == "sleep":
        time.sleep(60)
    if item == "raise":
        raise ValueError("no")
    return 2 * item


def written(n_bytes: int) -> int:
    """Write to so much fresh memory."""
    return len(b"x" * n_bytes)


class Growing:
    """Work that remembers which threads called it."""

    def __init__(self) -> None:
        self.threads: set[int] = set()

    def __call__(self, item: threading.Barrier) -> int:
        """How many threads have called so far."""
        self.threads.add(threading.get_ident())
        item.wait(10)
        return len(self.threads)
