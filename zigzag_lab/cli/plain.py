"""Records as JSON and CSV: all digits, and only what every reader takes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from zigzag_lab.api.plain_values import sayable


def as_json(value: Any) -> str:
    """Plain data as JSON. Infinity and the like, which JSON does not know, are written as words."""
    return json.dumps(sayable(value), ensure_ascii=False, allow_nan=False, indent=1)


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows under a line of headings; nothing stands for NULL."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([[_cell(value) for value in row] for row in rows])
    return text.getvalue()


def _cell(value: Any) -> Any:
    """A value in CSV; documents are JSON."""
    plain = sayable(value)
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, (dict, list)) else plain
