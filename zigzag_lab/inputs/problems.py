"""All that is wrong in a file by its declaration, where readers stop at the first error."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from zigzag_lab.inputs.checked import Entry, shown
from zigzag_lab.inputs.formats.keys import ALWAYS, NEVER, Case, Level
from zigzag_lab.inputs.formats.values import Anything, Either, Listed, Named, Row, Shape, Value, WordList
from zigzag_lab.vocab import InputError, nearest

T = TypeVar("T")

_JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (dict,),
    "null": (type(None),),
}


def problems(value: Value[Any], entry: Entry, meaning: str) -> Iterator[InputError]:
    """Yield the error of every place that is not as declared, in the order of the file.

    What several keys have to agree on is left to the readers. ``meaning`` is for messages, as in
    :meth:`zigzag_lab.inputs.formats.values.Value.read`.
    """
    if isinstance(value, Level):
        yield from _of_level(value, entry)
    elif isinstance(value, Named):
        for item in (yield from _items(entry)).values():
            yield from problems(value.value, item, value.value.limits)
    elif isinstance(value, Listed):
        items = yield from _elements(entry, value.limits)
        for item in items:
            yield from problems(value.item, item, meaning)
    elif isinstance(value, Row):
        items = yield from _elements(entry, value.limits)
        if len(items) != len(value.items):
            yield entry.error(f"found {len(items)} values", value.limits)
        for of_item, item in zip(value.items, items, strict=False):
            yield from problems(of_item, item, meaning)
    elif isinstance(value, Either):
        yield from min((list(problems(form, entry, meaning)) for form in value.forms), key=len)
    elif isinstance(value, Anything):
        if value.types and not isinstance(entry.value, tuple(t for name in value.types for t in _JSON_TYPES[name])):
            yield entry.error(f"found {shown(entry.value)}", value.words)
    elif isinstance(value, WordList) and not value.words:  # the rest of the file decides which there are
        for word in (yield from _elements(entry, value.limits)):
            yield from _read(partial(word.text, value.noun, value.pattern))
    elif not isinstance(value, Shape):
        yield from _read(lambda: value.read(entry, meaning))


def _of_level(level: Level, entry: Entry) -> Iterator[InputError]:
    """What is wrong with the keys of a mapping: unknown ones, missing ones, and what stands behind the others."""
    items = yield from _items(entry)
    known = {key.name: key for key in level.keys}
    is_open = level.open_by is not None and _is_other(items.get(level.open_by[0]), level.open_by[1])
    given = {name: item for name, item in items.items() if item.value is not None}
    missing = [key for key in level.keys if _is_needed(key.needed, given, is_open=is_open) and key.name not in items]
    for name, item in items.items():
        if name in known and (item.value is not None or known[name].needed is ALWAYS):
            yield from problems(known[name].value, item, known[name].expected)
        elif name not in known and not is_open:
            hint = nearest(name, known) or f"Remove '{name}'."
            missing = [key for key in missing if f"'{key.name}'" not in hint]  # it is there, misspelt
            yield item.error(f"unknown key '{name}'", f"one of {', '.join(known)}", hint)
    for key in missing:
        yield entry.missing(key.name, key.expected)


def _is_other(entry: Entry | None, ours: tuple[str, ...]) -> bool:
    return entry is not None and entry.value is not None and entry.value not in ours


def _is_needed(case: Case, given: Mapping[str, Entry], *, is_open: bool) -> bool:
    if case in (ALWAYS, NEVER):
        return case is ALWAYS
    is_any = any(key in given and given[key].value == value for key, value in case.any_of)
    return is_any == case.is_met and not is_open


def _items(entry: Entry) -> Generator[InputError, None, dict[str, Entry]]:
    found = yield from _read(entry.items)
    return found or {}


def _elements(entry: Entry, expected: str) -> Generator[InputError, None, list[Entry]]:
    found = yield from _read(lambda: entry.elements(expected))
    return found or []


def _read(read: Callable[[], T]) -> Generator[InputError, None, T | None]:
    """Yield the error that reading raises, if any, and return what is read, or else nothing."""
    try:
        return read()
    except InputError as error:
        yield error
        return None
