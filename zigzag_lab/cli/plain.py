"""Records as JSON and CSV: all digits, and only what every reader takes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from math import isfinite
from typing import Any


def as_json(value: Any) -> str:
    """Plain data as JSON. Infinity and the like, which JSON does not know, are written as words."""
    return json.dumps(sayable(value), ensure_ascii=False, allow_nan=False, indent=1)


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows under a line of headings; nothing stands for NULL."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([[sayable(value) for value in row] for row in rows])
    return text.getvalue()


def sayable(value: Any) -> Any:
    """A value in terms that JSON has; numbers keep every bit."""
    if isinstance(value, dict):
        return {str(key): sayable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [sayable(item) for item in value]
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    return str(value)
