"""Code of worker processes, and figures of the machine for code that starts them."""

from __future__ import annotations

import os
import pickle
import platform
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.connection import wait
from typing import Any, TypeVar

from zigzag_lab.vocab.terminal import Gate

Item = TypeVar("Item")
Result = TypeVar("Result")

_HERE = threading.local()  # work grows by what it remembers: each thread has its own
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Bytes retained where an arena ends, and from which on an array gets pages of its own (``malloc.h``)."""


def begin(token: str, pickled_work: bytes) -> None:
    """Initialise a worker with its task function; it leaves Ctrl-C to its parent, and ends when that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stderr = sys.stderr and Gate(sys.stderr, masks=True)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    _keep_freed_memory()
    _HERE.work = (token, pickle.loads(pickled_work))


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def host_name() -> str:
    """Name of the machine that this process runs on."""
    return platform.node()


def n_cpus() -> int:
    """Number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def work_on(token: str, items: Sequence[object]) -> list[Any]:
    """Do the work for each item of a chunk.

    Raises:
        LookupError: this thread was initialised with another task function, or with none.
    """
    known, work = getattr(_HERE, "work", (None, None))
    if known != token or work is None:
        raise LookupError("a worker was not initialised with its task function")
    return [work(item) for item in items]


def work_on_given(token: str, pickled_work: bytes, items: Sequence[object]) -> list[Any]:
    """Do the same in a worker that we did not start; it gets the task function with each chunk, and caches it."""
    if getattr(_HERE, "work", (None, None))[0] != token:
        _keep_freed_memory()
        _HERE.work = (token, pickle.loads(pickled_work))
    return work_on(token, items)


def _keep_freed_memory() -> None:
    """Let the C library retain freed memory of arrays for the next ones.

    Left alone it returns much of that to the system, and gets it again page by page: a tenth of the time of our
    searches; a fifth under Dask, whose ``MALLOC_TRIM_THRESHOLD_`` has each array larger than 128 KiB returned at once.
    """
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None  # glibc has it
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        mallopt(_M_TRIM_THRESHOLD, 64 << 20)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Delay Ctrl-C within a block; processes and threads that start there, and what they start, never receive it.

    A terminal sends it to all processes, and the one that people started decides.
    """
    if not hasattr(signal, "pthread_sigmask") or threading.current_thread() is not threading.main_thread():
        yield
        return
    from multiprocessing.resource_tracker import ensure_running

    ensure_running()  # as it starts it enables Ctrl-C again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
