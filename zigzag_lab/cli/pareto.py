"""``zigzag-lab pareto``, and ``best --sweep``: points of a sweep in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from zigzag_lab.cli import figures
from zigzag_lab.cli.options import csv_option, database_option, json_option
from zigzag_lab.cli.plain import as_json, print_csv, raw_option
from zigzag_lab.cli.table import Column, table

if TYPE_CHECKING:
    from zigzag_lab.store.sweep_questions import SweepPointRecord


@click.command("pareto")
@click.argument("sweep")
@click.option(
    "--objectives",
    default="energy,latency",
    show_default=True,
    metavar="A,B[,C]",
    help="Two or three of energy, latency, edp, area, utilisation, time, power.",
)
@click.option("--workload", metavar="NAME", help="Only points of this network.")
@click.option("--over-networks", is_flag=True, help="Compare designs by the sums over all networks of the sweep.")
@csv_option
@raw_option
@json_option
@database_option
def pareto_command(
    sweep: str,
    objectives: str,
    workload: str | None,
    over_networks: bool,
    is_csv: bool,
    is_json: bool,
    database: str | None,
) -> None:
    """List the points of SWEEP that no other point beats, for each network; or of the runs within a run.

    SWEEP is the name of a sweep; or the id of a run whose stages tried several combinations, or 'last'.

    A point is beaten by one that is at least as good in every objective and better in one.
    """
    from zigzag_lab.api import sweep_answers as sweeps

    wanted = [word.strip().lower() for word in objectives.split(",") if word.strip()]
    records = sweeps.sweep_points(sweep, database, workload=workload)
    records = sweeps.over_networks(records) if over_networks else records
    front = []
    for name in dict.fromkeys(sorted(record.workload for record in records)) or [""]:
        front += sweeps.front_of([record for record in records if record.workload == name], wanted)
    print_points(front, is_csv=is_csv, is_json=is_json)


def print_points(points: Sequence[SweepPointRecord], *, is_csv: bool, is_json: bool) -> None:
    """Points as a table, CSV or JSON; what all have in common is left out of the table."""
    if is_json:
        click.echo(as_json([point.as_dict() for point in points]))
        return
    names = list(dict.fromkeys(name for point in points for name in point.settings))
    if is_csv:
        from zigzag_lab.api.sweep_answers import FIGURES

        known = ("key", "run_id", "workload", "accelerator", "mapping")
        rows = []
        for point in points:
            settings = [point.settings.get(name) for name in names]
            rows.append([*_fields(point, known), *settings, *_fields(point, FIGURES)])
        print_csv([*known, *names, *FIGURES], rows)
        return
    if not points:
        click.echo("No such points.", err=True)
        return
    values = {name: {str(point.settings.get(name)) for point in points} for name in names}
    varied = [name for name in names if len(values[name]) > 1 or len(points) == 1]
    columns_shown = [name for name in varied if not name.startswith("mapping")]
    columns = [
        Column("workload"),
        *([Column("accelerator")] if len({p.accelerator for p in points}) > 1 else []),
        *(Column(short(name, columns_shown), True) for name in columns_shown),
        *(*figures.PRICES, Column("area", True), Column("used", True)),
        *((Column("time", True), Column("power", True)) if (is_timed := any(p.time_s for p in points)) else ()),
        Column("run"),
    ]
    lines = [_row(point, columns_shown, len(columns), is_timed=is_timed) for point in points]
    click.echo(table(columns, lines))


def _fields(point: SweepPointRecord, names: Sequence[str]) -> list[object]:
    return [getattr(point, name) for name in names]


def _row(point: SweepPointRecord, columns_shown: Sequence[str], n_columns: int, *, is_timed: bool) -> list[str]:
    rest = [
        *(figures.setting(name, point.settings.get(name)) for name in columns_shown),
        *figures.prices(point.energy_pj, point.latency_cycles, point.edp_pj_cycles),
        figures.NOTHING if point.area_mm2 is None else f"{point.area_mm2:.4g}",
        figures.share(point.utilisation, 1),
        *([figures.time(point.time_s), figures.milliwatts(point.average_power_mw)] if is_timed else []),
        point.run_id,
    ]
    files = [point.workload, point.accelerator]
    return [*files[: n_columns - len(rest)], *rest]


def short(name: str, names: Sequence[str]) -> str:
    """The last parts of a path, as many as set it apart from the others."""
    parts = name.split(".")
    for n in range(1, len(parts)):
        ending = ".".join(parts[-n:])
        if sum(other == ending or other.endswith("." + ending) for other in names) == 1:
            return ending
    return name


def settings_in_words(settings: Mapping[str, object]) -> str:
    """All settings of a point in one line."""
    names = list(settings)
    return ", ".join(
        f"{short(n, names)}={figures.setting(n, v)}" for n, v in settings.items() if not n.startswith("mapping")
    )
