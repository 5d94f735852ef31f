"""What readers say of keys when they meet one that they do not know; and the project's bad files as plain data."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.inputs import samples

UNKNOWN = "unknown_to_all"


def keys_that_a_reader_names(read: Callable[[Any], Any], data: Any, place: tuple[Any, ...]) -> set[str]:
    """The keys that a reader allows at a place, from its message about one that is not allowed."""
    spoilt = copy.deepcopy(data)
    holder = spoilt
    for step in place:
        holder = holder[step]
    holder[UNKNOWN] = 1
    message = samples.refusal(read, spoilt)
    [listed] = re.findall(rf"unknown key '{UNKNOWN}'; expected one of (.*?)\. ", message)
    return set(listed.split(", "))


def bad_files(cases: Mapping[str, tuple[dict[str, Any], str]], kind: str) -> dict[str, Any]:
    """Those cases that are plain data of a kind."""
    found = {name: spoilt[kind] for name, (spoilt, _) in cases.items() if kind in spoilt}
    return {name: data for name, data in found.items() if not callable(data) and not isinstance(data, Path)}
