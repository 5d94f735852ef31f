"""Running a sweep: what is missing is priced, what is done is skipped, and every answer is stored as it comes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Protocol

from zigzag_lab.executors import Engine
from zigzag_lab.store.sweep_points import WORKER_LOST, PointState, PricedPoint, SweepRecord
from zigzag_lab.sweeps.plan import DesignPoint
from zigzag_lab.vocab import ZigzagLabError

PAUSE_SECONDS = 1.0
RENEW_SECONDS = 15.0
MOST_IN_A_CHUNK = 500
N_LOSSES = 3
"""How often a worker may die over a point before the point is held to be the reason."""


@dataclass
class Progress:
    """How far a sweep has come.

    Attributes:
        n_wanted: points to be priced.
        n_done: of these, those that are stored by now.
        n_infeasible, n_failed: of those.
        n_elsewhere: left to other processes that are at work on them.
        n_hits, n_misses: of lookups of layers.
        best: the least objective so far; None as long as nothing is finished.
    """

    n_wanted: int
    n_done: int = 0
    n_infeasible: int = 0
    n_failed: int = 0
    n_elsewhere: int = 0
    n_hits: int = 0
    n_misses: int = 0
    best: float | None = None
    started: float = field(default_factory=time.monotonic)

    def count(self, point: PricedPoint, column: str) -> None:
        """Count a point that is stored by now, whose figure of a column may be the best."""
        value = point.figures.get(column)
        self.n_done += 1
        self.n_infeasible += point.status == "infeasible"
        self.n_failed += point.status == "failed"
        self.n_hits += point.figures.get("cache_hits") or 0
        self.n_misses += point.figures.get("cache_misses") or 0
        if value is not None and (self.best is None or value < self.best):
            self.best = value

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self.started

    @property
    def rate(self) -> float:
        """Points in a second."""
        return self.n_done / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Until all points are done, at this rate."""
        left = self.n_wanted - self.n_done - self.n_elsewhere
        return left / self.rate if self.rate > 0 else None


class Listener(Protocol):
    """Receives progress and is polled for cancellation."""

    def progressed(self, progress: Progress) -> None:
        """Points have been stored."""

    def is_stopped(self) -> bool:
        """Whether no more points are to be handed out; what is under way is finished and stored."""


def missing(
    points: Iterable[DesignPoint], states: Mapping[str, PointState], *, retry_failed: bool = False
) -> Iterator[DesignPoint]:
    """The points that are to be priced."""
    for point in points:
        state = states.get(point.key)
        if state is None or state.is_wanted(retry_failed=retry_failed):
            yield point


@dataclass
class _Chunk:
    """Points that are handed out together, and how often a worker died meanwhile."""

    points: Sequence[DesignPoint]
    n_losses: int = 0

    @property
    def is_suspect(self) -> bool:
        """Whether workers died over it, not just one."""
        return self.n_losses >= N_LOSSES - 1


def _lost(point: DesignPoint) -> PricedPoint:
    reason = f"its worker process died {N_LOSSES} times: out of memory, or killed"
    options = {"point": dict(point.values)}
    return PricedPoint(point.key, "failed", {}, options, reason=reason, error=WORKER_LOST)


class Work:
    """Prices points of a sweep, portion after portion, with one engine; a context manager that ends the engine.

    Args:
        record: the sweep in the database.
        open_engine: called once there is something to do.
        column: the figure of which the best is shown.
        listener: receives progress, and is polled for cancellation.
        progress: counted on; ``n_wanted`` is all points of the sweep, less those found answered.
        retry_failed: whether points that failed before are priced again.
    """

    def __init__(
        self,
        record: SweepRecord,
        open_engine: Callable[[], Engine[DesignPoint, PricedPoint]],
        column: str,
        listener: Listener,
        progress: Progress,
        *,
        retry_failed: bool = False,
    ) -> None:
        self.record, self.column, self.listener, self.progress = record, column, listener, progress
        self.retry_failed = retry_failed
        self._open_engine = open_engine
        self._ours: set[str] = set()  # points that came to nothing are not tried twice in one go
        self._states: Mapping[str, PointState] = {}
        self._under_way: dict[Future[list[PricedPoint]], _Chunk] = {}
        self._again: deque[_Chunk] = deque()
        self._seconds_a_point: float | None = None
        self._renewed, self._n_breaks = 0.0, 0  # breaks one after the other, with no answer in between

    def __enter__(self) -> Work:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if "engine" in vars(self):
            self.engine.close(now=kind is not None)

    @cached_property
    def engine(self) -> Engine[DesignPoint, PricedPoint]:
        """The engine, started once there is something to do."""
        return self._open_engine()

    def price(self, points: Sequence[DesignPoint]) -> bool:
        """Price what is missing; then wait for what others are at work on, and take over what they leave.

        Returns:
            Whether all points have an answer; false where the listener stopped it.
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

    def _run(self, points: Sequence[DesignPoint], states: Mapping[str, PointState]) -> bool:
        """Price points and store what comes of them; the record keeps no claim of ours afterwards.

        Returns:
            Whether any of them was priced here.
        """
        n_before, source = len(self._ours), iter(points)
        self._again.clear()
        self._states, self._seconds_a_point, self._renewed, self._n_breaks = states, None, time.monotonic(), 0
        try:
            self._fill(source)
            while self._under_way:
                done, _ = wait(self._under_way, timeout=1.0, return_when=FIRST_COMPLETED)
                self._collect(done)
                self._fill(source)
                self._stay_alive()
        finally:
            self.record.release()
        return len(self._ours) > n_before

    # -- handing out ---------------------------------------------------------------------------------------------------

    def _fill(self, source: Iterator[DesignPoint]) -> None:
        """Keep every worker busy, and one chunk waiting for each."""
        while len(self._under_way) < 2 * self.engine.n_workers and not self.listener.is_stopped():
            if self._again and self._again[0].is_suspect and self._under_way:
                return
            chunk = self._again.popleft() if self._again else self._next_chunk(source)
            if chunk is None:
                return
            self._submit(chunk)
            if chunk.is_suspect:  # it is alone, so that it is known whose fault it is when a worker dies again
                return

    def _next_chunk(self, source: Iterator[DesignPoint]) -> _Chunk | None:
        while points := list(islice(source, self._chunk_size())):
            ours = self.record.claim(points, self._states)
            self.progress.n_elsewhere += len(points) - len(ours)
            if ours:
                return _Chunk([point for point in points if point.key in ours])
        return None

    def _chunk_size(self) -> int:
        """About as many points as the engine wants seconds of work; ever fewer in the end, so that all end together."""
        if self._seconds_a_point is None:
            return 1
        n = int(self.engine.chunk_seconds / max(self._seconds_a_point, 1e-6))
        under_way = sum(len(chunk.points) for chunk in (*self._under_way.values(), *self._again))
        left = self.progress.n_wanted - self.progress.n_done - self.progress.n_elsewhere - under_way
        return max(1, min(n, MOST_IN_A_CHUNK, left // (3 * self.engine.n_workers)))

    def _submit(self, chunk: _Chunk) -> None:
        try:
            future = self.engine.submit(chunk.points)
        except BrokenProcessPool:  # a worker died a moment ago; those under way will say so
            self.engine.restart_dead_workers()
            future = self.engine.submit(chunk.points)
        self._under_way[future] = chunk

    # -- collecting ----------------------------------------------------------------------------------------------------

    def _collect(self, done: Iterable[Future[list[PricedPoint]]]) -> None:
        priced: list[PricedPoint] = []
        lost: list[_Chunk] = []
        for future in done:
            chunk = self._under_way.pop(future)
            try:
                priced += future.result()
                self._n_breaks = 0
            except (BrokenProcessPool, CancelledError):
                lost.append(chunk)
            except Exception as error:
                if not type(error).__name__.startswith("KilledWorker"):
                    raise
                lost.append(_Chunk(chunk.points, N_LOSSES - 1))  # it died with several workers: Dask has tried
        self._store(priced)
        if lost:
            ended = [future for future in self._under_way if future.done()]
            broken = [f for f in ended if f.cancelled() or isinstance(f.exception(), BrokenProcessPool)]
            lost += map(self._under_way.pop, broken)
            self._restart_workers()
            self._store([_lost(p) for chunk in lost for p in self._to_do_again(chunk)])

    def _restart_workers(self) -> None:
        self._n_breaks += 1
        if self._n_breaks > 3 + 4 * self.engine.n_workers:
            raise ZigzagLabError(
                "The sweep's worker processes die before they answer anything: out of memory, killed, or unable to "
                "start. What was priced is stored."
            )
        self.engine.restart_dead_workers()

    def _to_do_again(self, chunk: _Chunk) -> Sequence[DesignPoint]:
        """Hand a lost chunk out again, suspects in halves, to find the point that kills; that point in the end."""
        n, points = chunk.n_losses + 1, chunk.points
        if n < N_LOSSES:
            self._again.append(_Chunk(points, n))
            return ()
        if len(points) == 1:
            return points
        half = len(points) // 2
        self._again += [_Chunk(part, chunk.n_losses) for part in (points[:half], points[half:])]
        return ()

    def _store(self, priced: Sequence[PricedPoint]) -> None:
        if not priced:
            return
        self.record.record(priced)
        self._ours.update(point.key for point in priced)
        for point in priced:
            self.progress.count(point, self.column)
            seconds, mean = point.figures.get("seconds") or 0.0, self._seconds_a_point
            self._seconds_a_point = seconds if mean is None else 0.9 * mean + 0.1 * seconds
        self.listener.progressed(self.progress)

    def _stay_alive(self) -> None:
        self.engine.end_stuck_workers()
        if time.monotonic() - self._renewed > RENEW_SECONDS:
            self.record.renew()
            self._renewed = time.monotonic()
