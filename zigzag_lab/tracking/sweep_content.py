"""Turn a sweep into what MLflow shows: the parent run of its points, with counts, the best and Pareto fronts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from math import isfinite

from zigzag_lab.plots import DesignMark, pareto_front
from zigzag_lab.store.sweep_questions import SweepPointRecord
from zigzag_lab.tracking.content import Measurement, RunContent, in_ms
from zigzag_lab.tracking.limits import MAX_DATASET_NAME, MAX_EXPERIMENT_NAME, MAX_TAG_VALUE, cut, key_parts, plain
from zigzag_lab.tracking.names import SWEEP_ID_TAG
from zigzag_lab.tracking.point_params import in_words, short_name
from zigzag_lab.tracking.published_sweep import PublishedSweep

MOST_NETWORKS = 16
MOST_ROWS = 20
_STATUSES = ("finished", "infeasible", "failed")


def front_of(points: list[SweepPointRecord]) -> list[SweepPointRecord]:
    """The points that no other beats in latency and energy, the quickest first."""
    places = [DesignMark(str(i), p.latency_cycles or 0.0, p.energy_pj or 0.0) for i, p in enumerate(points)]
    return [points[int(place.label)] for place in pareto_front(places)]


def sweep_content(sweep: PublishedSweep, database_url: str, scrub: Callable[[str], str]) -> RunContent:
    """Put a sweep into MLflow's terms.

    Args:
        sweep: the sweep.
        database_url: where it is kept, without its password.
        scrub: takes secrets out of a text.
    """
    tags = {
        SWEEP_ID_TAG: sweep.id,
        "zl.sweep": sweep.name,
        "zl.kind": "sweep",
        "zl.objective": sweep.objective,
        "zl.database": database_url,
        "mlflow.note.content": sweep_note(sweep, database_url),
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": "zigzag-lab sweep",
    }
    return RunContent(
        run_id=sweep.id,
        name=cut(scrub(f"sweep {sweep.name}"), MAX_DATASET_NAME),
        experiment=cut(scrub(sweep.name), MAX_EXPERIMENT_NAME),
        status="FINISHED" if sweep.is_complete else "RUNNING",
        started_ms=in_ms(sweep.created_at),
        ended_ms=in_ms(sweep.last_at),
        params={},
        metrics=tuple(m for m in _metrics(sweep) if isfinite(m.value)),
        tags={key: cut(scrub(value), MAX_TAG_VALUE) for key, value in tags.items()},
        datasets=(),
        document=None,
        measured_ms=in_ms(sweep.last_at),
        id_tag=SWEEP_ID_TAG,
    )


def _metrics(sweep: PublishedSweep) -> Iterator[Measurement]:
    """Counts, and of each network the least energy and latency: keys that points do not have."""
    yield Measurement("sweep/points", float(sweep.n_points))
    for status in _STATUSES:
        yield Measurement(f"sweep/{status}", float(sum(p.status == status for p in sweep.points)))
    parts = key_parts(list(islice(sweep.by_workload, MOST_NETWORKS)))
    for name, part in parts.items():
        for column in ("energy_pj", "latency_cycles"):
            least = min(float(getattr(point, column)) for point in sweep.by_workload[name])
            yield Measurement(f"sweep/least {column} of {part}", least)


# -- in words ----------------------------------------------------------------------------------------------------------


def sweep_note(sweep: PublishedSweep, database_url: str) -> str:
    """A sweep in Markdown: the question, how far it is, the Pareto front of each network, how to go on."""
    lines = [f"**{plain(sweep.name)}**: {len(sweep.points):,} of {sweep.n_points:,} points, least {sweep.objective}"]
    question = sweep.said.get("question")
    lines += ["", plain(str(question))] if question else []
    for workload, points in islice(sweep.by_workload.items(), MOST_NETWORKS):
        lines += _front_lines(sweep, workload, points)
    lines += ["", f"    zigzag-lab pareto {sweep.name} --db {database_url}"]
    lines += ["", "All points are in the artifact points.csv, all CMEs in cmes.parquet, the sweep file beside them."]
    return "\n".join(lines)


def _front_lines(sweep: PublishedSweep, workload: str, points: list[SweepPointRecord]) -> Iterator[str]:
    front = front_of(points)
    axes = list(sweep.varying)
    yield ""
    shown = f", of which {MOST_ROWS} are shown" if len(front) > MOST_ROWS else ""
    yield f"{plain(workload)}: {len(front)} of {len(points):,} points are on the Pareto front{shown}"
    yield ""
    yield f"| {' | '.join(plain(short_name(name)) for name in axes)} | latency (cycles) | energy (pJ) | run |"
    yield "|" + "---:|" * len(axes) + "---:|---:|---|"
    for point in front[:: max(1, -(-len(front) // MOST_ROWS))]:
        settings = point.settings
        cells = [plain(in_words(name, settings.get(name))) for name in axes]
        yield f"| {' | '.join([*cells, f'{point.latency_cycles:.6g}', f'{point.energy_pj:.6g}', point.run_id])} |"
