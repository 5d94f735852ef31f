"""Turn a sweep into what MLflow shows: the parent run of its points, its files, and a view of the experiment's runs.

The parent run has counts, the best, Pareto fronts; its files are the points, the CMEs, the sweep's file and pictures.
The view draws the axes of the sweep against its figures. MLflow stores saved views in tags of the experiment. How one
is written is not documented: this follows 3.17, and a test has the interface open it. One that another version does not
understand is not shown, and does no harm.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from math import isfinite
from pathlib import Path

from zigzag_lab.plots import DesignMark, pareto_front, plot_pareto
from zigzag_lab.store.database import Database
from zigzag_lab.store.sweep_points import FIGURES
from zigzag_lab.store.sweep_questions import SweepPointRecord, layers_of_sweep
from zigzag_lab.store.views import ParquetWriter
from zigzag_lab.tracking import limits
from zigzag_lab.tracking.content import Measurement, RunContent, in_ms
from zigzag_lab.tracking.limits import clean, cut, figure, key_parts, markdown_table, of_which, plain
from zigzag_lab.tracking.published_sweep import PublishedSweep, in_words, point_params, short_name
from zigzag_lab.vocab.plain import CsvWriter

MOST_NETWORKS = 16
MOST_ROWS = 20
MOST_PICTURES = 8
MOST_AXES = 8
MOST_RUNS = 100
POINTS, CMES, FILE = "points.csv", "cmes.parquet", "experiment.yaml"
ENERGY, LATENCY = "total/energy_pj", "total/latency_cycles"
_OF_LAYERS = ("layers/energy_pj", "layers/latency_cycles")
_BY_LAYER = {
    "xAxisKey": "step",
    "xAxisScaleType": "linear",
    "scaleType": "linear",
    "yAxisKey": "metric",
    "range": {},
    "lineSmoothness": 0,
}
_STATUSES = ("finished", "infeasible", "failed")
_KNOWN = ("key", "run_id", "status", "workload", "accelerator", "mapping")


def front_of(points: list[SweepPointRecord]) -> list[SweepPointRecord]:
    """The points that no other beats in latency and energy, the quickest first."""
    places = [DesignMark(str(i), p.latency_cycles or 0.0, p.energy_pj or 0.0) for i, p in enumerate(points)]
    return [points[int(place.label)] for place in pareto_front(places)]


def sweep_content(sweep: PublishedSweep, database_url: str, scrub: Callable[[str], str]) -> RunContent:
    """Put a sweep into MLflow's terms; ``database_url`` has no password, ``scrub`` takes secrets out of a text."""
    tags = {
        limits.SWEEP_ID_TAG: sweep.id,
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
        name=cut(scrub(f"sweep {sweep.name}"), limits.MAX_DATASET_NAME),
        experiment=cut(scrub(sweep.name), limits.MAX_EXPERIMENT_NAME),
        status="FINISHED" if sweep.is_complete else "RUNNING",
        started_ms=in_ms(sweep.created_at),
        ended_ms=in_ms(sweep.last_at),
        params={},
        metrics=tuple(m for m in _metrics(sweep) if isfinite(m.value)),
        tags={key: cut(scrub(value), limits.MAX_TAG_VALUE) for key, value in tags.items()},
        datasets=(),
        document=None,
        measured_ms=in_ms(sweep.last_at),
        id_tag=limits.SWEEP_ID_TAG,
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


# -- the note ----------------------------------------------------------------------------------------------------------


def sweep_note(sweep: PublishedSweep, database_url: str) -> str:
    """A sweep in Markdown: the question, how far it is, the Pareto front of each network, how to go on."""
    lines = [f"**{plain(sweep.name)}**: {len(sweep.points):,} of {sweep.n_points:,} points, least {sweep.objective}"]
    question = sweep.content.get("question")
    lines += ["", plain(str(question))] if question else []
    for workload, points in islice(sweep.by_workload.items(), MOST_NETWORKS):
        lines += _front_lines(sweep, workload, points)
    lines += ["", f"    zigzag-lab pareto {sweep.name} --db {database_url}"]
    lines += ["", "All points are in the artifact points.csv, all CMEs in cmes.parquet, the sweep file beside them."]
    return "\n".join(lines)


def _front_lines(sweep: PublishedSweep, workload: str, points: list[SweepPointRecord]) -> Iterator[str]:
    front, axes = front_of(points), list(sweep.varying)
    of_these = of_which(len(front), MOST_ROWS)
    title = f"{plain(workload)}: {len(front)} of {len(points):,} points are on the Pareto front{of_these}"
    columns = [*(f"{plain(short_name(name))}>" for name in axes), "latency (cycles)>", "energy (pJ)>", "run"]
    rows = []
    for point in front[:: max(1, -(-len(front) // MOST_ROWS))]:
        cells = [plain(in_words(name, point.settings.get(name))) for name in axes]
        rows.append([*cells, figure(point.latency_cycles), figure(point.energy_pj), point.run_id])
    yield from markdown_table(title, columns, rows)


# -- the files ---------------------------------------------------------------------------------------------------------


def write_files(sweep: PublishedSweep, database: Database, folder: Path, scrub: Callable[[str], str]) -> None:
    """Write the files of a sweep, which ``database`` holds; ``scrub`` takes secrets out of its own file."""
    _write_points(sweep, folder / POINTS)
    with closing(ParquetWriter(folder / CMES)) as writer:  # every layer of every point, a portion at a time
        for portion in layers_of_sweep(database, sweep.number):
            writer.write(portion)
    (folder / FILE).write_text(clean(scrub(sweep.text)), encoding="utf-8")
    parts = key_parts(list(islice(sweep.by_workload, MOST_PICTURES)))
    for workload, part in parts.items():
        _draw_front(sweep, sweep.by_workload[workload], workload, folder / f"pareto {part}.png")


def _write_points(sweep: PublishedSweep, path: Path) -> None:
    """One row a point, every figure with all its digits."""
    settings = [point.settings for point in sweep.points]
    names = list(dict.fromkeys([*sweep.names, *(name for of_point in settings for name in of_point)]))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = CsvWriter(file)
        writer.writerow([*_KNOWN, *names, *FIGURES])
        for point, values in zip(sweep.points, settings, strict=True):
            known = [getattr(point, name) for name in (*_KNOWN, *FIGURES)]
            writer.writerow([*known[: len(_KNOWN)], *(values.get(name) for name in names), *known[len(_KNOWN) :]])


def _draw_front(sweep: PublishedSweep, points: list[SweepPointRecord], workload: str, path: Path) -> None:
    """Latency and energy of the points of a network; those of the front are named by what varies."""
    places = []
    for point in points:
        varied = [in_words(name, point.settings[name]) for name in sweep.varying if name in point.settings]
        label = ", ".join(varied) or point.key[:8]
        places.append(DesignMark(label, point.latency_cycles or 0.0, point.energy_pj or 0.0))
    names = ", ".join(short_name(name) for name in sweep.varying)
    title = f"{sweep.name}: {workload}" + (f" ({names})" if names else "")
    plot_pareto(places, path, title)


# -- the view ----------------------------------------------------------------------------------------------------------


def saved_view(sweep: PublishedSweep) -> tuple[str, str]:
    """The tag that holds the view of a sweep: its key and its value."""
    packed = base64.b64encode(zlib.compress(json.dumps(_state(sweep)).encode())).decode()
    begun = in_ms(sweep.created_at)
    view = {"name": cut(f"sweep {sweep.name}", 80), "createdAt": begun, "updatedAt": begun}
    return limits.VIEW_TAG, json.dumps({**view, "state": f"deflate;{packed}"})


def _state(sweep: PublishedSweep) -> dict[str, object]:
    axes = _axes(sweep)
    figures = [LATENCY, ENERGY]
    charts = [
        *([_chart("front", "PARALLEL", "design space", selectedParams=axes, selectedMetrics=figures)] if axes else []),
        _chart("plane", "SCATTER", "design space", xaxis=_place(LATENCY), yaxis=_place(ENERGY)),
        *(_chart(key, "BAR", "totals", metricKey=key, displayName=key.split("/")[-1]) for key in figures),
        *(_chart(key, "LINE", "layers", metricKey=key, selectedMetricKeys=[key], **_BY_LAYER) for key in _OF_LAYERS),
    ]
    columns = [*(f"params.`{name}`" for name in axes), *(f"metrics.`{name}`" for name in figures)]
    return {
        "searchFilter": f"tags.`{limits.POINT_KEY_TAG}` LIKE '%'",
        "orderByKey": f"metrics.`{LATENCY}`",  # sorted by time, points would be folded away under their sweep
        "orderByAsc": True,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": columns,
        "runsHiddenMode": "SHOWALL",
        "compareRunSections": [
            {"uuid": n, "name": n, "display": True, "isReordered": False, "deleted": False, "isGenerated": False}
            for n in ("design space", "totals", "layers")
        ],
        "isAccordionReordered": True,
        "compareRunCharts": charts,
        "hideEmptyCharts": True,
        "useGroupedValuesInCharts": True,
        "groupBy": None,
    }


def _axes(sweep: PublishedSweep) -> list[str]:
    """The parameters that vary, as points have them, and the network where there are several."""
    names = [] if len(sweep.by_workload) < 2 else ["workload"]
    if sweep.points:
        settings = sweep.points[0].settings
        names += point_params({n: settings.get(n) for n in sweep.varying}, sweep.varying)
    return names[:MOST_AXES]


def _chart(uuid: str, kind: str, section: str, **more: object) -> dict[str, object]:
    known = {"uuid": uuid, "type": kind, "metricSectionId": section, "runsCountToCompare": MOST_RUNS}
    return {**known, "deleted": False, "isGenerated": False, **more}


def _place(metric: str) -> dict[str, str]:
    return {"key": metric, "type": "METRIC"}
