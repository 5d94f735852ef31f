"""Text that any database takes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

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
