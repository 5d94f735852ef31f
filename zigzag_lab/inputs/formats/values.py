"""Kinds of values in files, with their limits: each reads one, and describes itself for schemas and for people."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Generic, TypeVar

from zigzag_lab.inputs.checked import Entry, shown
from zigzag_lab.vocab.units import FREQUENCY, NUMBER, PERIOD, Unit, quantity

Schema = dict[str, Any]
"""A JSON Schema, or a part of one."""

T = TypeVar("T")


class Value(ABC, Generic[T]):
    """What may stand at a place in a file.

    Attributes:
        unit: what a number counts; None where that has no unit.
        is_text: whether it stands as text in a file, a clock with its unit among it.
    """

    unit: Unit | None = None
    is_text = False

    @abstractmethod
    def read(self, entry: Entry, meaning: str) -> T:
        """Read a value; ``meaning`` is for the message of the InputError where it is out of the limits."""

    @abstractmethod
    def schema(self) -> Schema:
        """The limits as a JSON Schema, as far as one can express them."""

    @property
    @abstractmethod
    def limits(self) -> str:
        """The limits in words, for a page."""


@dataclass(frozen=True)
class Whole(Value[int]):
    """A whole number, or a quantity that is one; ``takes_floats`` allows 2.0."""

    minimum: int | None = None
    maximum: int | None = None
    unit: Unit | None = None
    takes_floats: bool = False

    def read(self, entry: Entry, meaning: str) -> int:
        """Read a number of the unit."""
        if self.takes_floats and isinstance(entry.value, float) and entry.value.is_integer():
            entry = replace(entry, value=int(entry.value))
        return entry.integer(meaning, self.minimum, self.maximum, self.unit)

    def schema(self) -> Schema:
        """An integer between the limits, or text of a number and a unit."""
        return _or_quantity({"type": "integer", **_ends(self.minimum, self.maximum)}, self.unit)

    @property
    def limits(self) -> str:
        """Such as ``whole number, 1 or more``."""
        return "whole number" + _ends_in_words(self.minimum, self.maximum)


@dataclass(frozen=True)
class Number(Value[float]):
    """A number, whole or not, or a quantity."""

    minimum: float = 0.0
    unit: Unit | None = None

    def read(self, entry: Entry, meaning: str) -> float:
        """Read a number of the unit."""
        return entry.number(meaning, self.minimum, self.unit)

    def schema(self) -> Schema:
        """A number above the minimum, or text of a number and a unit."""
        return _or_quantity({"type": "number", **_ends(self.minimum, None)}, self.unit)

    @property
    def limits(self) -> str:
        """Such as ``number, 0 or more``."""
        return "number" + _ends_in_words(self.minimum, None)


@dataclass(frozen=True)
class ClockPeriod(Value[float]):
    """The period of a clock in ns, from a period or a frequency with its unit; a bare number could be either."""

    is_text = True

    def read(self, entry: Entry, meaning: str) -> float:
        """Read a quantity above 0."""
        found = quantity(entry.value) if isinstance(entry.value, str) else None
        if found is None:
            hint = "A number alone could be either: add the unit."
            raise entry.error(f"found {shown(entry.value)}", f"{meaning}: {self.limits}", hint)
        number = entry.in_base({**PERIOD.factors, **FREQUENCY.factors})
        period = _finite_period(float(number), found[1] in FREQUENCY.factors) if isinstance(number, (int, float)) else 0
        if not period:
            raise entry.error(f"found {shown(entry.value)}", f"{meaning}: {self.limits}")
        return period

    def schema(self) -> Schema:
        """Text of a number and a unit."""
        names = _one_of_units((*PERIOD.factors, *FREQUENCY.factors))
        return {"type": "string", "pattern": rf"^\s*(?=[^A-Za-z]*[1-9]){_POSITIVE}\s*(?:{names})\s*$"}

    @property
    def limits(self) -> str:
        """The two kinds of quantities."""
        return f"quantity above 0 such as `{FREQUENCY.example}` or `{PERIOD.example}`"


def _finite_period(number: float, is_frequency: bool) -> float:
    """A period in ns, from ns or GHz; 0 where floating point holds none."""
    period = 1 / number if is_frequency and number > 0 else number
    return period if 0 < period < inf else 0.0


@dataclass(frozen=True)
class Flag(Value[bool]):
    """True or false."""

    def read(self, entry: Entry, meaning: str) -> bool:
        """Read a truth value."""
        return entry.flag(meaning)

    def schema(self) -> Schema:
        """A boolean."""
        return {"type": "boolean"}

    @property
    def limits(self) -> str:
        """The two."""
        return "true or false"


@dataclass(frozen=True)
class FreeText(Value[str]):
    """Text that is not empty.

    Attributes:
        words: what it has to be, in words.
        pattern: a regular expression for the whole of it.
        hint: what to try where it does not match.
        usual: texts to suggest; others are allowed too.
    """

    is_text = True

    words: str = "text"
    pattern: str | None = None
    hint: str = ""
    usual: tuple[str, ...] = ()

    def read(self, entry: Entry, meaning: str) -> str:
        """Read text that matches the pattern."""
        return entry.text(meaning if self.words == "text" else self.words, self.pattern, self.hint)

    def schema(self) -> Schema:
        """A string that matches the pattern."""
        text: Schema = {"type": "string", "pattern": r"\S" if self.pattern is None else f"^(?:{self.pattern})$"}
        return {"anyOf": [{"enum": list(self.usual)}, text]} if self.usual else text

    @property
    def limits(self) -> str:
        """What it has to be, and what it usually is."""
        return f"{self.words}, usually {_code(self.usual)}" if self.usual else self.words


@dataclass(frozen=True)
class Choice(Value[str]):
    """One word out of a few."""

    is_text = True

    words: tuple[str, ...]

    def read(self, entry: Entry, meaning: str) -> str:
        """Read one of the words."""
        return entry.choice(self.words, meaning)

    def schema(self) -> Schema:
        """An enumeration."""
        return {"enum": list(self.words)}

    @property
    def limits(self) -> str:
        """The words."""
        return f"one of {_code(self.words)}"


@dataclass(frozen=True)
class WordList(Value[tuple[str, ...]]):
    """A list of distinct words.

    Attributes:
        noun: what they are, such as ``memory operands``.
        words: those to choose from; where the rest of the file decides that, those that ``pattern`` matches.
        pattern: a regular expression for each.
        minimum: how many there must be.
    """

    noun: str
    words: tuple[str, ...] = ()
    pattern: str | None = None
    minimum: int = 0

    def read(self, entry: Entry, meaning: str) -> tuple[str, ...]:
        """Read a list of the words."""
        return self.among(entry, self.words)

    def among(self, entry: Entry, allowed: Collection[str]) -> tuple[str, ...]:
        """Read a list of words out of those that the rest of a file allows."""
        return entry.choices(allowed, self.noun)

    def schema(self) -> Schema:
        """An array of distinct items."""
        item = {"enum": list(self.words)} if self.words else {"type": "string", "pattern": f"^(?:{self.pattern})$"}
        return {"type": "array", "items": item, "uniqueItems": True, **_items(self.minimum, None)}

    @property
    def limits(self) -> str:
        """The words, or what they are."""
        of = f" out of {_code(self.words)}" if self.words else ""
        return f"list of {self.noun}{of}{', not empty' if self.minimum else ''}"


class Shape(Value[Entry]):
    """What readers take apart themselves, with the declarations of its parts."""

    def read(self, entry: Entry, meaning: str) -> Entry:
        """Hand back the place itself."""
        return entry

    @property
    @abstractmethod
    def parts(self) -> tuple[Value[Any], ...]:
        """The declarations of its parts."""


@dataclass(frozen=True, eq=False)
class Listed(Shape):
    """A list with items of one kind; ``contains`` is the schema of an item that must be among them."""

    item: Value[Any]
    minimum: int = 0
    maximum: int | None = None
    is_set: bool = False
    contains: Schema | None = None

    def schema(self) -> Schema:
        """An array."""
        ends = _items(self.minimum, self.maximum)
        unique: Schema = {"uniqueItems": True} if self.is_set else {}
        one: Schema = {"contains": self.contains} if self.contains else {}
        return {"type": "array", "items": self.item.schema(), **ends, **unique, **one}

    @property
    def limits(self) -> str:
        """What its items are, and how many there may be."""
        count = f" of {self.minimum}" if self.minimum == self.maximum else ", not empty" if self.minimum else ""
        kind = {", not empty": "list, not empty", "": "list"}.get(count, f"list{count}")
        return f"{kind}; each {self.item.limits}"

    @property
    def parts(self) -> tuple[Value[Any], ...]:
        """Its items."""
        return (self.item,)


@dataclass(frozen=True)
class Row(Shape):
    """A list with one item of each kind."""

    items: tuple[Value[Any], ...]

    def schema(self) -> Schema:
        """An array with a schema for each item."""
        n = len(self.items)
        return {"type": "array", "items": [item.schema() for item in self.items], "minItems": n, "maxItems": n}

    @property
    def limits(self) -> str:
        """What its items are."""
        return f"list of: {'; '.join(item.limits for item in self.items)}"

    @property
    def parts(self) -> tuple[Value[Any], ...]:
        """Its items."""
        return self.items


@dataclass(frozen=True, eq=False)
class Named(Shape):
    """A mapping whose keys the user chooses.

    Attributes:
        noun: what its keys are.
        value: what stands behind each.
        pattern: a regular expression for the keys.
        minimum: how many there must be.
    """

    noun: str
    value: Value[Any]
    pattern: str | None = None
    minimum: int = 0

    def schema(self) -> Schema:
        """An object with any keys, or those that match the pattern."""
        names: Schema = {"propertyNames": {"pattern": f"^(?:{self.pattern})$"}} if self.pattern else {}
        least: Schema = {"minProperties": self.minimum} if self.minimum else {}
        return {"type": "object", "additionalProperties": self.value.schema(), **names, **least}

    @property
    def limits(self) -> str:
        """What its keys and values are."""
        return f"mapping of {self.noun} to: {self.value.limits}"

    @property
    def parts(self) -> tuple[Value[Any], ...]:
        """What stands behind each key."""
        return (self.value,)


@dataclass(frozen=True)
class Either(Shape):
    """One of several forms; ``words`` names them where a list of their limits would be long."""

    forms: tuple[Value[Any], ...]
    words: str = ""

    def schema(self) -> Schema:
        """Any of the forms."""
        return {"anyOf": [form.schema() for form in self.forms]}

    @property
    def limits(self) -> str:
        """The forms."""
        return self.words or "; or ".join(form.limits for form in self.forms)

    @property
    def parts(self) -> tuple[Value[Any], ...]:
        """Its forms."""
        return self.forms


@dataclass(frozen=True)
class Anything(Shape):
    """Any value of some types of JSON; of any where none is named."""

    words: str = "any value"
    types: tuple[str, ...] = ()

    def schema(self) -> Schema:
        """The types."""
        return {"type": list(self.types)} if self.types else {}

    @property
    def limits(self) -> str:
        """What it is, in words."""
        return self.words

    @property
    def parts(self) -> tuple[Value[Any], ...]:
        """None."""
        return ()


NOTHING = Anything("null", ("null",))
"""Stands for a key that is absent."""


_POSITIVE = NUMBER.replace("[-+]?", "[+]?", 1)


def _one_of_units(names: Iterable[str]) -> str:
    """Names of units as a part of a regular expression, the longest first."""
    return "|".join(sorted(names, key=lambda name: (-len(name), name)))


def _or_quantity(number: Schema, unit: Unit | None) -> Schema:
    if unit is None:
        return number
    names = _one_of_units(unit.factors)
    digits = _POSITIVE if number.get("minimum", -1) >= 0 else NUMBER
    return {"anyOf": [number, {"type": "string", "pattern": rf"^\s*{digits}\s*(?:{names})\s*$"}]}


def _ends(minimum: float | None, maximum: float | None) -> Schema:
    ends = {"minimum": minimum, "maximum": maximum}
    return {key: whole_if_so(end) for key, end in ends.items() if end is not None}


def whole_if_so(number: float) -> float:
    """The number as an integer where it is one, which reads better."""
    return int(number) if float(number).is_integer() else number


def _items(minimum: int, maximum: int | None) -> Schema:
    ends = {"minItems": minimum or None, "maxItems": maximum}
    return {key: end for key, end in ends.items() if end is not None}


def _ends_in_words(minimum: float | None, maximum: float | None) -> str:
    if minimum is not None and maximum is not None:
        return f" from {minimum:,} to {maximum:,}"
    return f", {minimum:g} or more" if minimum is not None else f", at most {maximum:,}" if maximum is not None else ""


def _code(words: Collection[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
