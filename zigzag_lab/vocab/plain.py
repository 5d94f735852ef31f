"""Values as plain data: in terms that JSON has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from math import isfinite

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
