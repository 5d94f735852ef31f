"""What every engine offers, and how to get one."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from zigzag_lab.vocab import InputError, nearest

KINDS = ("local", "dask")


class Engine(Protocol):
    """Works through chunks of items in other processes.

    Attributes:
        chunk_seconds: how much work a chunk should hold: enough that handing it out costs little.
        hosts: names of the machines that the processes run on.
    """

    chunk_seconds: float
    hosts: frozenset[str]

    @property
    def n_workers(self) -> int:
        """Processes at work; a cluster may grow and shrink."""

    def submit(self, items: Sequence[Any]) -> Future[list[Any]]:
        """Hand out a chunk; the answers come in the order of the items."""

    def mend(self) -> None:
        """Go on after workers died; chunks that were handed out are lost where their futures say so."""

    def watch(self) -> None:
        """Called about once a second: end workers that will not answer any more, so that their futures say so."""

    def close(self, *, now: bool = False) -> None:
        """End the workers, after the chunks that are under way; at once if ``now``."""


def open_engine(
    kind: str, work: Callable[[Any], Any], *, n_workers: int | None = None, scheduler: str | None = None
) -> Engine:
    """Start an engine.

    Args:
        kind: ``local`` for processes of this machine, ``dask`` for a cluster.
        work: what is done with each item; pickled, and sent to each worker once.
        n_workers: how many processes; by default one for each CPU that this process may use.
        scheduler: address of a running Dask scheduler; without one, Dask starts workers on this machine.

    Raises:
        InputError: there is no such engine, or it cannot be used so.
    """
    check_engine(kind, n_workers, scheduler)
    if kind == "local":
        from zigzag_lab.executors.local import LocalProcesses

        return LocalProcesses(work, n_workers or n_cpus())
    from zigzag_lab.executors.dask_cluster import DaskCluster

    return DaskCluster(work, n_workers, scheduler)


def check_engine(kind: str, n_workers: int | None, scheduler: str | None) -> None:
    """See to it that there is such an engine, before anything is made for it.

    Raises:
        InputError: there is none.
    """
    if kind not in KINDS:
        raise InputError("executor", f"'{kind}'", " or ".join(KINDS), nearest(kind, KINDS))
    if n_workers is not None and n_workers < 1:
        raise InputError("workers", str(n_workers), "at least 1")
    if kind == "local" and scheduler is not None:
        raise InputError("scheduler", f"'{scheduler}' beside local processes", hint="Add '--executor dask'.")


def n_cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
