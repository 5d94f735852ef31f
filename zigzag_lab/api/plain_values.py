"""Values of the database in terms that JSON and CSV have."""

from __future__ import annotations

from datetime import datetime
from math import isfinite
from typing import Any


def sayable(value: Any) -> Any:
    """A value in terms that JSON has; numbers keep every bit, infinity and the like are words."""
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
    return bytes(value).hex() if isinstance(value, (bytes, memoryview)) else str(value)
