"""Runs that an error ended: which they are, on a terminal, as JSON and in MLflow."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from zigzag_lab.cli import render
from zigzag_lab.vocab import InfeasibleError, ZigzagLabError

NOT_KNOWN = ("energy_pj", "latency_cycles", "edp_pj_cycles", "n_layers", "n_mappings_evaluated", "cache")


@contextmanager
def ended_runs(database: str, mlflow: str | None, *, as_json: bool = False) -> Iterator[None]:
    """Where an error ends a run that is on record, say so, tell MLflow, and exit with the error's status.

    Args:
        database: the URL of the database that the run is recorded in.
        mlflow: where to publish.
        as_json: whether one JSON object is printed.
    """
    try:
        yield
    except ZigzagLabError as error:
        if error.run_id is None:
            raise
        from zigzag_lab import api

        click.echo(f"Error: {error}", err=True)
        if as_json:
            click.echo(_json(error))
        words = f"{render.program()} show {error.run_id}{render.database_words(database)}"
        click.echo(f"Recorded as run {error.run_id}: {words}", err=True)
        sys.stdout.flush()
        render.warn_of_unpublished(api.publish(database, mlflow, error.run_id))
        sys.exit(error.exit_status)


def _json(error: ZigzagLabError) -> str:
    """The run as one JSON object: the keys of one that finished, as far as they are known."""
    status = "infeasible" if isinstance(error, InfeasibleError) else "failed"
    known = {"run_id": error.run_id, "status": status, "reason": str(error)}
    return json.dumps({**known, **dict.fromkeys(NOT_KNOWN), "layers": []})
