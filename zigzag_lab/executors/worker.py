"""What happens in a worker process."""

from __future__ import annotations

import os
import pickle
import platform
import signal
import threading
from collections.abc import Callable, Sequence
from multiprocessing import parent_process
from multiprocessing.connection import wait
from typing import Any

_WORK: dict[str, Callable[[Any], Any]] = {}


def begin(token: str, pickled_work: bytes) -> None:
    """Get ready: know what to do, leave Ctrl-C to the parent, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    _WORK[token] = pickle.loads(pickled_work)


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def host_name() -> str:
    """The machine that this process runs on."""
    return platform.node()


def work_on(token: str, items: Sequence[Any]) -> list[Any]:
    """Do the work for each item of a chunk."""
    work = _WORK[token]
    return [work(item) for item in items]


def work_on_given(token: str, pickled_work: bytes, items: Sequence[Any]) -> list[Any]:
    """The same in a worker that was not started by us: what to do comes along, and is kept."""
    if token not in _WORK:
        _WORK.clear()
        _WORK[token] = pickle.loads(pickled_work)
    return work_on(token, items)
