"""Plain tables that fit the terminal: aligned, folded where too wide, one figure a line where that is not enough."""

from __future__ import annotations

import re
import shutil
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from zigzag_lab.vocab.terminal import bold, printable

GAPS = ("  ", " ")
LEAST_TEXT = 8
"""Columns of text are not made narrower than this."""

_BREAK_AFTER = re.compile(r"(?<=[\s_\-/,.;:])")


@dataclass(frozen=True)
class Column:
    """A column: its heading, and whether it holds numbers, which stand on the right and are never broken."""

    heading: str
    is_number: bool = False


def terminal_width() -> int | None:
    """Columns of the terminal that is written to; None where it is a pipe or a file, which has room for all."""
    return shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else None


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Rows of text under headings, without a newline at the end.

    They fit the ``width``: by default that of the terminal, without a limit where there is none.
    """
    room = terminal_width() if width is None else width
    cells = [[shown(cell) for cell in row] for row in rows]
    headings = [shown(column.heading) for column in columns]
    full = [max([cell_width(h), *(cell_width(row[i]) for row in cells)]) for i, h in enumerate(headings)]
    for gap in GAPS:
        if room is None or sum(full) + len(gap) * (len(full) - 1) <= room:
            return _lines(columns, headings, cells, full, gap)
    gap = GAPS[-1]
    fitted = _fitted(columns, headings, cells, full, (room or 0) - len(gap) * (len(full) - 1))
    return _records(headings, cells) if fitted is None else _lines(columns, headings, cells, fitted, gap)


def shown(text: str) -> str:
    """A text without line breaks and control characters, which would break the table or the terminal."""
    return printable(text).replace("\n", " ").replace("\t", " ")


def cell_width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _fitted(
    columns: Sequence[Column], headings: list[str], cells: list[list[str]], full: list[int], room: int
) -> list[int] | None:
    """Widths that fit, the widest columns having given way; None where there are none."""
    least = [
        max([1, *(cell_width(row[i]) for row in cells)]) if column.is_number else min(full[i], LEAST_TEXT)
        for i, column in enumerate(columns)
    ]
    least = [max(n, min(cell_width(h), LEAST_TEXT)) for n, h in zip(least, headings, strict=True)]
    if sum(least) > room:
        return None
    widths = list(full)
    while sum(widths) > room:
        widest = max((i for i in range(len(widths)) if widths[i] > least[i]), key=lambda i: widths[i])
        widths[widest] -= 1
    return widths


def _lines(columns: Sequence[Column], headings: list[str], cells: list[list[str]], widths: list[int], gap: str) -> str:
    head = [bold(line) for line in _folded(columns, headings, widths, gap)]
    return "\n".join([*head, *(line for row in cells for line in _folded(columns, row, widths, gap))])


def _folded(columns: Sequence[Column], row: Sequence[str], widths: list[int], gap: str) -> list[str]:
    """The lines of one row."""
    parts = [fold(cell, width) for cell, width in zip(row, widths, strict=True)]
    lines = []
    for n in range(max(map(len, parts), default=0)):
        line = []
        for column, pieces, width in zip(columns, parts, widths, strict=True):
            piece = pieces[n] if n < len(pieces) else ""
            space = " " * (width - cell_width(piece))
            line.append(space + piece if column.is_number else piece + space)
        lines.append(gap.join(line).rstrip())
    return lines


def fold(text: str, width: int) -> list[str]:
    """A text in pieces of at most so many columns, broken after spaces and signs where it can be."""
    lines, line = [], ""
    for word in _BREAK_AFTER.split(text):
        if line and cell_width(line + word.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        while cell_width(word.rstrip()) > width:
            cut = max(1, next((n for n in range(len(word)) if cell_width(word[: n + 1]) > width), len(word)))
            lines.append(word[:cut])
            word = word[cut:]
        line += word
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _records(headings: list[str], cells: list[list[str]]) -> str:
    """Each row as a block, one figure a line."""
    width = max(map(cell_width, headings), default=0)
    blocks = []
    for number, row in enumerate(cells, 1):
        lines = [
            f"  {h}{' ' * (width - cell_width(h))}  {cell}".rstrip() for h, cell in zip(headings, row, strict=True)
        ]
        blocks.append("\n".join([bold(f"row {number}"), *lines]))
    return "\n".join(blocks)
