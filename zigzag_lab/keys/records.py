"""Records back from their descriptions, and digests of records that are worked out once."""

from __future__ import annotations

import json
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from weakref import ref

from zigzag_lab.hardware import Accelerator
from zigzag_lab.keys.canonical import canonical_json, digest_of_bytes
from zigzag_lab.keys.documents import (
    accelerator_digest,
    constraints_digest,
    described,
    layer_digest,
    rules_digest,
    workload_digest,
)
from zigzag_lab.mapping.constraints import MappingConstraints, MappingRules
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import Layer, Workload

R = TypeVar("R")

KINDS: dict[str, type] = {
    "layer": Layer,
    "accelerator": Accelerator,
    "constraints": MappingConstraints,
    "workload": Workload,
    "mapping": MappingRules,
}
"""Kinds of records that questions are made of."""

_MEANINGS: dict[type, Callable[[Any], str]] = {
    Layer: layer_digest,
    Accelerator: accelerator_digest,
    MappingConstraints: constraints_digest,
    Workload: workload_digest,
    MappingRules: rules_digest,
}


def record_from(kind: type[R], data: Any) -> R:
    """The record that :func:`described` described; the inverse of it.

    Args:
        kind: the class of the record.
        data: its description, as it was or back from JSON.

    Raises:
        InputError: the description is of something else.
    """
    try:
        record: R = _rebuilt(kind, data)
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise InputError(f"description of a {kind.__name__}", str(error), "what this version describes") from error
    return record


_PLAIN: dict[Any, Any] = {str: str, bool: bool, int: (int, float), float: (int, float)}


def _rebuilt(kind: Any, data: Any) -> Any:
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _rebuilt(hints[name], item) for name, item in data.items()})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(data)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is dict:
        return {_rebuilt(inner[0], key): _rebuilt(inner[1], item) for key, item in data}
    if origin is tuple:
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_rebuilt(inner[0], item) for item in data)
        return tuple(_rebuilt(of, item) for of, item in zip(inner, data, strict=True))
    if origin in (Union, types.UnionType):
        return _rebuilt(_fitting(inner, data), data)
    if not isinstance(data, _PLAIN.get(kind, object)):
        raise TypeError(f"{str(data)[:40]!r} in place of {kind.__name__}")
    return data


def _fitting(kinds: tuple[Any, ...], data: Any) -> Any:
    """Which of several kinds something was."""
    if data is None:
        return type(None)
    others = [kind for kind in kinds if kind is not type(None)]
    if len(others) == 1 or not isinstance(data, dict):
        return others[0]
    for kind in others:
        if is_dataclass(kind) and set(data) <= {f.name for f in fields(kind)}:  # fields may have been added since
            return kind
    kept = " or ".join(getattr(kind, "__name__", str(kind)) for kind in others)
    raise InputError("a kept record", f"its fields are {', '.join(data)}", f"those of {kept}")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


class RecordDigests:
    """Digests of records, worked out once for each object and forgotten with it; another process begins anew."""

    def __init__(self) -> None:
        self._meanings: dict[int, tuple[ref[Any], str]] = {}
        self._descriptions: dict[int, tuple[ref[Any], str]] = {}

    def __reduce__(self) -> tuple[type[RecordDigests], tuple[()]]:
        return RecordDigests, ()

    def of_meaning(self, record: Any) -> str:
        """The key of what a record means: names and comments are not in it."""
        found = self._meanings.get(id(record))
        return found[1] if found else _kept(self._meanings, record, _MEANINGS[type(record)](record))

    def of_description(self, record: Any) -> str:
        """The key of all that a record says, names included."""
        found = self._descriptions.get(id(record))
        return found[1] if found else _kept(self._descriptions, record, description_digest(description(record)))

    def learn(self, record: Any, content: bytes) -> None:
        """Be told the description of a record that somebody has at hand."""
        _kept(self._descriptions, record, description_digest(content))


def _kept(known: dict[int, tuple[ref[Any], str]], record: Any, digest: str) -> str:
    number = id(record)
    known[number] = ref(record, lambda _: known.pop(number, None)), digest
    return digest


def description(record: Any) -> bytes:
    """All that a record says, as canonical JSON."""
    return canonical_json(described(record))


def exact_description(record: Any) -> bytes:
    """The same with whole numbers and floats told apart, so that the record comes back as it was."""
    return json.dumps(described(record), ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")


def description_digest(content: bytes) -> str:
    """The key of a description."""
    return digest_of_bytes(content, "description")


def described_record(kind: str, content: bytes) -> tuple[Any, bytes]:
    """A record of one of :data:`KINDS` from its exact description, and its description in canonical JSON."""
    data = json.loads(content)
    return record_from(KINDS[kind], data), canonical_json(data)
