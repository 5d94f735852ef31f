"""Values as plain data: in terms that JSON has, as text that any database takes, and as CSV that spreadsheets can open.

No cell of CSV is taken for a formula, which could fetch, send or run something; documents are cells of JSON.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import IO, Any

from zigzag_lab.vocab.names import Plain


def as_plain(value: object, text: Callable[[str], str] = str) -> Plain:
    """A value in terms that JSON has: numbers keep every bit, infinity and the like are words, times are ISO 8601.

    Anything else is written as text. ``text`` is applied to all texts, keys aside, such as to take secrets out.
    """
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, Mapping):
        return {str(key): as_plain(item, text) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(item, text) for item in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    return text(bytes(value).hex() if isinstance(value, (bytes, memoryview)) else str(value))


_HALF = re.compile("[\ud800-\udfff]")
_BYTES = range(0xDC80, 0xDD00)
"""What stands in text for bytes that are no UTF-8."""


def storable(text: str) -> str:
    r"""Return a text with what UTF-8 cannot hold escaped: ``%FF`` for a byte of a file's name, ``%uD800`` for others.

    >>> storable("caf\udce9")
    'caf%E9'
    """
    return text if text.isascii() else _HALF.sub(_written_out, text)


def _written_out(half: re.Match[str]) -> str:
    number = ord(half[0])
    return f"%{number & 0xFF:02X}" if number in _BYTES else f"%u{number:04X}"


def storable_values(values: Iterable[Any]) -> list[Any]:
    """The same for the texts among values."""
    return [storable(value) if isinstance(value, str) else value for value in values]


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
