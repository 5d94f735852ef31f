"""Sweeps from files to runs: what a sweep would do, and doing it."""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zigzag_lab.api.databases import default_database
from zigzag_lab.executors import check_engine
from zigzag_lab.store import open_store
from zigzag_lab.store.sweep_points import SweepRecord, open_sweep
from zigzag_lab.store.url import SQLITE, DatabaseUrl
from zigzag_lab.sweeps import points, read_sweep
from zigzag_lab.sweeps.adaptive import AdaptiveSearch
from zigzag_lab.sweeps.objectives import OBJECTIVES
from zigzag_lab.sweeps.running import Listener, Progress, missing
from zigzag_lab.sweeps.sharing import Work
from zigzag_lab.vocab import InputError

if TYPE_CHECKING:
    from zigzag_lab.executors import Engine
    from zigzag_lab.store import Store
    from zigzag_lab.sweeps import DesignPoint, SweepSpec


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep would do.

    Attributes:
        name: of the sweep.
        n_points: in all; of a search, its trials times its networks.
        n_done: priced already.
        n_missing: to be priced.
        n_failed: that failed before and are left alone.
        seconds_a_point: what the points priced so far took in the mean; None where there are none.
        n_others: points that earlier forms of the file asked for, and this one does not.
    """

    name: str
    n_points: int
    n_done: int
    n_missing: int
    n_failed: int
    seconds_a_point: float | None
    n_others: int = 0


@dataclass(frozen=True)
class SweepOutcome:
    """What a sweep did.

    Attributes:
        name: of the sweep.
        n_points: in all; of a search, its trials times its networks, or fewer where the space holds fewer.
        n_known: answered before it began.
        progress: what was done.
        is_complete: whether no point is missing.
        seconds: wall time, start of the workers included.
        n_others: points that earlier forms of the file asked for, and this one does not.
    """

    name: str
    n_points: int
    n_known: int
    progress: Progress
    is_complete: bool
    seconds: float
    n_others: int = 0


def plan_sweep(file: str | Path, *, store: str | None = None, retry_failed: bool = False) -> SweepPlan:
    """Return what a sweep would do; nothing is run, and no database is made.

    Raises:
        InputError: the file cannot be used.
    """
    sweep, url = read_sweep(file), DatabaseUrl.parse(store or default_database())
    search = AdaptiveSearch(sweep) if sweep.sampling.adaptive is not None else None
    asked = list(points(sweep)) if search is None else []
    n_points = len(asked) if search is None else _n_points(search)
    if url.path is not None and not url.path.exists():
        return SweepPlan(sweep.name, n_points, 0, n_points, 0, None)
    with open_store(str(store or default_database())) as opened:
        record, seconds = _known(opened, sweep.name)
        if record is None:
            return SweepPlan(sweep.name, n_points, 0, n_points, 0, None)
        states = record.states()
        asked = asked if search is None else _asked_before(search, record)
    wanted = {point.key for point in missing(asked, states, retry_failed=retry_failed)}
    there = [states[point.key] for point in asked if point.key in states and point.key not in wanted]
    n_failed = sum(state.status == "failed" for state in there)
    n_others = 0 if search is not None else len(states.keys() - {point.key for point in asked})
    return SweepPlan(sweep.name, n_points, len(there), n_points - len(there), n_failed, seconds, n_others)


def _known(store: Store, name: str) -> tuple[SweepRecord | None, float | None]:
    """Return the sweep of a name where there is one, and the mean seconds of its points."""
    rows = store.database.select("SELECT number FROM zl_sweep WHERE name = ?", (name,)).rows
    if not rows:
        return None, None
    number = int(rows[0][0])
    mean = store.database.select(
        "SELECT AVG(r.seconds) FROM zl_sweep_point p JOIN zl_run r ON r.number = p.run_number WHERE p.sweep_number = ?",
        (number,),
    ).rows[0][0]
    return SweepRecord(store, number, 0, ""), mean


def run_sweep(
    file: str | Path,
    *,
    store: str | None = None,
    n_workers: int | None = None,
    executor: str = "local",
    scheduler: str | None = None,
    retry_failed: bool = False,
    listener: Listener,
) -> SweepOutcome:
    """Price the points of a sweep that have no answer yet, and store each as it comes.

    Args:
        file: the sweep file, or its folder.
        store: the URL of the database.
        n_workers: processes.
        executor: ``local`` or ``dask``.
        scheduler: address of a Dask scheduler.
        retry_failed: whether points that failed are priced again.
        listener: receives progress, and is polled for cancellation.

    Raises:
        InputError: the file, or what else was asked, cannot be used.
    """
    started, url = time.monotonic(), store or default_database()
    check_engine(executor, n_workers, scheduler)
    sweep = read_sweep(file)
    search = AdaptiveSearch(sweep) if sweep.sampling.adaptive is not None else None
    asked = list(points(sweep)) if search is None else []
    n_points = len(asked) if search is None else _n_points(search)
    progress = Progress(n_points)
    with open_store(url) as opened:
        content = {"file": str(file), "text": Path(sweep.where).read_text(encoding="utf-8")}
        record = open_sweep(opened, sweep.name, str(sweep.options["objective"]), n_points, content)

        def engine() -> Engine:
            return _engine(sweep, url, executor, n_workers, scheduler)

        column = OBJECTIVES[record.objective]
        with Work(record, engine, column, listener, progress, retry_failed=retry_failed) as work:
            is_complete = work.price(asked) if search is None else _searched(search, work)
        if search is not None and is_complete and progress.n_wanted > progress.n_done + progress.n_elsewhere:
            n_points -= progress.n_wanted - progress.n_done - progress.n_elsewhere  # the space holds no more
            progress.n_wanted = progress.n_done + progress.n_elsewhere
            open_sweep(opened, sweep.name, record.objective, n_points, content)
        n_others = record.n_points() - n_points if search is None and is_complete else 0
    seconds = time.monotonic() - started
    return SweepOutcome(sweep.name, n_points, n_points - progress.n_wanted, progress, is_complete, seconds, n_others)


def _engine(sweep: SweepSpec, url: str, executor: str, n_workers: int | None, scheduler: str | None) -> Engine:
    """Start an engine that prices the sweep's points.

    Raises:
        InputError: it cannot be started, or its workers cannot share the database.
    """
    from zigzag_lab.api.sweep_point import PointPricer
    from zigzag_lab.executors import open_engine
    from zigzag_lab.store.worker_cache import WorkerCache

    database = DatabaseUrl.parse(url)
    told = database.for_workers(elsewhere=executor != "local")
    pricer = PointPricer(sweep.name, sweep.bases, sweep.options, WorkerCache(told))
    engine = open_engine(executor, pricer, n_workers=n_workers, scheduler=scheduler)
    others = engine.hosts - {platform.node()}
    if database.kind == SQLITE and others:
        engine.close(now=True)
        found = f"workers on other machines ({', '.join(sorted(others))}) would look layers up in {database}"
        hint = "SQLite files are safe on one machine only: name a Postgres database with '--db'."
        raise InputError("database", found, "a database that they can reach", hint)
    return engine


# -- searches ----------------------------------------------------------------------------------------------------------


def _n_points(search: AdaptiveSearch) -> int:
    return search.adaptive.n_trials * search.n_networks


def _searched(search: AdaptiveSearch, work: Work) -> bool:
    """Price what a search asks for, batch after batch; whether it came to its end."""
    while batch := search.ask():
        asked = [point for design in batch for point in design.points]
        if not work.price(asked):
            return False
        search.tell(batch, work.record.figures([point.key for point in asked]))
    return True


def _asked_before(search: AdaptiveSearch, record: SweepRecord) -> list[DesignPoint]:
    """The points that a search asked for as far as they are answered, and those of the batch after that."""
    asked: list[DesignPoint] = []
    states = record.states()
    while batch := search.ask():
        new = [point for design in batch for point in design.points]
        asked += new
        if any(missing(new, states)):
            break
        search.tell(batch, record.figures([point.key for point in new]))
    return asked
