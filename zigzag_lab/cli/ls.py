"""``zigzag-lab ls`` and ``zigzag-lab best``: runs in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

import click

from zigzag_lab.cli import figures
from zigzag_lab.cli.family import settings_in_words
from zigzag_lab.cli.options import (
    COUNT,
    TagType,
    csv_option,
    database_option,
    json_option,
    objective_option,
    points_option,
)
from zigzag_lab.cli.plain import as_json, print_csv, raw_option
from zigzag_lab.cli.table import Column, table

if TYPE_CHECKING:
    from zigzag_lab.store.lab import RunRecord

COLUMNS = (
    Column("run"),
    Column("age"),
    Column("status"),
    Column("workload"),
    Column("accelerator"),
    Column("best"),
    *figures.PRICES,
    Column("layers", True),
    Column("mappings", True),
)


@click.command("ls")
@click.option("--experiment", metavar="NAME", help="Only runs of this experiment.")
@click.option("--status", metavar="WORD", help="Only runs that are running, finished, infeasible, failed or lost.")
@click.option("--workload", metavar="NAME", help="Only runs of this workload.")
@click.option("--accelerator", metavar="NAME", help="Only runs on this accelerator.")
@click.option("--objective", metavar="WORD", help="Only runs that minimised latency, energy, edp or none of them.")
@click.option("--tag", "tags", type=TagType(), multiple=True, help="Only runs that carry this tag.")
@click.option("--since", metavar="2h|2026-11-22", help="Only runs that started at most so long ago, or since then.")
@click.option("--limit", type=COUNT, default="20", show_default=True, help="At most so many runs.")
@points_option
@json_option
@database_option
def ls_command(
    status: str | None,
    objective: str | None,
    tags: tuple[tuple[str, str], ...],
    since: str | None,
    limit: int | None,
    are_points: bool,
    is_json: bool,
    database: str | None,
    **names: str | None,
) -> None:
    """List runs, the newest first; those within runs with --points."""
    from zigzag_lab.api import ask

    with ask.open_lab(database) as lab:
        runs = lab.runs(
            **names,
            status=status.lower() if status else None,
            objective=ask.objective_named(objective) if objective else None,
            since=ask.moment(since) if since else None,
            tags=dict(tags),
            limit=None if limit is None else limit + 1,
            children=are_points,
        )
    are_more = limit is not None and len(runs) > limit
    _print(runs[:limit], is_json)
    if are_more and not is_json:
        click.echo(f"The {limit} newest; '--limit all' lists the others.", err=True)


@click.command("best")
@objective_option("What to compare.")
@click.option("--experiment", metavar="NAME", help="Only runs of this experiment.")
@click.option("--workload", metavar="NAME", help="Only runs of this workload.")
@click.option("--accelerator", metavar="NAME", help="Only runs on this accelerator.")
@click.option("--sweep", metavar="NAME", help="Only points of this sweep, with their settings.")
@click.option("--limit", type=COUNT, default="5", show_default=True, help="At most so many runs.")
@points_option
@csv_option
@raw_option
@json_option
@database_option
def best_command(
    objective: str,
    sweep: str | None,
    limit: int | None,
    are_points: bool,
    is_csv: bool,
    is_json: bool,
    database: str | None,
    **names: str | None,
) -> None:
    """List the runs with the least latency, energy or EDP.

    EDP is the energy-delay product. Only finished runs with one total count; the best comes first.
    """
    from zigzag_lab.api import ask

    if sweep is not None:
        from zigzag_lab.api import sweep_answers as sweeps
        from zigzag_lab.cli.pareto import print_points

        if names["experiment"] not in (None, sweep):
            raise click.UsageError("--experiment and --sweep do not go together: a sweep is an experiment of its own.")
        points = sweeps.sweep_points(sweep, database, workload=names["workload"])
        points = [one for one in points if names["accelerator"] in (None, one.accelerator)]
        print_points(sweeps.sorted_by(points, objective)[:limit], is_csv=is_csv, is_json=is_json)
        return
    with ask.open_lab(database) as lab:
        runs = lab.best(objective, limit=limit, children=are_points, **names)
    if is_csv:
        from zigzag_lab.store.lab import RunRecord
        from zigzag_lab.vocab.physical import DERIVED

        columns = [*(column.name for column in fields(RunRecord)), *DERIVED]
        print_csv(columns, [[*asdict(run).values(), *run.physical.derived().values()] for run in runs])
    else:
        _print(runs, is_json)


def _print(runs: Sequence[RunRecord], is_json: bool) -> None:
    if is_json:
        click.echo(as_json([{**asdict(run), **run.physical.derived()} for run in runs]))
    elif runs:
        columns, rows = list(COLUMNS), [_row(run) for run in runs]
        if any(run.clock_ns for run in runs):
            columns += [Column(name, True) for name in ("time", "power", "TOPS", "TOPS/W")]
            rows = [[*row, *_physical(run)] for row, run in zip(rows, runs, strict=True)]
        if any(run.parent_run_id for run in runs):
            columns += [Column("within"), Column("settings")]
            rows = [
                [*row, run.parent_run_id or "", settings_in_words(run.settings)]
                for row, run in zip(rows, runs, strict=True)
            ]
        click.echo(table(columns, rows))
    else:
        click.echo("No such runs.", err=True)


def _physical(run: RunRecord) -> list[str]:
    found = run.physical
    return [
        figures.time(found.time_s),
        figures.milliwatts(found.average_power_mw),
        figures.NOTHING if found.tops is None else f"{found.tops:.4g}",
        figures.NOTHING if found.tops_per_watt is None else f"{found.tops_per_watt:.4g}",
    ]


def _row(run: RunRecord) -> list[str]:
    return [
        run.run_id,
        figures.age(run.started_at),
        run.status,
        run.workload or figures.NOTHING,
        run.accelerator or figures.NOTHING,
        run.objective,
        *figures.prices(run.energy_pj, run.latency_cycles, run.edp_pj_cycles),
        figures.count(run.n_layers),
        figures.count(run.n_mappings_evaluated),
    ]
