"""One spelling for equal data: canonical JSON and its digest.

Two documents that mean the same have the same bytes, whatever the order of their keys, the process that made them or
the kind of number they were read as: ``2`` and ``2.0`` agree, ``-0.0`` is ``0``, ``True`` is not ``1``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache, partial
from hashlib import sha256
from math import isfinite
from typing import Any
from unicodedata import is_normalized, normalize

from zigzag_lab.vocab import InputError, Plain

_encoder = partial(json.JSONEncoder, sort_keys=True, separators=(",", ":"), allow_nan=False)
_encode = _encoder(ensure_ascii=False).encode
_encode_quickly = _encoder(check_circular=False).encode

KEY_VERSION = 1
"""Version of the format of keys. A change of canonical form raises it: older keys are then misses, never wrong hits."""


def canonical_json(doc: object) -> bytes:
    """Spell plain data in its one canonical way.

    Args:
        doc: dicts with text keys, lists or tuples, text, numbers, booleans, None, and numpy's scalars.

    Returns:
        JSON in UTF-8 (NFC), keys in the order of their code points, without spaces.

    Raises:
        InputError: something has no canonical spelling: a set, an array, NaN, an object. The error's ``where`` is its
            path in the document, such as ``memories[3].r_cost``.
    """
    try:
        plain = _plain(doc)
    except _UnspeakableError as error:
        raise InputError(_spelt(error.path[::-1]), error.found, error.expected, error.hint) from None
    return _encode(plain).encode(errors="backslashreplace")  # half a character is an escape of JSON


def canonical_json_of_record(doc: object) -> bytes:
    """The same as :func:`canonical_json`, three times as fast where no number is a float and all text is ASCII.

    Args:
        doc: a document that the program put together: all of its keys are text, which is not looked at.
    """
    try:
        text = _encode_quickly(doc)
    except (TypeError, ValueError):  # numbers that JSON does not have
        return canonical_json(doc)
    has_more = "." in text or "\\u" in text or "e+" in text or "e-" in text  # floats, text beyond ASCII
    return canonical_json(doc) if has_more else text.encode()


def digest(doc: object, domain: str) -> str:
    """The digest of a document: 64 hexadecimal digits.

    Args:
        doc: what :func:`canonical_json` takes.
        domain: what kind of thing it is, such as ``layer``, so that equal documents of different kinds differ.
    """
    return digest_of_bytes(canonical_json(doc), domain)


def digest_of_bytes(content: bytes, domain: str) -> str:
    """The digest of a document that is canonical JSON already."""
    return sha256(_preamble(domain) + content).hexdigest()


@cache
def _preamble(domain: str) -> bytes:
    return f"zl-{domain}\0v{KEY_VERSION}\0".encode()


class _UnspeakableError(Exception):
    """Something without a canonical spelling; its path grows from the inside as the error rises."""

    def __init__(self, found: str, expected: str, hint: str = "") -> None:
        super().__init__(found)
        self.found, self.expected, self.hint = found, expected, hint
        self.path: list[str | int] = []


def _plain(value: Any) -> Plain:
    """The same value in the types that ``json`` writes in one way only."""
    kind = type(value)
    if kind is str:
        return value if value.isascii() or is_normalized("NFC", value) else normalize("NFC", value)
    if kind is int or kind is bool or value is None:
        plain: Plain = value
        return plain
    if kind is float:
        return _number(value)
    if kind is dict:
        return _mapping(value)
    if kind is list or kind is tuple:
        return _sequence(value)
    return _unusual(value)


def _sequence(value: Sequence[object]) -> list[Plain]:
    try:
        return [item if type(item) is int or (type(item) is str and item.isascii()) else _plain(item) for item in value]
    except _UnspeakableError as error:
        error.path.append(_first_unspeakable(value))
        raise


def _first_unspeakable(value: Sequence[object]) -> int:
    for i, item in enumerate(value):
        try:
            _plain(item)
        except _UnspeakableError:
            return i
    return len(value)


def _mapping(value: Mapping[object, object]) -> dict[str, Plain]:
    plain: dict[str, Plain] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise _UnspeakableError(f"the key {key!r} is a {type(key).__name__}", "keys of text")
        spelt = key if type(key) is str and key.isascii() else str(_plain(key))
        if spelt in plain:
            raise _UnspeakableError(f"two keys are spelt {spelt!r} once normalised", "distinct keys")
        try:
            plain[spelt] = _plain(item)
        except _UnspeakableError as error:
            error.path.append(spelt)
            raise
    return plain


def _number(value: float) -> int | float:
    if not isfinite(value):
        raise _UnspeakableError(f"the number is {value}", "a finite number")
    return int(value) if value.is_integer() else value


_PLAIN_KINDS: tuple[type[Any], ...] = (str, int, float, dict, list, tuple)


def _unusual(value: Any) -> Plain:
    """Enums of text, numpy's scalars and subclasses of plain types; anything else has no canonical spelling."""
    if isinstance(value, Enum):
        return _plain(value.value)
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == () and type(value).__name__ != "ndarray":
        return _plain(value.item())
    for kind in _PLAIN_KINDS:
        if isinstance(value, kind):
            return _plain(kind(value))
    hint = "Sort it into a list." if isinstance(value, (set, frozenset)) else ""
    expected = "dicts, lists, text, numbers, booleans or None"
    raise _UnspeakableError(f"a {type(value).__name__} has no canonical spelling", expected, hint)


def _spelt(path: Sequence[str | int]) -> str:
    """A path as a reader writes it: ``memories[3].r_cost``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.lstrip(".") or "document"
