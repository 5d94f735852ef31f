"""``zigzag-lab sql``: a question in SQL, answered as a table, CSV or JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zigzag_lab.cli.figures import cell
from zigzag_lab.cli.options import COUNT, database_option
from zigzag_lab.cli.plain import as_csv, as_json, print_data, raw_option
from zigzag_lab.cli.table import Column, table

if TYPE_CHECKING:
    from zigzag_lab.store.database import Answer

FORMATS = ("table", "csv", "json")
MOST_SHOWN = 1000


EXAMPLE = """\b
Example:
  zigzag-lab sql "SELECT layer, energy_pj FROM zl_v_layers ORDER BY energy_pj DESC LIMIT 5"
"""


@click.command("sql", epilog=EXAMPLE)
@click.argument("query")
@click.option("--format", "form", type=click.Choice(FORMATS), help="By default a table; for a file what its name says.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to this file.")
@click.option("--limit", type=COUNT, default=MOST_SHOWN, show_default=True, help="Most rows of a table; CSV has all.")
@raw_option
@database_option
def sql_command(query: str, form: str | None, output: Path | None, limit: int | None, database: str | None) -> None:
    """Ask the database in SQL; it is only read. A dash stands for a question on standard input.

    The views zl_v_runs, zl_v_layers and zl_v_memory (a row for each operand and memory level) answer most questions;
    join them on run_id and layer_index. Runs within runs are in zl_v_all_runs, what runs yielded in zl_v_results, all
    layer evaluations, chosen, yielded or saved, in zl_v_evaluations; what decides prices in zl_v_ports and
    zl_v_operands. CSV and JSON have all digits and all rows, tables are for the eye.
    """
    from zigzag_lab.api import ask
    from zigzag_lab.api.export import replaced

    form = form or _form_of(output)
    with ask.open_lab(database) as lab:
        portions = ask.query(lab, sys.stdin.read() if query == "-" else query)
        first = next(portions)
        written = _Written(chain([first], portions), form, None if output is None else sys.maxsize, limit)
        if output is None:
            for text in written.texts():
                print_data(text) if form == "csv" else click.echo(text, nl=False)
        else:
            with replaced(output) as unfinished, unfinished.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(written.texts())
    if written.is_cut:
        click.echo(f"The first {written.n_rows:,} rows; '--limit all' or '--format csv' has the rest.", err=True)
    if output is not None:
        click.echo(f"{written.n_rows} row{'' if written.n_rows == 1 else 's'} written to {output}", err=True)


def _form_of(output: Path | None) -> str:
    if output is None:
        return "table"
    suffix = output.suffix.lower().lstrip(".")
    return suffix if suffix in FORMATS else "table" if suffix == "txt" else "csv"


class _Written:
    """An answer as text, a portion at a time; counts its rows, and whether a table leaves some out."""

    def __init__(self, portions: Iterator[Answer], form: str, width: int | None, limit: int | None) -> None:
        self.n_rows, self.is_cut = 0, False
        self._portions, self._form, self._width, self._limit = portions, form, width, limit

    def texts(self) -> Iterator[str]:
        """Yield the text."""
        return {"csv": self._csv, "json": self._json}.get(self._form, self._table)()

    def _csv(self) -> Iterator[str]:
        for number, portion in enumerate(self._portions):
            self.n_rows += len(portion.rows)
            yield as_csv(portion.rows if number else [portion.columns, *portion.rows])

    def _json(self) -> Iterator[str]:
        yield "["
        for portion in self._portions:
            names = _distinct(portion.columns)
            text = as_json([dict(zip(names, row, strict=True)) for row in portion.rows])
            yield ("," if self.n_rows else "") + text[1:-1].rstrip("\n")
            self.n_rows += len(portion.rows)
        yield "\n]\n" if self.n_rows else "]\n"

    def _table(self) -> Iterator[str]:
        answer = next(self._portions)
        rest = (row for portion in self._portions for row in portion.rows)
        rows = list(islice(chain(answer.rows, rest), None if self._limit is None else self._limit + 1))
        self.is_cut = self._limit is not None and len(rows) > self._limit
        shown = replace(answer, rows=rows[: self._limit])
        self.n_rows = len(shown.rows)
        columns = [Column(name, _is_numeric(shown, i)) for i, name in enumerate(shown.columns)]
        text = table(columns, [[cell(value) for value in row] for row in shown.rows], self._width) + "\n"
        yield text if self._width is None else click.unstyle(text)


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
