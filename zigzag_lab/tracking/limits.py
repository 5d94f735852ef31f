"""Write for MLflow: its limits of keys and values, its Markdown, and the tags that identify our runs.

Truncated values are marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

RUN_ID_TAG = "zl.run_id"
SWEEP_ID_TAG = "zl.sweep_id"
POINT_KEY_TAG = "zl.point_key"
PARENT_TAG = "mlflow.parentRunId"
VIEW_ID = "zigzag-lab"
VIEW_TAG = f"mlflow.sharedViewState.{VIEW_ID}"

MAX_METRICS = 1000
MAX_PARAMS = 100
MAX_TAGS = 100
MAX_ENTITIES = 1000
MAX_KEY = 250
MAX_PARAM_VALUE = 500
"""MLflow takes 6,000 characters; a parameter is there to be compared in a column."""

MAX_TAG_VALUE = 8000
MAX_USER_TAG_VALUE = 2000
MAX_EXPERIMENT_NAME = 500
MAX_DATASET_NAME = 500
MAX_DATASET_DIGEST = 36

_MARK = " ... [{} characters cut]"
_MARKUP = re.compile(r"([\\`*_{}\[\]<>|#~!])")
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9_\-. ]")


def clean(text: str) -> str:
    """Text that any database takes: no null characters, no halves of characters."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def cut(text: str, most: int) -> str:
    """A text of at most so many characters; one that is cut ends in a mark with the number of missing characters."""
    text = clean(text)
    if len(text) <= most:
        return text
    room = most - len(_MARK.format(len(text)))
    return text[:room] + _MARK.format(len(text) - room)


def plain(text: str) -> str:
    """A name as Markdown shows it, letter for letter, in one line."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def figure(number: float | None) -> str:
    """A number of six digits."""
    return "-" if number is None else f"{number:.6g}"


def of_which(n: int, most: int) -> str:
    """That not all of ``n`` rows are shown, where they are more than ``most``."""
    return f", of which {most} are shown" if n > most else ""


def markdown_table(title: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A table in Markdown below its title; a heading of numbers ends in ``>``, which has them stand on the right."""
    yield from ("", title, "")
    yield f"| {' | '.join(column.removesuffix('>') for column in columns)} |"
    yield f"|{'|'.join('---:' if column.endswith('>') else '---' for column in columns)}|"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def key_part(name: str) -> str:
    """A name as one part of a key: letters that MLflow refuses, and slashes, which make sections, become ``_``."""
    part = _NOT_IN_KEYS.sub("_", name).strip()
    if len(part) > MAX_KEY // 2:
        part = part[: MAX_KEY // 2 - 4] + "-cut"
    return part if part.strip(".") else "_"


def key_parts(names: Iterable[str]) -> dict[str, str]:
    """Names to parts of keys, each different: names that would look the same get a number."""
    parts: dict[str, str] = {}
    for name in names:
        part, n = key_part(name), 1
        while part in parts.values():
            n += 1
            part = f"{key_part(name)}-{n}"
        parts[name] = part
    return parts


def chunks(items: Sequence[T], first: int, size: int) -> Iterator[Sequence[T]]:
    """The items in pieces: one of at most ``first``, then as many of ``size`` as are needed; one at least."""
    yield items[:first]
    for start in range(first, len(items), size):
        yield items[start : start + size]
