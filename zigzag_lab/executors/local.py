"""Processes of this machine."""

from __future__ import annotations

import multiprocessing
import pickle
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

from zigzag_lab.executors.interrupts import interrupts_held
from zigzag_lab.executors.worker import begin, host_name, work_on


class LocalProcesses:
    """Fresh interpreters, started once, that are told once what to do. See :class:`zigzag_lab.executors.Engine`.

    Args:
        work: what is done with each item.
        n_workers: how many processes.
    """

    chunk_seconds = 2.0

    def __init__(self, work: Callable[[Any], Any], n_workers: int) -> None:
        self.n_workers, self.hosts = n_workers, frozenset({host_name()})
        self._token, self._work = secrets.token_hex(8), pickle.dumps(work, protocol=pickle.HIGHEST_PROTOCOL)
        self._pool = self._started()

    def _started(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self.n_workers, context, begin, (self._token, self._work))

    def submit(self, items: Sequence[Any]) -> Future[list[Any]]:
        """Hand out a chunk."""
        with interrupts_held():  # processes that start here are not to be interrupted before they are ready
            return self._pool.submit(work_on, self._token, list(items))

    def mend(self) -> None:
        """Start new workers after one died, which ends all of them."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._started()

    def close(self, *, now: bool = False) -> None:
        """End the workers."""
        if now:
            for process in list((getattr(self._pool, "_processes", None) or {}).values()):
                process.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)
