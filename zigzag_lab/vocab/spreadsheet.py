"""CSV that spreadsheets can open: no cell of it is taken for a formula, which could fetch, send or run something."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

_FORMULA = tuple(
    "=+-@\t\r\n|%\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)


def defused(value: Any) -> Any:
    """A cell that a spreadsheet shows as it is: an apostrophe stands before a text that begins a formula."""
    if not isinstance(value, str) or not value.lstrip(" ").startswith(_FORMULA) or _is_number(value):
        return value
    return f"'{value}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


class CsvWriter:
    """Writes rows of CSV.

    Args:
        stream: where to.
        raw: whether cells are written as they are, for programs that read every text as a text.
    """

    def __init__(self, stream: TextIO, *, raw: bool = False) -> None:
        self._writer, self._cell = csv.writer(stream, lineterminator="\n"), (lambda value: value) if raw else defused

    def writerow(self, row: Iterable[Any]) -> None:
        """Write one row."""
        self._writer.writerow([self._cell(value) for value in row])

    def writerows(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write some rows."""
        for row in rows:
            self.writerow(row)
