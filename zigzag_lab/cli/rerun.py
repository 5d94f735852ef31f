"""``zigzag-lab rerun``."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from zigzag_lab.cli.ls import json_option
from zigzag_lab.cli.options import database_option
from zigzag_lab.cli.plain import as_json

MOST_SHOWN = 10


@click.command("rerun")
@click.argument("run", default="last")
@json_option
@database_option
def rerun_command(run: str, is_json: bool, database: str | None) -> None:
    """Do a run again from its record, and say whether the numbers agree.

    RUN is an id, the start of one, or 'last'. No file of the first run is needed. Exit status 1 when a number differs.
    """
    from zigzag_lab.api import ask
    from zigzag_lab.api.rerun import rerun

    with ask.open_lab(database) as lab:
        again = rerun(lab, ask.find_run(lab, run).run_id)
    if is_json:
        click.echo(as_json({**asdict(again), "agrees": again.agrees}))
    elif again.agrees:
        click.echo(f"Run {again.new_run_id} gives every number that {again.run_id} gave.")
    else:
        n = len(again.disagreements)
        click.echo(f"Run {again.new_run_id} differs from {again.run_id} in {n} figures:")
        for one in again.disagreements[:MOST_SHOWN]:
            click.echo(f"  {one.where or 'the run'}: {one.figure} was {one.before!r}, is {one.now!r}")
        if n > MOST_SHOWN:
            click.echo(f"  and {n - MOST_SHOWN} more; 'zigzag-lab compare {again.run_id} {again.new_run_id}'.")
        if not again.is_same_engine:
            click.echo("The code that decides numbers has changed since.")
    sys.exit(0 if again.agrees else 1)
