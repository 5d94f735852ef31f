"""Processes of this machine."""

from __future__ import annotations

import logging
import multiprocessing
import pickle
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Generic

from zigzag_lab.executors.worker import Item, Result, begin, host_name, interrupts_held, work_on

log = logging.getLogger(__name__)

STOPPED_SECONDS = 20
"""For how long a worker may be stopped before it is ended; seconds in which we were stopped ourselves do not count."""

UNNOTICED_SECONDS = 5
"""For how long a worker may be dead before all are ended: their pool notices at once, unless it waits for the rest of
what that one was sending, and then never."""


class LocalProcesses(Generic[Item, Result]):
    """A pool of ``n_workers`` spawned processes, each initialised once with the task. See :class:`Engine`."""

    chunk_seconds = 2.0

    def __init__(self, work: Callable[[Item], Result], n_workers: int) -> None:
        self.n_workers, self.hosts = n_workers, frozenset({host_name()})
        self._token, self._work = secrets.token_hex(8), pickle.dumps(work, protocol=pickle.HIGHEST_PROTOCOL)
        self._pool = self._started()
        self._watched, self._n_stopped = time.monotonic(), dict[int, int]()  # process -> how often it was seen stopped
        self._n_dead = 0  # how often in a row one was seen dead

    def _started(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self.n_workers, context, begin, (self._token, self._work))

    def submit(self, items: Sequence[Item]) -> Future[list[Result]]:
        """Hand out a chunk."""
        with interrupts_held():  # processes that start here are not to be interrupted before they are ready
            return self._pool.submit(work_on, self._token, list(items))

    def end_stuck_workers(self) -> None:
        """End workers that were suspended and not continued, and those of a pool that waits for a dead one."""
        now = time.monotonic()
        if now - self._watched < 1.0:
            return
        self._watched = now
        processes = self._processes()
        self._end_stopped(processes)
        self._n_dead = self._n_dead + 1 if self._waits_for_the_dead(processes) else 0
        if self._n_dead >= UNNOTICED_SECONDS:
            log.warning("a worker process died as it sent an answer: all are ended")
            self._end_all()

    def _processes(self) -> dict[int, BaseProcess]:
        """Process id -> worker, of the pool in use."""
        return dict(getattr(self._pool, "_processes", None) or {})

    def _waits_for_the_dead(self, processes: dict[int, BaseProcess]) -> bool:
        """Whether answers are to come still, and a worker is dead."""
        is_waiting = bool(getattr(self._pool, "_pending_work_items", None))
        return is_waiting and bool(wait([process.sentinel for process in processes.values()], 0))

    def _end_stopped(self, processes: dict[int, BaseProcess]) -> None:
        stopped = [pid for pid in processes if _is_stopped(pid)]
        self._n_stopped = {pid: self._n_stopped.get(pid, 0) + 1 for pid in stopped}
        if max(self._n_stopped.values(), default=0) < STOPPED_SECONDS:
            return
        for pid in stopped:  # all at once: the pool waits for each when one has ended
            log.warning("worker process %d was stopped for %d s: it is ended", pid, self._n_stopped[pid])
            processes[pid].kill()

    def _end_all(self) -> None:
        """End all workers, and the pipe of their answers: a pool would wait for the rest of one that is cut short."""
        for process in self._processes().values():
            process.kill()
        answers = getattr(self._pool, "_result_queue", None)
        if answers is not None:
            with suppress(OSError):  # the pool closes it, too, when it comes to its end
                answers._writer.close()
        self._n_dead = 0

    def restart_dead_workers(self) -> None:
        """Start new workers after one died, which ends all of them."""
        self._end_all()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._started()

    def close(self, *, now: bool = False) -> None:
        """End the workers, and watch them meanwhile."""
        if now:
            self._end_all()

        def shut_down() -> None:
            with suppress(OSError):
                self._pool.shutdown(wait=True, cancel_futures=True)

        closing = threading.Thread(target=shut_down, daemon=True)
        closing.start()
        while closing.is_alive():
            closing.join(1.0)
            self.end_stuck_workers()


def _is_stopped(pid: int) -> bool:
    """Whether a process is stopped, by a signal or a debugger; False where the system does not show it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(") ")[2][:1]
    except OSError:
        return False
    return state in ("T", "t")
