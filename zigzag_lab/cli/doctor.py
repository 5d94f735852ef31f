"""``zigzag-lab doctor`` and ``db``: the state of the database and of what is around it."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from zigzag_lab.cli.options import database_option, json_option, mlflow_option
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


UPGRADE = "Run 'zigzag-lab db upgrade'."


@click.group("db")
def db_group() -> None:
    """Upgrade and check the tables of the database."""


@db_group.command("upgrade")
@database_option
def upgrade_command(database: str | None) -> None:
    """Upgrade the database to the newest schema. A SQLite file that holds runs is copied first."""
    from zigzag_lab.api import doctor

    before, now = doctor.upgrade_schema(database)
    if before == now.revision:
        click.echo(f"{now.database} is up to date (schema {now.revision}).")
    elif before is None:
        click.echo(f"{now.database} has its tables now (schema {now.revision}).")
    else:
        click.echo(f"{now.database}: schema {before} became {now.revision}.")


@db_group.command("current")
@database_option
def current_command(database: str | None) -> None:
    """Show which schema the database has; exit status 1 when it is not the newest."""
    from zigzag_lab.api import doctor

    state = doctor.schema_state(database)
    has = "holds no tables of zigzag-lab" if state.revision is None else f"has schema {state.revision}"
    if state.is_up_to_date:
        click.echo(f"{state.database} {has}, the newest.")
        return
    click.echo(f"{state.database} {has}; the newest is {state.newest}. {UPGRADE}")
    sys.exit(1)


@db_group.command("check")
@database_option
def check_command(database: str | None) -> None:
    """Compare the tables, one by one, with what this program expects; exit status 1 when they differ."""
    from zigzag_lab.api import doctor

    state = doctor.schema_state(database, thoroughly=True)
    if state.is_up_to_date:
        click.echo(f"{state.database} is what this program expects (schema {state.revision}).")
        return
    if state.revision != state.newest:
        click.echo(f"{state.database} is at schema {state.revision or 'none'}, not {state.newest}. {UPGRADE}")
    for difference in state.differences:
        click.echo(f"differs: {difference}")
    sys.exit(1)
