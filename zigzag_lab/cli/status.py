"""``zigzag-lab status``: progress of sweeps."""

from __future__ import annotations

from dataclasses import asdict

import click

from zigzag_lab.cli import figures
from zigzag_lab.cli.options import database_option
from zigzag_lab.cli.plain import as_json, print_csv, raw_option
from zigzag_lab.cli.table import Column, table

COLUMNS = (
    Column("sweep"),
    Column("points", True),
    Column("finished", True),
    Column("infeasible", True),
    Column("failed", True),
    Column("under way", True),
    Column("layers known", True),
)


@click.command("status")
@click.argument("sweep", required=False)
@click.option("--failed", is_flag=True, help="List the points of SWEEP that failed or do not fit, with the reason.")
@click.option("--csv", "is_csv", is_flag=True, help="Print CSV.")
@raw_option
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@database_option
def status_command(sweep: str | None, failed: bool, is_csv: bool, is_json: bool, database: str | None) -> None:
    """Show the progress of all sweeps, or of SWEEP."""
    from zigzag_lab.api import sweep_answers as sweeps

    if failed:
        if sweep is None:
            raise click.UsageError("--failed wants the name of a sweep.")
        _print_failed(sweep, database, is_csv=is_csv, is_json=is_json)
        return
    found = sweeps.sweep_status(database, sweep)
    if is_json:
        click.echo(as_json([asdict(one) for one in found]))
    elif is_csv:
        rows = [asdict(one) for one in found]
        print_csv(list(rows[0]) if rows else [], [list(row.values()) for row in rows])
    elif not found:
        click.echo("No sweeps yet; 'zigzag-lab sweep FILE' makes one.", err=True)
    else:
        click.echo(
            table(
                COLUMNS,
                [
                    [
                        one.name,
                        *map(
                            figures.count, (one.n_points, one.n_finished, one.n_infeasible, one.n_failed, one.n_taken)
                        ),
                        figures.share(one.n_layer_hits, one.n_layer_hits + one.n_layer_misses),
                    ]
                    for one in found
                ],
            )
        )


def _print_failed(sweep: str, database: str | None, *, is_csv: bool, is_json: bool) -> None:
    from zigzag_lab.api import sweep_answers as sweeps
    from zigzag_lab.cli.pareto import settings_in_words

    found = sweeps.sweep_points(sweep, database, statuses=("infeasible", "failed"))
    if is_json:
        click.echo(as_json([point.as_dict() for point in found]))
        return
    rows = [[p.run_id, p.status, p.workload, settings_in_words(p.settings), p.reason or ""] for p in found]
    headings = ("run", "status", "workload", "settings", "reason")
    if is_csv:
        print_csv(headings, rows)
    elif rows:
        click.echo(table([Column(heading) for heading in headings], rows))
    else:
        click.echo("None.", err=True)
