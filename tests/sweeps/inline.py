"""Stand-ins for an engine and a listener, in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from zigzag_lab.executors.worker import host_name
from zigzag_lab.sweeps.running import Progress


class InlineEngine:
    """Does the work at once. Dies over items for which ``kills`` holds, as ``death`` says."""

    chunk_seconds = 2.0
    hosts: frozenset[str] = frozenset({host_name()})

    def __init__(
        self,
        work: Callable[[Any], Any],
        kills: Callable[[Any], bool] = lambda _: False,
        death: type[Exception] = BrokenProcessPool,
    ) -> None:
        self.death = death
        self.work, self.kills, self.n_workers = work, kills, 1
        self.n_mended = self.n_items = 0
        self.closed: list[bool] = []

    def submit(self, items: Sequence[Any]) -> Future[list[Any]]:
        future: Future[list[Any]] = Future()
        if any(self.kills(item) for item in items):
            future.set_exception(self.death("a worker died"))
        else:
            self.n_items += len(items)
            future.set_result([self.work(item) for item in items])
        return future

    def end_stuck_workers(self) -> None:
        pass

    def restart_dead_workers(self) -> None:
        self.n_mended += 1

    def close(self, *, now: bool = False) -> None:
        self.closed.append(now)


class Patience:
    """A listener that stops after so many stored portions."""

    def __init__(self, most: int | None = None) -> None:
        self.most, self.seen = most, 0

    def progressed(self, progress: Progress) -> None:
        self.seen += 1

    def is_stopped(self) -> bool:
        return self.most is not None and self.seen >= self.most
