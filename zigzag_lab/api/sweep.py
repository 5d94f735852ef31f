"""Sweeps from files to answers: what a sweep would do, doing it, and asking for what came of it."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from zigzag_lab.api.defaults import default_database
from zigzag_lab.store import Lab, open_store
from zigzag_lab.store.sweep_points import (
    PointState,
    SweepPointRecord,
    SweepRecord,
    SweepSummary,
    open_sweep,
    priced_points,
    summaries,
)
from zigzag_lab.store.url import DatabaseUrl
from zigzag_lab.sweeps import pareto_front, points, read_sweep
from zigzag_lab.sweeps.running import Listener, Progress, SweepRun, missing
from zigzag_lab.vocab import InputError, nearest

if TYPE_CHECKING:
    from zigzag_lab.executors import Engine
    from zigzag_lab.store import Store
    from zigzag_lab.sweeps import Point, Sweep

OBJECTIVES = {
    "energy": "energy_pj",
    "latency": "latency_cycles",
    "edp": "edp_pj_cycles",
    "area": "area_mm2",
    "utilisation": "utilisation",
}
"""What points can be compared by -> the figure. All are to be small but utilisation."""


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep would do.

    Attributes:
        name: of the sweep.
        n_points: in all.
        n_done: priced already.
        n_missing: to be priced.
        n_failed: that failed before and are left alone.
        seconds_a_point: what the points priced so far took in the mean; None where there are none.
    """

    name: str
    n_points: int
    n_done: int
    n_missing: int
    n_failed: int
    seconds_a_point: float | None


@dataclass(frozen=True)
class SweepOutcome:
    """What a sweep did.

    Attributes:
        name: of the sweep.
        n_points: in all.
        n_known: answered before it began.
        progress: what was done.
        is_complete: whether no point is missing.
        seconds: wall time, start of the workers included.
    """

    name: str
    n_points: int
    n_known: int
    progress: Progress
    is_complete: bool
    seconds: float


def plan_sweep(file: str | Path, *, store: str | None = None, retry_failed: bool = False) -> SweepPlan:
    """What a sweep would do; nothing is run, and no database is made.

    Raises:
        InputError: the file cannot be used.
    """
    sweep, url = read_sweep(file), DatabaseUrl.parse(store or default_database())
    n_points, keys = 0, []
    for point in points(sweep):
        n_points += 1
        keys.append(point.key)
    if url.path is not None and not url.path.exists():
        return SweepPlan(sweep.name, n_points, 0, n_points, 0, None)
    with open_store(str(store or default_database())) as opened:
        states, seconds = _known(opened, sweep.name)
    found = [state for key in keys if (state := states.get(key)) is not None]
    n_wanted = n_points - len(found) + sum(s.is_wanted(retry_failed=retry_failed) for s in found)
    n_failed = sum(s.status == "failed" and not s.is_wanted(retry_failed=retry_failed) for s in found)
    return SweepPlan(sweep.name, n_points, n_points - n_wanted, n_wanted, n_failed, seconds)


def _known(store: Store, name: str) -> tuple[dict[str, PointState], float | None]:
    rows = store.database.select("SELECT number FROM zl_sweep WHERE name = ?", (name,)).rows
    if not rows:
        return {}, None
    number = int(rows[0][0])
    mean = store.database.select(
        "SELECT AVG(r.seconds) FROM zl_sweep_point p JOIN zl_run r ON r.number = p.run_number WHERE p.sweep_number = ?",
        (number,),
    ).rows[0][0]
    return SweepRecord(store, number, 0, "").states(), mean


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
        listener: told of progress, and asked whether to go on.

    Raises:
        InputError: the file, or what else was asked, cannot be used.
    """
    started, url = time.monotonic(), store or default_database()
    sweep = read_sweep(file)
    all_points = list(points(sweep))
    n_points = len(all_points)
    with open_store(url) as opened:
        content = {"file": str(file), "text": Path(sweep.where).read_text(encoding="utf-8")}
        record = open_sweep(opened, sweep.name, str(sweep.options["objective"]), n_points, content)
        states = record.states()
        wanted = list(missing(all_points, states, retry_failed=retry_failed))
        n_wanted = len(wanted)
        progress = Progress(n_wanted)
        if n_wanted:
            engine = _engine(sweep, executor, n_workers, scheduler)
            progress = _work(wanted, record, engine, listener, progress, retry_failed=retry_failed)
    is_complete = progress.n_done + progress.n_elsewhere >= n_wanted
    return SweepOutcome(sweep.name, n_points, n_points - n_wanted, progress, is_complete, time.monotonic() - started)


def _engine(sweep: Sweep, executor: str, n_workers: int | None, scheduler: str | None) -> Engine:
    from zigzag_lab.api.sweep_point import PointPricer
    from zigzag_lab.executors import open_engine

    pricer = PointPricer(sweep.name, sweep.bases, sweep.options)
    return open_engine(executor, pricer, n_workers=n_workers, scheduler=scheduler)


def _work(
    asked: Sequence[Point],
    record: SweepRecord,
    engine: Engine,
    listener: Listener,
    progress: Progress,
    *,
    retry_failed: bool,
) -> Progress:
    """Price what is missing; then wait for what other processes are at work on, and take over what they leave."""
    column, is_done = OBJECTIVES[record.objective], False
    ours: set[str] = set()  # points that came to nothing are not tried twice in one go
    try:
        while not listener.is_stopped():
            states = record.states()
            wanted = [p for p in missing(asked, states, retry_failed=retry_failed) if p.key not in ours]
            progress.n_elsewhere = max(0, progress.n_wanted - progress.n_done - len(wanted))
            if not wanted:
                break
            if free := [p for p in wanted if p.key not in states or not states[p.key].is_taken]:
                ours |= SweepRun(record, engine, states, column, listener, progress).run(free)
            else:
                time.sleep(1.0)
        is_done = True
    finally:
        engine.close(now=not is_done)
    return progress


# -- answers -----------------------------------------------------------------------------------------------------------


def sweep_status(database: str | None = None, name: str | None = None) -> list[SweepSummary]:
    """How far sweeps have come, the newest first.

    Raises:
        InputError: there is none of that name.
    """
    with Lab(database or default_database()) as lab:
        found = summaries(lab.store.database, name)
        if name is not None and not found:
            raise _no_sweep(name, [s.name for s in summaries(lab.store.database)])
    return found


def sweep_points(
    name: str, database: str | None = None, *, workload: str | None = None, statuses: Iterable[str] = ("finished",)
) -> list[SweepPointRecord]:
    """The points of a sweep, as its runs have them.

    Args:
        name: of the sweep.
        database: its URL.
        workload: only points of this network.
        statuses: how their runs ended.

    Raises:
        InputError: there is no such sweep or network.
    """
    with Lab(database or default_database()) as lab:
        if not lab.store.database.select("SELECT 1 FROM zl_sweep WHERE name = ?", (name,)).rows:
            raise _no_sweep(name, [s.name for s in summaries(lab.store.database)])
        found = priced_points(lab.store.database, name, statuses)
    if workload is None:
        return found
    names = sorted({point.workload for point in found})
    if found and workload not in names:
        raise InputError("workload", f"'{workload}'", f"one of {', '.join(names)}", nearest(workload, names))
    return [point for point in found if point.workload == workload]


def front_of(records: Sequence[SweepPointRecord], objectives: Sequence[str]) -> list[SweepPointRecord]:
    """The points that no other beats in two or three objectives, sorted by the first.

    Raises:
        InputError: an objective is unknown, or there are not two or three.
    """
    for objective in objectives:
        if objective not in OBJECTIVES:
            raise InputError(
                "objective", f"'{objective}'", f"one of {', '.join(OBJECTIVES)}", nearest(objective, OBJECTIVES)
            )
    if not 2 <= len(objectives) <= 3 or len(set(objectives)) < len(objectives):
        raise InputError("objectives", ", ".join(objectives) or "none", "two or three different ones")
    known = [r for r in records if all(getattr(r, OBJECTIVES[o]) is not None for o in objectives)]
    figures = [tuple(_small(r, o) for o in objectives) for r in known]
    return [known[i] for i in pareto_front(figures)]


def sorted_by(records: Sequence[SweepPointRecord], objective: str) -> list[SweepPointRecord]:
    """Points, the best first."""
    known = [r for r in records if getattr(r, OBJECTIVES[objective]) is not None]
    return sorted(known, key=lambda r: (_small(r, objective), r.key))


def _small(record: SweepPointRecord, objective: str) -> float:
    value = float(getattr(record, OBJECTIVES[objective]))
    return -value if objective == "utilisation" else value


def over_networks(records: Sequence[SweepPointRecord]) -> list[SweepPointRecord]:
    """Designs over all networks: their energies and latencies added up, where every network has a point.

    The EDP is that of the sums, the utilisation the mean weighted by latency; the network is called ``all``.
    """
    designs: dict[str, list[SweepPointRecord]] = {}
    for record in records:
        same = json.dumps([record.accelerator, record.mapping, record.settings], sort_keys=True)
        designs.setdefault(same, []).append(record)
    n_networks = len({record.workload for record in records})
    return [_added_up(group) for group in designs.values() if len(group) == n_networks]


def _added_up(group: Sequence[SweepPointRecord]) -> SweepPointRecord:
    energy, latency = (math.fsum(getattr(r, name) or 0.0 for r in group) for name in ("energy_pj", "latency_cycles"))
    ideal = math.fsum((r.utilisation or 0.0) * (r.latency_cycles or 0.0) for r in group)
    return replace(
        group[0],
        workload="all",
        run_id="",
        energy_pj=energy,
        latency_cycles=latency,
        edp_pj_cycles=energy * latency,
        utilisation=ideal / latency if latency else None,
    )


def _no_sweep(name: str, names: list[str]) -> InputError:
    expected = f"one of {', '.join(names)}" if names else "a sweep; 'zigzag-lab sweep FILE' makes one"
    return InputError("sweep", f"there is none called '{name}'", expected, nearest(name, names))
