"""The files of a sweep's parent run: its points, its CMEs, its own file, pictures of its Pareto fronts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

from zigzag_lab.plots import DesignMark, plot_pareto
from zigzag_lab.plots.quantities import cycle_scale, energy_scale
from zigzag_lab.store.database import Database
from zigzag_lab.store.parquet import ParquetWriter
from zigzag_lab.store.sweep_questions import SweepPointRecord, layers_of_sweep
from zigzag_lab.tracking.limits import clean, key_parts
from zigzag_lab.tracking.point_params import in_words, short_name
from zigzag_lab.tracking.published_sweep import FIGURES, PublishedSweep
from zigzag_lab.vocab.spreadsheet import CsvWriter

MOST_PICTURES = 8
POINTS, CMES, FILE = "points.csv", "cmes.parquet", "experiment.yaml"
_KNOWN = ("key", "run_id", "status", "workload", "accelerator", "mapping")


def write_files(sweep: PublishedSweep, database: Database, folder: Path, scrub: Callable[[str], str]) -> None:
    """Write the files of a sweep.

    Args:
        sweep: the sweep.
        database: that holds it.
        folder: where to write.
        scrub: takes secrets out of a text.
    """
    _write_points(sweep, folder / POINTS)
    _write_cmes(sweep, database, folder / CMES)
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


def _write_cmes(sweep: PublishedSweep, database: Database, path: Path) -> None:
    """Every layer of every point as a row of Parquet, a portion at a time."""
    writer = ParquetWriter(path)
    try:
        for portion in layers_of_sweep(database, sweep.number):
            writer.write(portion)
    finally:
        writer.close()


def _draw_front(sweep: PublishedSweep, points: list[SweepPointRecord], workload: str, path: Path) -> None:
    """Latency and energy of the points of a network; those of the front are named by what varies."""
    x_scale, x_unit = cycle_scale(max(point.latency_cycles or 0.0 for point in points))
    y_scale, y_unit = energy_scale(max(point.energy_pj or 0.0 for point in points))
    places = [
        DesignMark(_label(sweep, p), (p.latency_cycles or 0.0) / x_scale, (p.energy_pj or 0.0) / y_scale)
        for p in points
    ]
    names = ", ".join(short_name(name) for name in sweep.varying)
    title = f"{sweep.name}: {workload}" + (f" ({names})" if names else "")
    plot_pareto(places, path, title, x_label=f"latency ({x_unit})", y_label=f"energy ({y_unit})")


def _label(sweep: PublishedSweep, point: SweepPointRecord) -> str:
    settings = point.settings
    said = [in_words(name, settings[name]) for name in sweep.varying if name in settings]
    return ", ".join(said) or point.key[:8]
