"""``zigzag-lab compare``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from zigzag_lab.cli import figures
from zigzag_lab.cli.ls import json_option
from zigzag_lab.cli.options import database_option
from zigzag_lab.cli.plain import as_json
from zigzag_lab.cli.table import Column, shown, table

if TYPE_CHECKING:
    from zigzag_lab.api.compare import Comparison, Difference, Pair

MOST_SHOWN, MOST_PAIRS = 40, 400
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
    if pair.what == "area_mm2":
        spelt = figures.cell
    ratio = figures.NOTHING if pair.ratio is None else f"{pair.ratio:.4g}"
    return [pair.what, spelt(pair.first), spelt(pair.second), spelt(pair.difference), ratio]


def _differing(title: str, found: Sequence[tuple[str, Difference]], ids: Sequence[str]) -> Iterator[str]:
    if not found:
        yield f"{title}: the same."
        return
    columns = [Column(title), *(Column(i) for i in ids)]
    yield table(columns, [[where, _said(one.first), _said(one.second)] for where, one in found[:MOST_SHOWN]])
    if len(found) > MOST_SHOWN:
        yield f"and {len(found) - MOST_SHOWN} more; --json has all."


def _said(value: Any) -> str:
    text = figures.NOTHING if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
