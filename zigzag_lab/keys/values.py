"""Values of keywords as JSON from which they come back as they were: tuples, mappings by tuples, paths, records.

Plain scalars stand for themselves; all else is a list that begins with its kind. Nothing is imported, and no code is
run, when a value comes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from math import isfinite
from pathlib import Path
from typing import Any

from zigzag_lab.keys.records import KINDS, described, record_from
from zigzag_lab.mapping.spatial import SpatialMapping
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.vocab import InputError, Plain

MOST_NUMBERS = 10_000
"""Entries of the largest array that is recorded with a keyword."""


@dataclass(frozen=True)
class KeptFile:
    """A file that a stage of the pipeline reads by itself.

    Attributes:
        path: what the user called it.
        digest: SHA-256 of its bytes.
        text: its content; None where it is no text, or long.
    """

    path: str
    digest: str
    text: str | None = None


_RECORDS: dict[str, Any] = {**KINDS, "spatial mapping": SpatialMapping, "temporal mapping": TemporalMapping}
_KIND_OF = {kind: name for name, kind in _RECORDS.items()}
_MADE_OF: dict[str, Any] = {"path": Path, "range": range, "float": float, "file": KeptFile}
_SEQUENCES: dict[str, type] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


def comes_back(value: object) -> bool:
    """Whether a value is the same again after it was JSON as it stands."""
    if type(value) is list:
        return all(comes_back(item) for item in value)
    if type(value) is dict:
        return all(type(key) is str and comes_back(item) for key, item in value.items())
    is_plain = value is None or type(value) in (bool, int, str) or _is_our_word(value)
    return is_plain or (type(value) is float and isfinite(value))


def value_document(value: Any) -> Plain:
    """A value as JSON. What no JSON can stand for becomes ``["unknown", its type]``."""
    kind = type(value)
    if _is_our_word(value):
        return str(value.value)
    if value is None or kind in (bool, int, str) or (kind is float and isfinite(value)):
        plain: Plain = value
        return plain
    if kind is float:
        return ["float", str(value)]
    if kind in _SEQUENCES.values():
        items = sorted(value, key=repr) if kind in (set, frozenset) else value
        return [kind.__name__, *(value_document(item) for item in items)]
    if isinstance(value, Mapping):
        return ["dict", *([value_document(key), value_document(item)] for key, item in value.items())]
    if isinstance(value, Path):
        return ["path", str(value)]
    if kind is range:
        return ["range", value.start, value.stop, value.step]
    if kind is KeptFile:
        return ["file", value.path, value.digest, value.text]
    if kind in _KIND_OF:
        return ["record", _KIND_OF[kind], described(value)]
    return _number_document(value)


def _is_our_word(value: object) -> bool:
    """Whether a value is a word such as an objective, which stages take as text as well."""
    return isinstance(value, Enum) and isinstance(value, str) and type(value).__module__.startswith("zigzag_lab.")


def _number_document(value: Any) -> Plain:
    """A number or an array of numpy's, without importing it."""
    kind = type(value)
    if kind.__module__ == "numpy" and hasattr(value, "dtype") and value.dtype.kind in "biuf":
        if kind.__name__ == "ndarray" and value.size <= MOST_NUMBERS:
            return ["array", value.dtype.str, value_document(value.tolist())]
        if value.shape == ():
            return value_document(value.item())
    return ["unknown", f"{kind.__module__}.{kind.__qualname__}"]


def value_from(document: object) -> Any:
    """The value that a document stands for.

    Raises:
        InputError: it stands for something that no database holds, or is no such document.
    """
    if not isinstance(document, list):
        return document
    try:
        kind, *rest = document
        if kind in _SEQUENCES:
            return _SEQUENCES[kind]([value_from(item) for item in rest])
        if kind == "dict":
            return {value_from(key): value_from(item) for key, item in rest}
        if kind == "record":
            return record_from(_RECORDS[rest[0]], rest[1])
        if kind == "array":
            import numpy as np

            return np.array(value_from(rest[1]), dtype=np.dtype(rest[0]))
        if kind in _MADE_OF:
            return _MADE_OF[kind](*rest)
    except (RecursionError, TypeError, ValueError, KeyError, IndexError) as error:
        raise InputError("a kept value", f"{type(error).__name__}: {error}", "what this version keeps") from error
    found = f"it was of type {rest[0]}" if kind == "unknown" and rest else f"a value of kind {kind!r}"
    raise InputError("a kept value", f"{found}, which no database holds", "plain data, paths or records")


def unknown_in(document: object) -> str | None:
    """The type of the first value in a document that no database holds; None where there is none."""
    if not isinstance(document, list) or not document or document[0] in ("record", *_MADE_OF):
        return None
    if document[0] == "unknown":
        return str(document[1])
    items = chain.from_iterable(document[1:]) if document[0] == "dict" else document[1:]
    return next((found for item in items if (found := unknown_in(item))), None)
