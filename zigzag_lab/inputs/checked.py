"""Values of a document with their place in it: each is read by a check whose error names the place."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from numbers import Integral, Real
from pathlib import Path
from typing import TypeVar

from zigzag_lab.inputs.python_modules import refuse_module
from zigzag_lab.inputs.yaml_file import Document, PathPart, load_yaml
from zigzag_lab.vocab import InputError, nearest
from zigzag_lab.vocab.units import Unit, quantity, whole

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """A value somewhere in a document.

    Attributes:
        document: the whole document.
        path: keys and list indices that lead to the value.
        value: the value itself, unchecked.
    """

    document: Document
    path: tuple[PathPart, ...]
    value: object

    @property
    def where(self) -> str:
        """The file, the keys and the line, such as ``tpu.yaml: memories.sram.size (line 12)``."""
        keys = "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in self.path).lstrip(".")
        line = self.document.line_of(self.path)
        place = f"{self.document.where}: {keys}" if keys else self.document.where
        return f"{place} (line {line})" if line else place

    def error(self, found: str, expected: str = "", hint: str = "") -> InputError:
        """An error about this value, to be raised by the caller."""
        return InputError(self.where, found, expected, hint)

    def missing(self, key: str, meaning: str) -> InputError:
        """The error about a key that this mapping lacks, to be raised by the caller."""
        return self.error(f"key '{key}' is missing", meaning, f"Add a line '{key}: ...' here.")

    def in_place_of(self, error: InputError) -> InputError:
        """An error from elsewhere as one about this value, to be raised by the caller."""
        return self.error(error.found, error.expected, error.hint)

    def table(self, required: Mapping[str, str], optional: Mapping[str, str]) -> dict[str, Entry]:
        """The values of a mapping with known keys. An optional key that is null counts as absent.

        Args:
            required: keys that must be there -> what they mean, for the message.
            optional: keys that may be there -> what they mean.
        """
        allowed = {**required, **optional}
        entries = self.items()
        for key in entries:
            if key not in allowed:
                found = f"unknown key '{key}'"
                hint = nearest(key, allowed) or f"Remove '{key}'."
                raise entries[key].error(found, f"one of {', '.join(allowed)}", hint)
        for key, meaning in required.items():
            if key not in entries:
                raise self.missing(key, meaning)
        return {key: e for key, e in entries.items() if e.value is not None or key in required}

    def items(self) -> dict[str, Entry]:
        """The values of a mapping whose keys the user chooses."""
        if not isinstance(self.value, Mapping):
            raise self.error(f"found {shown(self.value)}", "a mapping of keys to values")
        for key in self.value:
            if not isinstance(key, str):
                raise self.error(f"key {shown(key)} is not text", "text as keys", f"Put quotes around it: '{key}'.")
        return {key: Entry(self.document, (*self.path, key), value) for key, value in self.value.items()}

    def elements(self, expected: str = "a list") -> list[Entry]:
        """The values of a list."""
        if not isinstance(self.value, (list, tuple)):
            raise self.error(f"found {shown(self.value)}", expected, "Write a list: [a, b], or one '- ' line each.")
        return [Entry(self.document, (*self.path, i), value) for i, value in enumerate(self.value)]

    def integer(
        self, meaning: str, minimum: int | None = None, maximum: int | None = None, unit: Unit | None = None
    ) -> int:
        """A whole number, of numpy too, or a quantity that is one in a unit; ``true`` and ``2.0`` are none."""
        found = self._without_unit(unit)
        if not isinstance(found, Integral) or isinstance(found, bool):
            is_quantity = found is not self.value
            what = f"{shown(self.value)}, which is {found} {unit}" if is_quantity else shown(self.value)
            raise self.error(f"found {what}", f"a whole number: {meaning}{_or_with(unit)}")
        value = int(found)
        if minimum is not None and value < minimum:
            raise self.error(f"found {shown(self.value)}", f"{meaning}, {minimum} or more")
        if maximum is not None and value > maximum:
            raise self.error(f"found {shown(self.value)}", f"{meaning}, at most {maximum:,}")
        return value

    def number(self, meaning: str, minimum: float = 0.0, unit: Unit | None = None) -> float:
        """A number, whole or not, of numpy too, or a quantity in a unit, of at least ``minimum``."""
        value = self._without_unit(unit)
        if not isinstance(value, Real) or isinstance(value, bool) or not _is_finite(value):
            raise self.error(f"found {shown(self.value)}", f"a number: {meaning}{_or_with(unit)}", self.exponent_hint())
        if value < minimum:
            raise self.error(f"found {shown(self.value)}", f"{meaning}, {minimum:g} or more")
        return float(value)

    def _without_unit(self, unit: Unit | None) -> object:
        return self.value if unit is None or not isinstance(self.value, str) else self.in_base(unit.factors)

    def exponent_hint(self) -> str:
        """What to try where the value is text that was meant as a number with an exponent; else nothing."""
        is_number = isinstance(self.value, str) and re.fullmatch(r"[+-]?[\d.]+[eE][+-]?\d+", self.value)
        return "YAML reads 1e3 as text: write 1.0e+3." if is_number else ""

    def in_base(self, factors: Mapping[str, float]) -> object:
        """The number that a quantity is: with ``{"KiB": 8192}``, ``64 KiB`` is 524288. Anything else as it is.

        Raises:
            InputError: its unit is not among the factors, or the number is too large for floating point.
        """
        found = quantity(self.value) if isinstance(self.value, str) else None
        if found is None:
            return self.value
        number, unit = found
        if unit not in factors:
            what = "nothing with a unit" if not factors else f"one of {', '.join(factors)}"
            raise self.error(f"'{self.value}' is in '{unit}'", what, nearest(unit, factors))
        if not isfinite(number * factors[unit]):
            raise self.error(f"'{str(self.value)[:40]}'", "a number that floating point can hold")
        return whole(number * factors[unit])

    def text(self, meaning: str, pattern: str | None = None, hint: str = "") -> str:
        """Text that is not empty and, if a pattern is given, matches it as a whole."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.error(f"found {shown(self.value)}", meaning, hint or "Put quotes around it if it is a name.")
        if pattern is not None and not re.fullmatch(pattern, self.value):
            raise self.error(f"found {shown(self.value)}", meaning, hint)
        return self.value

    def choice(self, allowed: Collection[str], meaning: str = "") -> str:
        """One word out of a few."""
        if not isinstance(self.value, str) or self.value not in allowed:
            what = f"{meaning}: " if meaning else ""
            raise self.error(
                f"found {shown(self.value)}", f"{what}one of {', '.join(allowed)}", nearest(str(self.value), allowed)
            )
        return self.value

    def flag(self, meaning: str) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            raise self.error(f"found {shown(self.value)}", f"true or false: {meaning}")
        return self.value

    def choices(self, allowed: Collection[str], meaning: str) -> tuple[str, ...]:
        """A list of distinct words out of a few."""
        words: dict[str, None] = {}
        for element in self.elements(f"a list of {meaning}"):
            word = element.choice(allowed, meaning)
            if word in words:
                raise element.error(f"'{word}' stands twice", "each once", "Remove one of them.")
            words[word] = None
        return tuple(words)


def read_each(items: Iterable[S], read: Callable[[S], T]) -> list[T]:
    """Read parts of a file that do not depend on each other.

    Raises:
        InputError: that of the first part that cannot be read, with those of the other parts.
    """
    found: list[T] = []
    errors: list[InputError] = []
    for item in items:
        try:
            found.append(read(item))
        except InputError as error:
            errors += error, *error.others
    if errors:
        errors[0].others = tuple(errors[1:])
        raise errors[0]
    return found


def open_source(source: object, what: str) -> Entry:
    """The whole of a file, or of a mapping or list in memory; messages call that ``what``, such as ``accelerator``."""
    if isinstance(source, (str, Path)):
        refuse_module(source, what)
        document = load_yaml(source)
    elif isinstance(source, (Mapping, list, tuple)):
        document = Document(what, source)
    else:
        raise InputError(what, f"found {shown(source)}", "the path of a YAML file, or its content as plain data")
    return Entry(document, (), document.data)


def shown(value: object) -> str:
    """A value as an error message shows it: its kind, and itself if it is short."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return f"the truth value {str(value).lower()}"
    if isinstance(value, int):
        return f"the number {value}" if abs(value) < 10**30 else "a number of more than 30 digits"
    kinds: dict[type, str] = {str: "the text", float: "the number", list: "the list", dict: "the mapping"}
    return f"{kinds.get(type(value), 'the ' + type(value).__name__)} {_short.repr(value)}"


_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60
_short.maxlist = _short.maxdict = _short.maxtuple = 4
_short.maxlevel = 2


def _or_with(unit: Unit | None) -> str:
    return f", or with a unit as '{unit.example}'" if unit else ""


def _is_finite(value: Real) -> bool:
    return abs(value) < 10**300 if isinstance(value, int) else isfinite(value)
