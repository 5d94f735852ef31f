"""``zigzag-lab mlflow`` and ``ui``: publishing runs to MLflow, and looking at them there."""

from __future__ import annotations

import sys
from contextlib import suppress

import click

from zigzag_lab.cli.options import database_option, mlflow_option, publish_option
from zigzag_lab.cli.render import warn_of_unpublished


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

    if report := mlflow_view.sync(database, mlflow, again=again, policy=policy, sweeps=sweeps):
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


@click.command("ui")
@click.option("--port", type=click.IntRange(1, 65535), help="By default the first free one from 5000 on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--no-open", is_flag=True, help="Open no browser.")
@mlflow_option
@database_option
def ui_command(port: int | None, host: str, no_open: bool, mlflow: str | None, database: str | None) -> None:
    """Look at runs in MLflow's user interface, until Ctrl-C. Runs that are not published yet are published first."""
    from zigzag_lab.api import mlflow_view

    uri = mlflow_view.uri_of(database, mlflow)
    warn_of_unpublished(mlflow_view.sync(database, mlflow))
    if uri.startswith(("http://", "https://")):  # a server, which has its user interface itself
        _tell(mlflow_view.page_of_runs(uri.partition("?")[0], database), no_open, ends="")
        return
    with suppress(KeyboardInterrupt), mlflow_view.mlflow_server(uri, host, port) as (address, server):
        _tell(mlflow_view.page_of_runs(address, database), no_open, ends="  (Ctrl-C ends it)")
        status = server.wait()
        raise mlflow_view.ServerError(f"MLflow's server ended by itself, with exit status {status}.")
    click.echo("\nMLflow's user interface has ended.")


def _tell(address: str, no_open: bool, ends: str) -> None:
    from zigzag_lab.api import masked

    click.echo(f"MLflow's user interface is at {masked(address)}{ends}")
    sys.stdout.flush()
    if not no_open and sys.stdout.isatty():
        click.launch(address)
