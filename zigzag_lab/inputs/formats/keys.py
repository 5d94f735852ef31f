"""Declarations of files: the keys of each mapping in them, with meaning, unit, default, limits and an example."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from zigzag_lab.inputs.checked import Entry
from zigzag_lab.inputs.formats.values import Schema, Shape, Value, WordList

T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """A condition on other keys of a mapping: one of them has its value here, or, ``is_met=False``, none has."""

    any_of: tuple[tuple[str, object], ...]
    is_met: bool = True

    def schema(self) -> Schema:
        """The condition as a schema of the mapping."""
        found = [{"required": [key], "properties": {key: {"const": value}}} for key, value in self.any_of]
        any_of = found[0] if len(found) == 1 else {"anyOf": found}
        return any_of if self.is_met else {"not": any_of}

    def __str__(self) -> str:
        shown = " or ".join(f"`{key}: {str(value).lower()}`" for key, value in self.any_of)
        return f"{'with' if self.is_met else 'unless'} {shown}"


ALWAYS = Case(((("", None)),), is_met=False)
NEVER = Case(((("", None)),))


@dataclass(frozen=True, eq=False)
class Key(Generic[T]):
    """A key of a mapping in a file.

    Attributes:
        name: as it stands in the file.
        meaning: what it is, in words that fit into an error message.
        value: what may stand there: its kind, limits and unit.
        example: a value, as plain data.
        needed: when it must be there.
        default: what holds where it is absent; None where nothing does.
        otherwise: in words what holds where it is absent, where that is no plain value.
        more: further sentences, for people.
    """

    name: str
    meaning: str
    value: Value[T]
    example: object
    needed: Case = NEVER
    default: T | None = None
    otherwise: str = ""
    more: str = ""

    @property
    def expected(self) -> str:
        """Its meaning with the unit, for messages."""
        return f"{self.meaning} in {self.value.unit}" if self.value.unit else self.meaning

    def read(self, entry: Entry) -> T:
        """Read its value.

        Raises:
            InputError: it is out of the limits.
        """
        return self.value.read(entry, self.expected)

    def schema(self) -> Schema:
        """The schema of its value, with what people should know. A key that may be absent may be null."""
        description = f"{self.expected[0].upper()}{self.expected[1:]}."
        if self.otherwise:
            description += f" Where absent: {self.otherwise}."
        known: Schema = {"description": f"{description} {self.more}".strip()}
        if self.default is not None:
            known["default"] = list(self.default) if isinstance(self.default, tuple) else self.default
        value = self.value.schema()
        if self.needed is not ALWAYS:
            value = {"anyOf": [*(value["anyOf"] if set(value) == {"anyOf"} else [value]), {"type": "null"}]}
        return {**known, **value, "examples": [self.example]}


@dataclass(frozen=True, eq=False)
class Level(Shape):
    """A mapping with known keys.

    Attributes:
        title: what it is, such as ``a memory``.
        keys: its keys, in the order of a file.
        about: a sentence on it, for people.
        open_by: a key, and the values with which the declaration is complete; with another value there may be any
            further keys, and only those always needed are.
    """

    title: str
    keys: tuple[Key[Any], ...]
    about: str = ""
    open_by: tuple[str, tuple[str, ...]] | None = None

    @property
    def limits(self) -> str:
        """Its title."""
        return self.title

    @property
    def parts(self) -> tuple[Value[Any], ...]:
        """What stands behind its keys."""
        return tuple(key.value for key in self.keys)

    def fields(self, entry: Entry) -> Fields:
        """Check the keys of a mapping. An optional key that is null counts as absent.

        Raises:
            InputError: a key is unknown, or one that is always needed is missing.
        """
        return Fields(entry, entry.table(*self._expected))

    @cached_property
    def _expected(self) -> tuple[dict[str, str], dict[str, str]]:
        """Key -> what is expected there, of the keys always needed, and of all in the order of a file."""
        every = {key.name: key.expected for key in self.keys}
        return {key.name: every[key.name] for key in self.keys if key.needed is ALWAYS}, every

    def example(self, *cases: Case) -> dict[str, object]:
        """The examples of the keys that are always needed, and of those that are in some cases."""
        return {key.name: key.example for key in self.keys if key.needed in (ALWAYS, *cases)}

    def schema(self) -> Schema:
        """An object with these keys and no others."""
        always = [key.name for key in self.keys if key.needed is ALWAYS]
        needs: Schema = {"required": always} if always else {}
        properties = {key.name: key.schema() for key in self.keys}
        closed: Schema = {"properties": properties, "additionalProperties": False, **self._conditions()}
        if self.open_by is None:
            return {"type": "object", **needs, **closed}
        name, known = self.open_by
        other = {"required": [name], "properties": {name: {"type": "string", "not": {"enum": list(known)}}}}
        common = {key.name: key.schema() for key in self.keys if key.needed is ALWAYS}
        return {"type": "object", **needs, "if": other, "then": {"properties": common}, "else": closed}

    def _conditions(self) -> Schema:
        by_case: dict[Case, list[str]] = {}
        for key in self.keys:
            if key.needed not in (ALWAYS, NEVER):
                by_case.setdefault(key.needed, []).append(key.name)
        found = [
            {"if": case.schema(), "then": {"required": names, "properties": dict.fromkeys(names, _NOT_NULL)}}
            for case, names in by_case.items()
        ]
        return {"allOf": found} if found else {}


_NOT_NULL: Schema = {"not": {"type": "null"}}


@dataclass(frozen=True)
class Fields(Mapping[str, Entry]):
    """The keys of a mapping in a file: name -> place, without those that are absent or null.

    Attributes:
        entry: the mapping.
        given: its keys.
    """

    entry: Entry
    given: Mapping[str, Entry]

    def __getitem__(self, name: str) -> Entry:
        return self.given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)

    def value(self, key: Key[T]) -> T:
        """Read the value of a key; its default where it is absent.

        Raises:
            InputError: the value is out of the limits, or it is absent and has no default.
        """
        if key.name in self.given:
            return key.read(self.given[key.name])
        if key.default is None:
            raise self.entry.missing(key.name, key.expected)
        return key.default

    def among(self, key: Key[tuple[str, ...]], allowed: Collection[str]) -> tuple[str, ...]:
        """Read a list of words out of those that the rest of the file allows; the default where it is absent."""
        if key.name not in self.given or not isinstance(key.value, WordList):
            return self.value(key)
        return key.value.among(self.given[key.name], allowed)


@dataclass(frozen=True, eq=False)
class Format:
    """A kind of file.

    Attributes:
        kind: its name, such as ``accelerator``.
        title: what such a file holds.
        top: its content.
    """

    kind: str
    title: str
    top: Shape

    def schema(self) -> Schema:
        """The JSON Schema of such a file, in the draft that editors know best."""
        return {"$schema": "http://json-schema.org/draft-07/schema#", "title": self.title, **self.top.schema()}


def levels_of(value: Value[Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, Level]]:
    """Each mapping with known keys in a declaration, with its path such as ``memories.*.ports[]``."""
    if isinstance(value, Level):
        yield ".".join(path).replace(".[]", "[]"), value
        for key in value.keys:
            yield from levels_of(key.value, (*path, key.name))
    elif isinstance(value, Shape):
        step = {"Listed": ("[]",), "Named": ("*",)}.get(type(value).__name__, ())
        for part in value.parts:
            yield from levels_of(part, (*path, *step))
