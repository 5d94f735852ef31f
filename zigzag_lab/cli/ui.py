"""``zigzag-lab ui``: MLflow's user interface."""

from __future__ import annotations

import sys
from contextlib import suppress

import click

from zigzag_lab.cli.options import database_option, mlflow_option
from zigzag_lab.cli.render import warn_of_unpublished


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
    if mlflow_view.is_server(uri):
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
