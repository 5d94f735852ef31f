"""CSV that spreadsheets can open: no cell of it is taken for a formula, which could fetch, send or run something.

Documents are cells of JSON.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from typing import IO, Any

from zigzag_lab.vocab.plain import as_plain

_SIGNS = "=+-@|%\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"


def defused(value: Any) -> Any:
    """Return a cell that a spreadsheet shows as it is: an apostrophe precedes a text that begins a formula.

    >>> defused("=1+1"), defused("-3.5")
    ("'=1+1", '-3.5')
    """
    is_text = isinstance(value, str) and not _is_number(value)
    return f"'{value}" if is_text and value.lstrip().startswith(tuple(_SIGNS)) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


class CsvWriter:
    """Writes rows of CSV; ``raw`` cells are as they are, for programs that read every text as a text."""

    def __init__(self, stream: IO[str], *, raw: bool = False) -> None:
        self._writer, self._raw = csv.writer(stream, lineterminator="\n"), raw

    def writerow(self, row: Iterable[Any]) -> None:
        """Write one row."""
        plain = map(as_plain, row)
        cells = [json.dumps(v, ensure_ascii=False) if isinstance(v, (dict, list)) else v for v in plain]
        self._writer.writerow(cells if self._raw else map(defused, cells))

    def writerows(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write some rows."""
        for row in rows:
            self.writerow(row)
