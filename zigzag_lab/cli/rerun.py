"""``zigzag-lab rerun``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from zigzag_lab.cli.ls import json_option
from zigzag_lab.cli.options import database_option
from zigzag_lab.cli.plain import as_json
from zigzag_lab.cli.table import shown

if TYPE_CHECKING:
    from zigzag_lab.api.rerun import Rerun

MOST_SHOWN = 10


@click.command("rerun")
@click.argument("run", default="last")
@click.option(
    "--stages",
    "modules",
    multiple=True,
    metavar="MODULE",
    help="A module or a .py file with stages of yours that the run used; may be given several times.",
)
@json_option
@database_option
def rerun_command(run: str, modules: tuple[str, ...], is_json: bool, database: str | None) -> None:
    """Repeat a run from its record, and compare the numbers.

    RUN is an id, the start of one, or 'last'. No file of the first run is needed; the code of your own stages is, and
    is taken from the modules that you name only. Results, layers and runs within the run are compared one by one.
    Exit status 1 when a number differs.
    """
    from zigzag_lab.api import ask
    from zigzag_lab.api.rerun import rerun
    from zigzag_lab.api.user_stages import stages_of_modules

    stages = stages_of_modules(modules)
    with ask.open_lab(database) as lab:
        again = rerun(lab, ask.find_run(lab, run).run_id, stages=stages)
    click.echo(as_json({**asdict(again), "agrees": again.agrees}) if is_json else "\n".join(_sentences(again)))
    sys.exit(0 if again.agrees else 1)


def _sentences(again: Rerun) -> Iterator[str]:
    for name in again.changed_stages:
        yield f"The source of {name} is not what it was."
    for name in again.unknown_stages:
        yield f"Whether the source of {name} is what it was is not known."
    within = f", those of {again.n_children} runs within it included" if again.n_children else ""
    compared = f"{again.n_compared:,} compared{within}"
    if again.status == "lost":
        yield f"Run {again.run_id} did not come to its end; what it had found is compared."
    if again.agrees:
        yield f"Run {again.new_run_id} gives every number that {again.run_id} gave ({compared})."
        return
    n = len(again.disagreements)
    yield f"Run {again.new_run_id} differs from {again.run_id} in {n:,} figures ({compared}):"
    for one in again.disagreements[:MOST_SHOWN]:
        yield f"  {shown(one.where) or 'the run'}: {one.figure} was {one.before!r}, is {one.now!r}"
    if n > MOST_SHOWN:
        yield f"  and {n - MOST_SHOWN:,} more; 'zigzag-lab compare {again.run_id} {again.new_run_id}'."
    if again.reason and again.new_status != again.status:
        yield f"The new run is {again.new_status}: {shown(again.reason)}"
    if not again.is_same_engine:
        yield "The code that decides numbers has changed since."
