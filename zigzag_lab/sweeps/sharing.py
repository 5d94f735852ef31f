"""Pricing points that several processes may want at the same time: each is priced by one of them, all end together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from zigzag_lab.executors import Engine
from zigzag_lab.store.sweep_points import PointState, SweepRecord
from zigzag_lab.sweeps.plan import DesignPoint
from zigzag_lab.sweeps.running import Listener, Progress, SweepRun, missing

PAUSE_SECONDS = 1.0


class Work:
    """Prices points of a sweep, portion after portion, with one engine; a context manager that ends the engine.

    Args:
        record: the sweep in the database.
        open_engine: called once there is something to do.
        column: the figure of which the best is shown.
        listener: told of progress, and asked whether to go on.
        progress: counted on; ``n_wanted`` is all points that will be asked for, less those found answered.
        retry_failed: whether points that failed before are priced again.
    """

    def __init__(
        self,
        record: SweepRecord,
        open_engine: Callable[[], Engine],
        column: str,
        listener: Listener,
        progress: Progress,
        *,
        retry_failed: bool = False,
    ) -> None:
        self.record, self.column, self.listener, self.progress = record, column, listener, progress
        self.retry_failed = retry_failed
        self._open_engine = open_engine
        self._engine: Engine | None = None
        self._ours: set[str] = set()  # points that came to nothing are not tried twice in one go

    def __enter__(self) -> Work:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._engine is not None:
            self._engine.close(now=kind is not None)

    def price(self, points: Sequence[DesignPoint]) -> bool:
        """Price what is missing; then wait for what others are at work on, and take over what they leave.

        Args:
            points: all that are to have an answer in the end.

        Returns:
            Whether all have one; false where the listener stopped it.
        """
        progress, before = self.progress, self.progress.n_done + self.progress.n_elsewhere
        n_wanted: int | None = None
        while not self.listener.is_stopped():
            states = self.record.states()
            wanted = [p for p in missing(points, states, retry_failed=self.retry_failed) if p.key not in self._ours]
            if n_wanted is None:
                n_wanted = len(wanted)
                progress.n_wanted -= len(points) - n_wanted
            progress.n_elsewhere = max(0, before + n_wanted - len(wanted) - progress.n_done)
            if not wanted:
                return True
            free = [p for p in wanted if p.key not in states or not states[p.key].is_taken]
            if not free or not self._run(free, states):
                time.sleep(PAUSE_SECONDS)
        return False

    def _run(self, points: Sequence[DesignPoint], states: Mapping[str, PointState]) -> set[str]:
        if self._engine is None:
            self._engine = self._open_engine()
        run = SweepRun(self.record, self._engine, states, self.column, self.listener, self.progress)
        priced = run.run(points)
        self._ours |= priced
        return priced
