"""Axes of a design space: names with their values, as lists, ranges and log ranges."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zigzag_lab.sweeps.expressions import Expression, LookupTable, read_expression
from zigzag_lab.sweeps.units import value_at
from zigzag_lab.vocab import InputError, nearest

MAX_VALUES = 100_000
"""On one axis; more is a slip of the pen."""

_FORMS = {
    "values": {"values"},
    "range": {"range", "step", "count"},
    "log_range": {"log_range", "factor", "count"},
}


@dataclass(frozen=True)
class Axis:
    """Names that vary together.

    Attributes:
        names: paths, variables, or ``workload``, ``accelerator``, ``mapping``.
        values: one tuple for each step, as long as the names.
        when: the axis varies only where this holds; elsewhere its names keep the values of the base files.
    """

    names: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]
    when: Expression | None = None

    def __len__(self) -> int:
        return len(self.values)


def read_axis(where: str, name: str, given: Any, tables: Mapping[str, LookupTable]) -> Axis:
    """An axis of one name.

    Args:
        where: its place in the file.
        name: what varies.
        given: a list of values, or a mapping with ``values``, ``range`` or ``log_range``, and ``when`` if wanted.
        tables: functions for its condition.

    Raises:
        InputError: it is no such thing.
    """
    when = None
    if isinstance(given, Mapping):
        given = dict(given)
        if "when" in given:
            when = read_expression(f"{where}.when", given.pop("when"), tables)
        values = _values_of_form(where, name, given)
    else:
        values = _listed(where, name, given)
    return Axis((name,), tuple((value,) for value in values), when)


def read_zipped(where: str, given: Any, tables: Mapping[str, LookupTable]) -> Axis:
    """An axis of several names whose values go together, first with first.

    Raises:
        InputError: it is no mapping of names to lists of one length.
    """
    if not isinstance(given, Mapping) or len(given) < 2:
        raise InputError(where, f"found {given!r}", "two or more names, each with its list of values")
    axes = [read_axis(f"{where}.{name}", str(name), values, tables) for name, values in given.items() if name != "when"]
    when = read_expression(f"{where}.when", given["when"], tables) if "when" in given else None
    lengths = {axis.names[0]: len(axis) for axis in axes}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{n} values of {name}" for name, n in lengths.items())
        raise InputError(where, found, "as many values for each name of a zipped group")
    return Axis(
        tuple(name for axis in axes for name in axis.names),
        tuple(tuple(v for (v,) in row) for row in zip(*(axis.values for axis in axes), strict=True)),
        when,
    )


def _listed(where: str, name: str, given: Any) -> list[Any]:
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise InputError(where, f"found {given!r}", "a list of values", f"Write [{given}].")
    if not given:
        raise InputError(where, "the list of values is empty", "at least one value")
    _checked_number(where, len(given))
    values = [value_at(f"{where}[{i}]", name, value) for i, value in enumerate(given)]
    for i, value in enumerate(values):
        if value in values[:i] and len(values) <= 1000:
            raise InputError(f"{where}[{i}]", f"{given[i]!r} stands there twice", "each value once")
    return values


def _values_of_form(where: str, name: str, given: dict[str, Any]) -> list[Any]:
    form = next((form for form in _FORMS if form in given), None)
    if form is None:
        found = f"found {given!r}" if given else "found nothing"
        hint = nearest(next(iter(given), ""), _FORMS)
        raise InputError(where, found, "a list, or one of values, range, log_range", hint)
    unknown = next((key for key in given if key not in _FORMS[form]), None)
    if unknown is not None:
        expected = " or ".join(sorted(_FORMS[form] | {"when"}))
        raise InputError(f"{where}.{unknown}", f"'{unknown}' says nothing beside '{form}'", expected)
    if form == "values":
        return _listed(f"{where}.values", name, given["values"])
    low, high = _ends(f"{where}.{form}", name, given[form])
    try:
        values = _range(where, name, low, high, given) if form == "range" else _log_range(where, low, high, given)
        if all(math.isfinite(value) for value in values):
            return values
    except (ArithmeticError, ValueError):
        pass
    raise InputError(where, f"found {given!r}", "numbers whose steps or factors floating point can hold")


def _ends(where: str, name: str, given: Any) -> tuple[float, float]:
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) != 2:
        raise InputError(where, f"found {given!r}", "its two ends, such as [64 KiB, 4 MiB]")
    low, high = (_number(where, value_at(where, name, end)) for end in given)
    if not low < high:
        raise InputError(where, f"{given[0]!r} is not below {given[1]!r}", "the lower end, then the higher one")
    return low, high


def _range(where: str, name: str, low: float, high: float, given: Mapping[str, Any]) -> list[Any]:
    if ("step" in given) == ("count" in given):
        raise InputError(where, f"found {dict(given)!r}", "either step or count beside range")
    if "count" in given:
        n = _count(where, given["count"])
        steps = [low + (high - low) * i / (n - 1) for i in range(n)]
    else:
        step = _number(f"{where}.step", value_at(f"{where}.step", name, given["step"]))
        if step <= 0:
            raise InputError(f"{where}.step", f"{step}", "a number above 0")
        n = math.floor((high - low) / step + 1e-9) + 1
        _checked_number(where, n)
        steps = [low + step * i for i in range(n)]
    return _settled(steps, low, high)


def _log_range(where: str, low: float, high: float, given: Mapping[str, Any]) -> list[Any]:
    if low <= 0:
        raise InputError(f"{where}.log_range", f"it starts at {low}", "ends above 0")
    if "factor" in given and "count" in given:
        raise InputError(where, f"found {dict(given)!r}", "either factor or count beside log_range")
    if "count" in given:
        n = _count(where, given["count"])
        factor = (high / low) ** (1 / (n - 1))
    else:
        factor = _number(f"{where}.factor", given.get("factor", 2))
        if factor <= 1:
            raise InputError(f"{where}.factor", f"{factor}", "a number above 1")
        n = math.floor(math.log(high / low) / math.log(factor) + 1e-9) + 1
        _checked_number(where, n)
    return _settled([low * factor**i for i in range(n)], low, high)


def _settled(values: list[float], low: float, high: float) -> list[Any]:
    """Whole numbers where the ends are whole; each once."""
    if float(low).is_integer() and float(high).is_integer() and high - low >= len(values) - 1:
        values = [round(value) for value in values]
    return list(dict.fromkeys(values))


def _number(where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= sys.float_info.max:
        raise InputError(where, f"found {value!r}", "a number")
    return value


def _count(where: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 2:
        raise InputError(f"{where}.count", f"found {value!r}", "a whole number of at least 2")
    _checked_number(where, value)
    return value


def _checked_number(where: str, n: int) -> None:
    if n > MAX_VALUES:
        raise InputError(where, f"{n:,} values", f"at most {MAX_VALUES:,} on one axis", "Take a larger step or factor.")
