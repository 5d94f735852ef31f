"""``zigzag-lab sql``: a question in SQL, answered as a table, CSV or JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zigzag_lab.cli.figures import cell
from zigzag_lab.cli.options import database_option
from zigzag_lab.cli.plain import as_csv, as_json
from zigzag_lab.cli.table import Column, table
from zigzag_lab.vocab import InputError

if TYPE_CHECKING:
    from zigzag_lab.store.database import Answer

FORMATS = ("table", "csv", "json")


EXAMPLE = """\b
Example:
  zigzag-lab sql "SELECT layer, energy_pj FROM zl_v_layers ORDER BY energy_pj DESC LIMIT 5"
"""


@click.command("sql", epilog=EXAMPLE)
@click.argument("query")
@click.option("--format", "form", type=click.Choice(FORMATS), help="By default a table; for a file what its name says.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to this file.")
@database_option
def sql_command(query: str, form: str | None, output: Path | None, database: str | None) -> None:
    """Ask the database in SQL; it is only read. A dash stands for a question on standard input.

    The views zl_v_runs, zl_v_layers and zl_v_memory (a row for each operand and memory level) answer most questions;
    join them on run_id and layer_index. Runs within runs are in zl_v_all_runs, what runs yielded in zl_v_results, all
    layer evaluations, chosen, yielded or saved, in zl_v_evaluations. CSV and JSON have all digits, tables are for the
    eye.
    """
    from zigzag_lab.api import ask

    with ask.open_lab(database) as lab:
        answer = ask.query(lab, sys.stdin.read() if query == "-" else query)
    form = form or _form_of(output)
    if output is None:
        click.echo(_text(answer, form, None), nl=False)
        return
    try:
        output.write_text(_text(answer, form, sys.maxsize), encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(str(output), f"it cannot be written ({error.strerror})", "a file to write") from error
    n = len(answer.rows)
    click.echo(f"{n} row{'' if n == 1 else 's'} written to {output}", err=True)


def _form_of(output: Path | None) -> str:
    if output is None:
        return "table"
    suffix = output.suffix.lower().lstrip(".")
    return suffix if suffix in FORMATS else "table" if suffix == "txt" else "csv"


def _text(answer: Answer, form: str, width: int | None) -> str:
    if form == "csv":
        return as_csv(answer.columns, answer.rows)
    if form == "json":
        names = _distinct(answer.columns)
        return as_json([dict(zip(names, row, strict=True)) for row in answer.rows]) + "\n"
    columns = [Column(name, _is_numeric(answer, i)) for i, name in enumerate(answer.columns)]
    text = table(columns, [[cell(value) for value in row] for row in answer.rows], width)
    return click.unstyle(text) + "\n" if width is not None else text + "\n"


def _distinct(names: Sequence[str]) -> list[str]:
    """Names of columns as keys: the second of a name ``x`` is ``x_2``, so that none takes the place of another."""
    keys: list[str] = []
    for name in names:
        key, n = name, 1
        while key in keys or (n > 1 and key in names):
            n += 1
            key = f"{name}_{n}"
        keys.append(key)
    return keys


def _is_numeric(answer: Answer, index: int) -> bool:
    """Whether a column holds numbers, as far as it holds anything."""
    values = [row[index] for row in answer.rows if row[index] is not None]
    return bool(values) and all(isinstance(value, (int, float)) for value in values)
