"""Documents and descriptions of records, records back from them, and their digests.

A *document* holds what decides the answer about a record and leaves out what changes no number (names, comments,
areas). A *description* leaves out nothing, so that the record can be rebuilt from it.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from weakref import ref

from zigzag_lab.hardware import Accelerator
from zigzag_lab.keys.canonical import canonical_json, canonical_json_of_record, digest_of_bytes
from zigzag_lab.mapping.constraints import MappingConstraints, MappingRules
from zigzag_lab.vocab import UNSAID_IF_EMPTY, InputError
from zigzag_lab.workload import FreeNode, Layer, Workload

R = TypeVar("R")

KINDS: dict[str, type] = {
    "layer": Layer,
    "accelerator": Accelerator,
    "constraints": MappingConstraints,
    "workload": Workload,
    "mapping": MappingRules,
}
"""Kinds of records that questions are made of."""


def rules_document(rules: MappingRules) -> dict[str, object]:
    """What decides which layer is searched under what: entry -> its constraints."""
    return {name: entry.meaning() for name, entry in rules.entries.items()}


def workload_document(workload: Workload) -> dict[str, object]:
    """What decides the cost of a network: its layers in the order of the file, and who feeds whom.

    Layers are identified by their position, not by their id. Their names are part of it, as mapping rules are
    chosen by name. Free nodes (which cost nothing) are seen through: a layer is fed by the layers behind them.
    """
    layers = [node for node in workload.nodes if isinstance(node, Layer)]
    place = {layer.id: i for i, layer in enumerate(layers)}
    known: dict[int, frozenset[int]] = {}
    return {
        "layers": [[layer.name, layer.meaning()] for layer in layers],
        "edges": [
            [place[source], i, operand]
            for i, layer in enumerate(layers)
            for operand, node in sorted(layer.sources.items())
            for source in sorted(_layers_behind(workload, node, known), key=place.__getitem__)
        ],
    }


def _layers_behind(workload: Workload, start: int, known: dict[int, frozenset[int]]) -> Iterable[int]:
    """Ids of the layers whose results reach a node through free nodes; those of each node are looked up once."""
    if start in known:
        return known[start]
    pending, found, seen = [start], set(), set()
    while pending:
        node_id = pending.pop()
        if node_id in seen:
            continue
        seen.add(node_id)
        node = workload.by_id[node_id]
        if isinstance(node, FreeNode):
            pending.extend(node.predecessors)
        else:
            found.add(node_id)
    return known.setdefault(start, frozenset(found))


_DOCUMENTS: dict[type, tuple[str, Callable[[Any], object]]] = {
    Layer: ("layer", Layer.meaning),
    Accelerator: ("accelerator", Accelerator.meaning),
    MappingConstraints: ("constraints", MappingConstraints.meaning),
    Workload: ("workload", workload_document),
    MappingRules: ("rules", rules_document),
}
"""Class of a record -> the domain of its digest, and what makes its document."""


def meaning_digest(record: object) -> str:
    """The key of what decides costs of a layer, an accelerator, an entry of a mapping file, all of one, or a network.

    Names and comments are not in it.
    """
    domain, document = _DOCUMENTS.get(type(record)) or next(
        _DOCUMENTS[kind] for kind in type(record).__mro__ if kind in _DOCUMENTS
    )
    spell = canonical_json_of_record if domain == "layer" else canonical_json  # layers come by the thousand
    return digest_of_bytes(spell(document(record)), domain)


def described(record: object) -> Any:
    """All fields of a record by name, as plain data; dicts as lists of pairs, as their order may matter.

    Fields that came later are left out where they are empty, so that records without them are described as ever.
    """
    if is_dataclass(record) and not isinstance(record, type):
        values = ((f, getattr(record, f.name)) for f in fields(record))
        return {f.name: described(value) for f, value in values if value or f.metadata != UNSAID_IF_EMPTY}
    if isinstance(record, dict):
        return [[described(key), described(value)] for key, value in record.items()]
    if isinstance(record, (list, tuple)):
        return [described(item) for item in record]
    return record.value if isinstance(record, Enum) else record


def description(record: object) -> bytes:
    """All fields of a record, as canonical JSON."""
    return canonical_json(described(record))


def exact_description(record: object) -> bytes:
    """The same with whole numbers and floats distinguished, so that the record comes back as it was."""
    return json.dumps(described(record), ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")


def description_digest(content: bytes) -> str:
    """The key of a description."""
    return digest_of_bytes(content, "description")


def described_record(kind: str, content: bytes) -> tuple[Any, bytes]:
    """A record of one of :data:`KINDS` from its exact description, and its description in canonical JSON."""
    data = json.loads(content)
    return record_from(KINDS[kind], data), canonical_json(data)


def record_from(kind: type[R], data: object) -> R:
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


_PLAIN: dict[object, type | tuple[type, ...]] = {str: str, bool: bool, int: (int, float), float: (int, float)}


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


def _fitting(kinds: tuple[type, ...], data: object) -> type:
    """Which of several kinds something was."""
    if data is None:
        return type(None)
    others = [kind for kind in kinds if kind is not type(None)]
    if len(others) == 1 or not isinstance(data, dict):
        return others[0]
    for kind in others:
        if is_dataclass(kind) and set(data) <= {f.name for f in fields(kind)}:  # fields may have been added since
            return kind
    names = " or ".join(getattr(kind, "__name__", str(kind)) for kind in others)
    raise InputError("a kept record", f"its fields are {', '.join(data)}", f"those of {names}")


_hints = cache(get_type_hints)


_Known = dict[int, tuple[ref[object], str]]
"""Identity of an object -> the object, as long as it lives, and its digest."""


class RecordDigests:
    """Digests of records, worked out once for each object and forgotten with it; another process begins anew."""

    def __init__(self) -> None:
        self._meanings: _Known = {}
        self._descriptions: _Known = {}

    def __reduce__(self) -> tuple[type[RecordDigests], tuple[()]]:
        return RecordDigests, ()

    def of_meaning(self, record: object) -> str:
        """The key of what a record means: names and comments are not in it."""
        found = self._meanings.get(id(record))
        return found[1] if found else _remembered(self._meanings, record, meaning_digest(record))

    def of_description(self, record: object) -> str:
        """The key of all fields of a record, names included."""
        found = self._descriptions.get(id(record))
        return found[1] if found else _remembered(self._descriptions, record, description_digest(description(record)))

    def learn(self, record: object, content: bytes) -> None:
        """Register a known description of a record, to avoid computing it."""
        _remembered(self._descriptions, record, description_digest(content))


def _remembered(known: _Known, record: object, digest: str) -> str:
    number = id(record)
    known[number] = ref(record, lambda _: known.pop(number, None)), digest
    return digest
