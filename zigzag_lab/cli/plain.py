"""Records as JSON and CSV: all digits, and only what every reader takes."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Sequence

import click

from zigzag_lab.vocab.plain import CsvWriter, as_plain
from zigzag_lab.vocab.terminal import data_stream

_RAW = "zigzag_lab.raw"
_UNUSUAL = re.compile(r"[^ -~\n]")


def _note_raw(context: click.Context, _: click.Parameter, value: bool) -> None:
    context.meta[_RAW] = value


raw_option = click.option(
    "--raw",
    is_flag=True,
    expose_value=False,
    callback=_note_raw,
    help="In CSV, leave cells that begin a formula as they are; else an apostrophe stands before them.",
)


def is_raw() -> bool:
    """Whether raw CSV was chosen."""
    return bool(click.get_current_context().meta.get(_RAW))


def as_json(value: object) -> str:
    """Plain data as JSON. Infinity and the like, which JSON lacks, are written as words."""
    text = json.dumps(as_plain(value), ensure_ascii=False, allow_nan=False, indent=1)
    return _UNUSUAL.sub(lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], text)


def as_csv(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV; nothing stands for NULL."""
    text = io.StringIO()
    CsvWriter(text, raw=is_raw()).writerows(rows)
    return text.getvalue()


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows of CSV under their headings, to a byte as they are unless a terminal shows them."""
    print_data(as_csv([columns, *rows]))


def print_data(text: str) -> None:
    """Print what other programs read; ``click.echo`` would take control characters out of it."""
    stream = data_stream()
    stream.write(text)
    stream.flush()
