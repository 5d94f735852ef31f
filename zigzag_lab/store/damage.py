"""Damaged rows: noticed when they are read, and named."""

from __future__ import annotations

import json
import types
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from decimal import Decimal
from functools import cache
from math import isfinite
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from zigzag_lab.store.errors import StoreError
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
