"""What came of sweeps: how far they are, their points, and which of these no other beats."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from zigzag_lab.api.ask import find_run
from zigzag_lab.api.databases import default_database
from zigzag_lab.store.families import innermost
from zigzag_lab.store.lab import Lab, RunRecord
from zigzag_lab.store.sweep_points import FIGURES as FIGURES
from zigzag_lab.store.sweep_points import OBJECTIVES
from zigzag_lab.store.sweep_questions import SweepPointRecord, SweepSummary, priced_points, summaries, sweep_number
from zigzag_lab.sweeps import pareto_front
from zigzag_lab.sweeps.plan import LARGE, check_are_known, summed_up
from zigzag_lab.vocab import InputError, nearest


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
    """The points of a sweep, as its runs have them; or the runs within a run, named by an id, its start, or ``last``.

    Those of one network where a workload is named, and whose runs ended in one of the ``statuses``.

    Raises:
        InputError: there is no such sweep or network.
    """
    with Lab(database or default_database()) as lab:
        if sweep_number(lab.store.database, name) is not None:
            found = priced_points(lab.store.database, name, statuses)
        else:
            found = _points_within(lab, name, statuses)
    if workload is None:
        return found
    names = sorted({point.workload for point in found})
    if found and workload not in names:
        raise InputError("workload", f"'{workload}'", f"one of {', '.join(names)}", nearest(workload, names))
    return [point for point in found if point.workload == workload]


def _points_within(lab: Lab, word: str, statuses: Iterable[str]) -> list[SweepPointRecord]:
    """The innermost runs within a run, with all that varies on the way down to them."""
    try:
        run = find_run(lab, word)
    except InputError:
        raise _no_sweep(word, [s.name for s in summaries(lab.store.database)]) from None
    if not run.n_children:
        raise InputError(f"run {run.run_id}", "no runs are within it", "the name of a sweep, or a run with some")
    wanted = set(statuses)
    return [_as_point(one) for one in innermost(lab, [run]) if one.status in wanted]


def _as_point(run: RunRecord) -> SweepPointRecord:
    inputs = run.workload or "", run.accelerator or "", run.mapping or ""
    physical = run.physical
    figures = run.energy_pj, run.latency_cycles, run.edp_pj_cycles, run.area_total_mm2, None
    more = physical.time_s, physical.average_power_mw
    known = run.run_id, *inputs, run.settings or {}, run.run_id, run.status, run.reason
    return SweepPointRecord(*known, *figures, *more)


def front_of(records: Sequence[SweepPointRecord], objectives: Sequence[str]) -> list[SweepPointRecord]:
    """The points that no other beats in two or three objectives, sorted by the first.

    Raises:
        InputError: an objective is unknown, or there are not two or three, or no point has a figure for one.
    """
    for objective in objectives:
        if objective not in OBJECTIVES:
            raise InputError(
                "objective", f"'{objective}'", f"one of {', '.join(OBJECTIVES)}", nearest(objective, OBJECTIVES)
            )
    if not 2 <= len(objectives) <= 3 or len(set(objectives)) < len(objectives):
        raise InputError("objectives", ", ".join(objectives) or "none", "two or three different ones")
    known = [r for r in records if all(getattr(r, OBJECTIVES[o]) is not None for o in objectives)]
    if not known and (priced := [r for r in records if r.energy_pj is not None]):
        check_are_known("objectives", {o: getattr(priced[0], OBJECTIVES[o]) for o in objectives})
    figures = [tuple(_small(r, o) for o in objectives) for r in known]
    return [known[i] for i in pareto_front(figures)]


def sorted_by(records: Sequence[SweepPointRecord], objective: str) -> list[SweepPointRecord]:
    """Points, the best first."""
    known = [r for r in records if getattr(r, OBJECTIVES[objective]) is not None]
    return sorted(known, key=lambda r: (_small(r, objective), r.key))


def _small(record: SweepPointRecord, objective: str) -> float:
    """The figure of an objective, turned so that less is better."""
    figure = float(getattr(record, OBJECTIVES[objective]))
    return -figure if objective in LARGE else figure


def over_networks(records: Sequence[SweepPointRecord]) -> list[SweepPointRecord]:
    """Designs over all networks: their energies and latencies added up, where every network has a point.

    The EDP is that of the sums, the utilisation the mean weighted by latency; the network is called ``all``.
    """
    designs: dict[str, list[SweepPointRecord]] = {}
    for record in records:
        same = json.dumps([record.accelerator, record.mapping, record.settings], sort_keys=True)
        designs.setdefault(same, []).append(record)
    n_networks = len({record.workload for record in records})
    found = []
    for group in (group for group in designs.values() if len(group) == n_networks):
        known = [asdict(record) for record in group]
        sums: dict[str, Any] = {column: summed_up(objective, known) for objective, column in OBJECTIVES.items()}
        found.append(replace(group[0], workload="all", run_id="", **sums))
    return found


def _no_sweep(name: str, names: list[str]) -> InputError:
    expected = f"one of {', '.join(names)}" if names else "a sweep; 'zigzag-lab sweep FILE' makes one"
    return InputError("sweep", f"there is none called '{name}'", expected, nearest(name, names))
