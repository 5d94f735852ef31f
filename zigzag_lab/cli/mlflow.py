"""``zigzag-lab mlflow``: publishing runs to MLflow."""

from __future__ import annotations

import sys

import click

from zigzag_lab.cli.options import database_option, mlflow_option, publish_option


@click.group("mlflow")
def mlflow_group() -> None:
    """Publish runs to MLflow."""


@mlflow_group.command("sync")
@click.option("--again", is_flag=True, help="Bring published runs up to date as well, as for a new MLflow store.")
@click.option(
    "--sweep",
    "sweeps",
    multiple=True,
    metavar="NAME|RUN",
    help="Choose points of this sweep, or runs within this run; of all sweeps by default.",
)
@publish_option
@mlflow_option
@database_option
def sync_command(
    again: bool, sweeps: tuple[str, ...], policy: str | None, mlflow: str | None, database: str | None
) -> None:
    """Publish runs that are not published yet; exit status 1 when one could not be.

    Of sweeps and of runs within runs, those that were chosen when they ended; --publish chooses more.
    """
    from zigzag_lab.api import mlflow_view

    report = mlflow_view.sync(database, mlflow, again=again, policy=policy, sweeps=sweeps)
    click.echo(report.sentence, err=not report.is_complete)
    sys.exit(0 if report.is_complete else 1)


@mlflow_group.command("status")
@mlflow_option
@database_option
def status_command(mlflow: str | None, database: str | None) -> None:
    """Show where runs are published to, and how many are queued."""
    from zigzag_lab.api import mlflow_view

    state = mlflow_view.publication_state(database, mlflow)
    click.echo(f"MLflow     {state.uri or 'off'}")
    for word in ("published", "pending", "failed"):
        click.echo(f"{word:<10} {state.counts.get(word, 0):,}")
    if state.counts.get("failed") and state.last_error:
        click.echo(f"last error {state.last_error}")
    if state.uri and (state.counts.get("failed") or state.counts.get("pending")):
        click.echo("'zigzag-lab mlflow sync' publishes what waits.")
