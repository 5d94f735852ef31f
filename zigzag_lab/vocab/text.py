"""Text that any database takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def storable(text: str) -> str:
    """A text with what UTF-8 cannot hold, such as a foreign byte in the name of a file, written out as an escape."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def storable_values(values: Iterable[Any]) -> list[Any]:
    """The same for the texts among values."""
    return [storable(value) if isinstance(value, str) else value for value in values]
