"""Dask distributed: workers of a cluster, or of this machine."""

from __future__ import annotations

import asyncio
import logging
import pickle
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

from zigzag_lab.executors.worker import Item, Result, host_name, interrupts_held, n_cpus, work_on_given
from zigzag_lab.vocab import InputError, ZigzagLabError

if TYPE_CHECKING:
    from distributed import LocalCluster, Nanny

T = TypeVar("T")
TIMEOUT_SECONDS = 8.0
"""How long a scheduler may take to answer."""

CLOSE_SECONDS = 4.0
"""How long disconnecting from one that does not answer may take."""

SECONDS_BETWEEN_COUNTS = 5.0
"""How often workers are counted, at most."""

QUIET = {
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.tick.interval": "1s",
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
    "distributed.worker.profile.enabled": False,
}
"""What a cluster of this machine does besides our work, which would take a tenth of the CPU time of two workers."""


class DaskCluster(Generic[Item, Result]):
    """Workers of the Dask scheduler at an address, or of this machine. See :class:`zigzag_lab.executors.Engine`.

    The task function travels with each chunk, which is small beside it, so that a worker that starts in mid-run needs
    nothing else. Dask itself repeats a chunk whose worker died, and gives up where three more died.

    Raises:
        InputError: Dask is not installed, or the scheduler does not answer, or has no workers that can do the work.
    """

    chunk_seconds = 10.0

    def __init__(self, work: Callable[[Item], Result], n_workers: int | None, scheduler: str | None) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            hint = "Install it with: pip install 'zigzag-lab[dask]'."
            raise InputError("executor", "Dask distributed is not installed", hint=hint) from error
        self._is_silent = False
        if scheduler is not None:
            _check_answers(scheduler)
        self._cluster = _cluster_of_this_machine(n_workers) if scheduler is None else None
        try:
            self._client = Client(scheduler if self._cluster is None else self._cluster, timeout=TIMEOUT_SECONDS)
        except (OSError, TimeoutError, ValueError) as error:
            if self._cluster is not None:
                self._cluster.close()
            raise _no_answer(scheduler, error) from error
        self._token, self._work = secrets.token_hex(8), pickle.dumps(work, protocol=pickle.HIGHEST_PROTOCOL)
        self._executor = self._client.get_executor(pure=False)
        self.hosts = self._hosts(scheduler)
        self._count()

    @property
    def n_workers(self) -> int:
        """Workers that the cluster has by now: those of later jobs get work as well."""
        if time.monotonic() - self._counted > SECONDS_BETWEEN_COUNTS:
            self._count()
        return self._n_workers

    def _count(self) -> None:
        try:
            n_workers = within(TIMEOUT_SECONDS, lambda: len(self._client.nthreads()))
            self._n_workers, self._counted = max(1, n_workers), time.monotonic()
        except (OSError, TimeoutError, RuntimeError) as error:
            self._is_silent = True
            hint = "What was priced is stored: start it and its workers again, and then the same command."
            raise ZigzagLabError(f"The Dask scheduler no longer answers. {hint}") from error

    def _hosts(self, scheduler: str | None) -> frozenset[str]:
        try:
            hosts = frozenset(within(2 * TIMEOUT_SECONDS, lambda: self._client.run(host_name)).values())
        except TimeoutError as error:
            self._is_silent = True
            self.close(now=True)
            hint = "A worker that is stopped or hangs holds up all: look at the scheduler's dashboard, and end it."
            found = f"workers of '{scheduler}' did not answer within {2 * TIMEOUT_SECONDS:.0f} s"
            raise InputError("scheduler", found, "workers that answer", hint) from error
        except ImportError as error:
            self.close(now=True)
            found = f"workers of '{scheduler}' lack zigzag_lab ({error})"
            raise InputError("scheduler", found, "the same installation on every machine") from error
        if not hosts:
            self.close(now=True)
            hint = f"Start some with 'dask worker {scheduler} --nthreads 1'."
            raise InputError("scheduler", f"'{scheduler}' has no workers", "one worker or more", hint)
        return hosts

    def submit(self, items: Sequence[Item]) -> Future[list[Result]]:
        """Hand out a chunk."""
        future: Future[list[Result]] = self._executor.submit(work_on_given, self._token, self._work, list(items))
        return future

    def end_stuck_workers(self) -> None:
        """Do nothing: Dask gives up workers that do not answer for five minutes."""

    def restart_dead_workers(self) -> None:
        """Check that the scheduler still answers: it restarts its workers itself.

        Raises:
            ZigzagLabError: it does not.
        """
        self._count()

    def close(self, *, now: bool = False) -> None:
        """Disconnect from the cluster, and end it if it is ours."""
        if self._is_silent and self._cluster is None:
            with suppress(TimeoutError):
                within(CLOSE_SECONDS, lambda: self._client.close(timeout=CLOSE_SECONDS / 2))
            return
        self._executor.shutdown(wait=not now)
        self._client.close()
        if self._cluster is not None:
            if now:
                self._cluster.sync(_closed_soon, list(self._cluster.workers.values()))
            self._cluster.close()


def within(seconds: float, ask: Callable[[], T]) -> T:
    """Return the value of a call that may block and ignore Ctrl-C: it runs in a thread, which is then abandoned.

    Raises:
        TimeoutError: it took longer.
    """
    answer: Future[T] = Future()

    def work() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return answer.result(seconds)


def _check_answers(scheduler: str) -> None:
    """Shake hands with a scheduler: Dask's client would wait for minutes for one that does not answer.

    Raises:
        InputError: it does not answer.
    """
    from distributed.comm.core import connect

    async def shake_hands() -> None:
        (await connect(scheduler, timeout=TIMEOUT_SECONDS)).abort()

    try:
        # in a thread of its own: that of a notebook runs a loop already
        within(TIMEOUT_SECONDS, lambda: asyncio.run(asyncio.wait_for(shake_hands(), TIMEOUT_SECONDS)))
    except (OSError, TimeoutError, ValueError) as error:
        raise _no_answer(scheduler, error) from error


def _no_answer(scheduler: str | None, error: Exception) -> InputError:
    reason = str(error) or f"nothing within {TIMEOUT_SECONDS:.0f} s"
    found, expected = f"'{scheduler}' does not answer ({reason})", "a running scheduler, such as tcp://head:8786"
    return InputError("scheduler", found, expected, "Start one with 'dask scheduler'.")


def _cluster_of_this_machine(n_workers: int | None) -> LocalCluster:
    import dask
    from distributed import LocalCluster

    with dask.config.set(QUIET), interrupts_held():
        return LocalCluster(
            n_workers=n_workers or n_cpus(),
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",  # a free port: another cluster may have the usual one
            scheduler_kwargs={"dashboard": False},
            memory_limit=0,
            silence_logs=logging.ERROR,
        )


async def _closed_soon(nannies: Sequence[Nanny]) -> None:
    """End workers in the midst of their work, for which Dask would wait for some seconds."""
    await asyncio.gather(*(nanny.close(timeout=0.5) for nanny in nannies), return_exceptions=True)
