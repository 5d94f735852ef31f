"""Checks of rows: parts of them as records or plain data; damaged ones are noticed when they are read, and named."""

from __future__ import annotations

import json
import types
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from math import isfinite
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from zigzag_lab.cost.certificate import Certificate
from zigzag_lab.store.codec import (
    StoredLevel,
    certificate_from,
    level_from,
    mapping_from,
)
from zigzag_lab.store.database import Row
from zigzag_lab.store.errors import StoreError
from zigzag_lab.store.tables import CertificateTuple, FrontPointTuple, LayerEvaluationTuple, MemoryEvaluationTuple
from zigzag_lab.vocab import InputError

R = TypeVar("R")

UNREADABLE = (
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, MemoryError),
    *(zlib.error, InputError),
)
"""What reading content of any kind may come to."""

ADVICE = (
    "'zigzag-lab doctor --deep' lists all that is damaged. Restore a copy of the database, or take the runs out: "
    "'zigzag-lab delete RUN', then 'zigzag-lab gc'."
)


class DamagedError(StoreError):
    """A row of the database cannot be read."""


@contextmanager
def reading(table: str, **key: Any) -> Iterator[None]:
    """Name the row in whatever goes wrong while its content is read.

    Args:
        table: its table.
        key: column -> value, what the row is found by.
    """
    try:
        yield
    except DamagedError:
        raise
    except UNREADABLE as error:
        raise damaged(table, key, _in_words(error)) from error


def damaged(table: str, key: Mapping[str, Any], found: str) -> DamagedError:
    """The error that names a row."""
    row = " and ".join(f"{column} = {value!r}" for column, value in key.items())
    return DamagedError(f"table {table}, row {row}", f"it is damaged: {found}", hint=ADVICE)


def _in_words(error: BaseException) -> str:
    if isinstance(error, InputError):
        return f"{error.where} {error.found}".strip()
    if isinstance(error, zlib.error):
        return "its content cannot be unpacked"
    if isinstance(error, (json.JSONDecodeError, RecursionError)):
        return "its content is no JSON that can be read"
    return f"its content is not what it should be ({type(error).__name__}: {str(error)[:100]})"


def checked(kind: type[R], values: Mapping[str, Any], table: str, **key: Any) -> R:
    """A record of a row's values, each of the type that the record promises.

    Raises:
        DamagedError: one is not.
    """
    made: Any = kind
    check_types(values, _types_of(made), table, **key)
    return kind(**values)


def check_types(values: Mapping[str, Any], allowed: Mapping[str, tuple[type, ...]], table: str, **key: Any) -> None:
    """Check that values of a row are of the types allowed.

    Raises:
        DamagedError: one is not.
    """
    for name, wanted in allowed.items():
        if not isinstance(values[name], wanted):
            kinds = " or ".join(sorted({one.__name__ for one in wanted if one is not type(None)} - {"Decimal"}))
            raise damaged(table, key, f"{name} is {_short(values[name])}, where {kinds} belongs")


def check_finite(values: Mapping[str, Any], table: str, **key: Any) -> None:
    """Check that none of the numbers of a row is infinite.

    Raises:
        DamagedError: one is.
    """
    for name, value in values.items():
        if isinstance(value, float) and not isfinite(value):
            raise damaged(table, key, f"{name} is {value}, where a finite number belongs")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


NUMBER = (int, float, Decimal)
TEXT = (str,)


def types_of_row(kind: type[NamedTuple]) -> dict[str, tuple[type, ...]]:
    """Column -> types of its values as drivers give them, where a truth value may be 0 or 1."""
    hints = get_type_hints(kind)
    return {name: NUMBER if hints[name] is bool else _allowed(hints[name]) for name in kind._fields}


@cache
def _types_of(kind: Any) -> dict[str, tuple[type, ...]]:
    hints = get_type_hints(kind)
    allowed = {field.name: _allowed(hints[field.name]) for field in fields(kind)}
    return {name: wanted for name, wanted in allowed.items() if wanted}


def _allowed(hint: Any) -> tuple[type, ...]:
    """The types that pass for an annotation; none stands for any."""
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(one for part in get_args(hint) for one in _allowed(part))
    plain = get_origin(hint) or hint
    if plain in (int, float):
        return NUMBER
    return (plain,) if isinstance(plain, type) and plain is not Any else ()


# -- parts of rows -----------------------------------------------------------------------------------------------------

LAYER_TYPES = types_of_row(LayerEvaluationTuple)
_MEMORY_TYPES = types_of_row(MemoryEvaluationTuple)
_CERTIFICATE_TYPES = types_of_row(CertificateTuple)
_POINT_TYPES = {
    name: types_of_row(FrontPointTuple)[name] for name in ("layer_index", "point_index", "energy_pj", "latency_cycles")
}


def mapping_of(content: Any, spatial_text: Any, digest: str) -> dict[str, Any]:
    """The document of a stored mapping, which records can be made of."""
    check_types({"spatial_text": spatial_text}, {"spatial_text": TEXT}, "zl_mapping", digest=digest)
    with reading("zl_mapping", digest=digest):
        document: dict[str, Any] = from_json(content)
        spatial, temporal = mapping_from(document)
        loops: list[tuple[Any, Any]] = [loop for of_dim in spatial.unrollings.values() for loop in of_dim.items()]
        loops += [loop for levels in temporal.levels.values() for level in levels for loop in level]
        if not all(isinstance(dim, str) and isinstance(size, (int, float)) and size > 0 for dim, size in loops):
            raise ValueError("a loop without a name or a size")
    return document


def certificate_of(row: Row) -> Certificate:
    """What was proven of a layer."""
    key = {"run_number": row[0], "layer_index": row[1]}
    check_types(CertificateTuple._make(row)._asdict(), _CERTIFICATE_TYPES, "zl_certificate", **key)
    with reading("zl_certificate", **key):
        return certificate_from(row)


def time_of(value: Any) -> datetime | None:
    """A time as drivers give it: text without a zone, in UTC, or a ``datetime``."""
    return None if value is None else in_utc(value)


def in_utc(value: Any) -> datetime:
    """A time that is there, in UTC."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def from_json(value: Any) -> Any:
    """JSON as drivers give it: text, or what it stands for."""
    return json.loads(value) if isinstance(value, (str, bytes)) else value


def object_of(value: Any) -> dict[str, Any]:
    """The same for JSON that is an object.

    Raises:
        TypeError: it is another thing.
    """
    found = from_json(value)
    if not isinstance(found, dict):
        raise TypeError(f"{type(found).__name__} in place of an object")
    return found


def memory_of(row: Row) -> StoredLevel:
    """What one operand does at one memory level."""
    values = MemoryEvaluationTuple._make(row)._asdict()
    key = {name: values[name] for name in ("run_number", "layer_index", "operand", "level")}
    check_types(values, _MEMORY_TYPES, "zl_memory_evaluation", **key)
    check_finite(values, "zl_memory_evaluation", **key)
    return level_from(row)


def point_of(row: Row) -> tuple[float, float, bool, str, dict[str, Any], dict[str, list[str]]]:
    """A point of a front: its layer, place, price, proof and memories, then text, content and key of its mapping."""
    index, place, energy, latency, is_proven, memories, spatial, content, digest = row
    key = {"layer_index": index, "point_index": place}
    check_types({**key, "energy_pj": energy, "latency_cycles": latency}, _POINT_TYPES, "zl_front_point", **key)
    with reading("zl_front_point", **key):
        names = {str(op): [str(name) for name in of_op] for op, of_op in from_json(memories).items()}
    mapping = mapping_of(content, spatial, digest)
    if set(mapping["temporal"]) - set(names):
        raise damaged("zl_front_point", key, "memories does not speak of every operand")
    return energy, latency, bool(is_proven), spatial, mapping, names
