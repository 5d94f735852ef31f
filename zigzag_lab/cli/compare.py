"""``zigzag-lab compare`` and ``rerun``: the numbers of two runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from zigzag_lab.cli import figures
from zigzag_lab.cli.family import cut
from zigzag_lab.cli.options import database_option, json_option
from zigzag_lab.cli.plain import as_json
from zigzag_lab.cli.table import Column, shown, table

if TYPE_CHECKING:
    from zigzag_lab.api.compare import Comparison, Difference, Pair
    from zigzag_lab.api.rerun import Rerun

MOST_SHOWN, MOST_PAIRS, MOST_DISAGREEMENTS = 40, 400, 10
_UNITS: dict[str, Callable[[float | None], str]] = {"edp_pj_cycles": figures.power, "latency_cycles": figures.count}


@click.command("compare")
@click.argument("first")
@click.argument("second", default="last")
@json_option
@database_option
def compare_command(first: str, second: str, is_json: bool, database: str | None) -> None:
    """Put two runs side by side: totals, layers, memories, and what they were given.

    FIRST and SECOND are ids, starts of ids, or 'last'.
    """
    from zigzag_lab.api import ask
    from zigzag_lab.api.compare import compare

    with ask.open_lab(database) as lab:
        found = compare(lab, ask.find_run(lab, first).run_id, ask.find_run(lab, second).run_id)
    click.echo(as_json(found.as_plain()) if is_json else "\n".join(_lines(found)))


def _lines(found: Comparison) -> Iterator[str]:
    ids = found.first.run_id, found.second.run_id
    for run in (found.first, found.second):
        yield shown(f"{run.run_id}  {run.name}: {run.status}, {run.aim}")
        if run.has_no_total:
            yield f"{'':<{len(run.run_id)}}  no single total: {run.n_results or 0:,} results"
    yield from _section("Totals", ids, found.totals, None)
    yield from _section("Energy by layer", ids, found.layer_energy_pj, figures.energy)
    yield from _section("Cycles by layer", ids, found.layer_latency_cycles, figures.count)
    yield from _section("Energy by memory", ids, found.memory_energy_pj, figures.energy)
    yield from _section("Energy by child", ids, found.child_energy_pj, figures.energy)
    yield from _section("Cycles by child", ids, found.child_latency_cycles, figures.count)
    yield ""
    varied = [(f"setting {one.path}", one) for one in found.settings]
    inputs = [(f"{kind}: {one.path}".rstrip(": "), one) for kind, one in found.inputs]
    others = [(f"option {one.path}", one) for one in found.options]
    around = [(one.path, one) for one in found.surroundings]
    yield from _differing("What they were given", [*varied, *inputs, *others], ids)
    yield from _differing("Where they ran", around, ids)


_PLAIN = ("area_mm2", "area_total_mm2", "time_s", "average_power_mw", "tops", "tops_per_watt")
"""Figures that are shown as they are, their unit being in their name."""


def _section(
    title: str, ids: Sequence[str], pairs: Sequence[Pair], spelt: Callable[[float | None], str] | None
) -> Iterator[str]:
    if not pairs:
        return
    columns = [Column(title), *(Column(i, True) for i in ids), Column("difference", True), Column("ratio", True)]
    rows = [_row(pair, spelt or _UNITS.get(pair.what, figures.energy)) for pair in pairs[:MOST_PAIRS]]
    yield ""
    yield table(columns, rows)
    if len(pairs) > MOST_PAIRS:
        yield f"and {len(pairs) - MOST_PAIRS:,} more; --json has all."


def _row(pair: Pair, spelt: Callable[[float | None], str]) -> list[str]:
    if pair.what in _PLAIN:
        spelt = figures.cell
    ratio = figures.NOTHING if pair.ratio is None else f"{pair.ratio:.4g}"
    return [pair.what, spelt(pair.first), spelt(pair.second), spelt(pair.difference), ratio]


def _differing(title: str, found: Sequence[tuple[str, Difference]], ids: Sequence[str]) -> Iterator[str]:
    if not found:
        yield f"{title}: the same."
        return
    columns = [Column(title), *(Column(i) for i in ids)]
    yield table(columns, [[where, _text(one.first), _text(one.second)] for where, one in found[:MOST_SHOWN]])
    if len(found) > MOST_SHOWN:
        yield f"and {len(found) - MOST_SHOWN} more; --json has all."


def _text(value: object) -> str:
    return figures.NOTHING if value is None else cut(str(value), 60)


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
    from zigzag_lab.api.rerun import rerun, stages_of_modules

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
    for one in again.disagreements[:MOST_DISAGREEMENTS]:
        yield f"  {shown(one.where) or 'the run'}: {one.figure} was {one.before!r}, is {one.now!r}"
    if n > MOST_DISAGREEMENTS:
        yield f"  and {n - MOST_DISAGREEMENTS:,} more; 'zigzag-lab compare {again.run_id} {again.new_run_id}'."
    if again.reason and again.new_status != again.status:
        yield f"The new run is {again.new_status}: {shown(again.reason)}"
    if not again.is_same_engine:
        yield "The code that decides numbers has changed since."
