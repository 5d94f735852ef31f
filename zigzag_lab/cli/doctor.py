"""``zigzag-lab doctor``."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from zigzag_lab.cli.ls import json_option
from zigzag_lab.cli.options import database_option, mlflow_option
from zigzag_lab.cli.plain import as_json


@click.command("doctor")
@mlflow_option
@click.option("--deep", is_flag=True, help="Read every row as well, and name those that are damaged.")
@json_option
@database_option
def doctor_command(mlflow: str | None, deep: bool, is_json: bool, database: str | None) -> None:
    """Check the database, its disk, its clock, MLflow and the versions; exit status 1 when something is broken."""
    from zigzag_lab.api.doctor import Health, examine

    findings = examine(database, mlflow, deep=deep)
    if is_json:
        click.echo(as_json([asdict(one) for one in findings]))
    else:
        for one in findings:
            click.echo(f"{one.health.value:<8} {one.part}: {one.found}")
            if one.advice and one.health is not Health.WELL:
                click.echo(f"{'':<8} {one.advice}")
    sys.exit(1 if any(one.health is Health.ILL for one in findings) else 0)
