"""Engines that work through chunks of work: processes of this machine, or Dask; each a ``concurrent.futures.Executor``.

An engine gets the task function once; what is submitted are chunks of items.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Protocol, TypeVar

from zigzag_lab.executors.worker import Item, Result, n_cpus
from zigzag_lab.vocab import InputError, nearest

KINDS = ("local", "dask")

Item_contra = TypeVar("Item_contra", contravariant=True)


class Engine(Protocol[Item_contra, Result]):
    """Works through chunks of items in other processes, which run on some hosts.

    A chunk should hold ``chunk_seconds`` of work: enough that handing it out costs little.
    """

    chunk_seconds: float
    hosts: frozenset[str]

    @property
    def n_workers(self) -> int:
        """Processes at work; a cluster may grow and shrink."""

    def submit(self, items: Sequence[Item_contra]) -> Future[list[Result]]:
        """Hand out a chunk; the answers come in the order of the items."""

    def restart_dead_workers(self) -> None:
        """Start workers in place of those that died; chunks whose futures raise are lost."""

    def end_stuck_workers(self) -> None:
        """End workers that were stopped and will not answer, so that their futures raise. Call about once a second."""

    def close(self, *, now: bool = False) -> None:
        """End the workers, after the chunks that are under way; at once if ``now``."""


def open_engine(
    kind: str, work: Callable[[Item], Result], *, n_workers: int | None = None, scheduler: str | None = None
) -> Engine[Item, Result]:
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
    """Refuse an engine that there is none of, before anything is made for it.

    Raises:
        InputError: there is no such engine, or it cannot be used so.
    """
    if kind not in KINDS:
        raise InputError("executor", f"'{kind}'", " or ".join(KINDS), nearest(kind, KINDS))
    if n_workers is not None and n_workers < 1:
        raise InputError("workers", str(n_workers), "at least 1")
    if kind == "local" and scheduler is not None:
        raise InputError("scheduler", f"'{scheduler}' beside local processes", hint="Add '--executor dask'.")
