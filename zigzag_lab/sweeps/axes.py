"""Axes of a design space: names with their values, as lists, ranges and log ranges."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from zigzag_lab.inputs.checked import Entry
from zigzag_lab.sweeps.expressions import Expression, LookupTable, read_expression
from zigzag_lab.sweeps.format import AXES, COUNT, WHEN
from zigzag_lab.sweeps.units import check_alike, number_at, value_at
from zigzag_lab.vocab import nearest

MAX_VALUES = 100_000
"""On one axis; more is a slip of the pen."""


@dataclass(frozen=True)
class Axis:
    """Names that vary together.

    Attributes:
        names: paths, variables, or ``workload``, ``accelerator``, ``mapping``.
        values: one tuple for each step, as long as the names.
        when: the axis varies only where this holds; elsewhere its names keep the values of the base files.
    """

    names: tuple[str, ...]
    values: tuple[tuple[object, ...], ...]
    when: Expression | None = None

    def __len__(self) -> int:
        return len(self.values)


def read_axis(entry: Entry, name: str, tables: Mapping[str, LookupTable]) -> Axis:
    """The axis of a name: a list of values, or a mapping with ``values``, ``range`` or ``log_range``, and ``when``.

    Raises:
        InputError: the entry is no such thing.
    """
    if not isinstance(entry.value, Mapping):
        return Axis((name,), tuple((value,) for value in _listed(entry, name)))
    form = next((form for form in AXES if form in entry.value), None)
    if form is None:
        found = f"found {entry.value!r}" if entry.value else "found nothing"
        hint = nearest(str(next(iter(entry.value), "")), AXES)
        raise entry.error(found, "a list, or one of values, range, log_range", hint)
    given = AXES[form].fields(entry)
    values = _listed(given[form], name) if form == "values" else _steps(entry, form, name, given)
    return Axis((name,), tuple((value,) for value in values), _condition(given.get(WHEN.name), tables))


def read_zipped(entry: Entry, tables: Mapping[str, LookupTable]) -> Axis:
    """An axis of several names whose values go together, first with first.

    Raises:
        InputError: it is no mapping of names to lists of one length.
    """
    if not isinstance(entry.value, Mapping) or len(entry.value) < 2:
        raise entry.error(f"found {entry.value!r}", "two or more names, each with its list of values")
    given = entry.items()
    when = _condition(given.pop(WHEN.name, None), tables)
    axes = [read_axis(values, name, tables) for name, values in given.items()]
    lengths = {axis.names[0]: len(axis) for axis in axes}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{n} values of {name}" for name, n in lengths.items())
        raise entry.error(found, "as many values for each name of a zipped group")
    return Axis(
        tuple(name for axis in axes for name in axis.names),
        tuple(tuple(v for (v,) in row) for row in zip(*(axis.values for axis in axes), strict=True)),
        when,
    )


def _condition(entry: Entry | None, tables: Mapping[str, LookupTable]) -> Expression | None:
    return None if entry is None else read_expression(entry.where, entry.value, tables)


def _listed(entry: Entry, name: str) -> list[object]:
    items = entry.elements("a list of values")
    if not items:
        raise entry.error("the list of values is empty", "at least one value")
    _check_length(entry, len(items))
    values = [value_at(item, name) for item in items]
    check_alike(items)
    for i, value in enumerate(values):
        if value in values[:i] and len(values) <= 1000:
            raise items[i].error(f"{items[i].value!r} stands there twice", "each value once")
    return values


def _steps(entry: Entry, form: str, name: str, given: Mapping[str, Entry]) -> list[object]:
    low, high = _ends(given[form], name)
    try:
        values = _range(entry, name, low, high, given) if form == "range" else _log_range(entry, low, high, given)
        if all(math.isfinite(value) for value in values):
            return list(values)
    except (ArithmeticError, ValueError):
        pass
    raise entry.error(f"found {entry.value!r}", "numbers whose steps or factors floating point can hold")


def _ends(entry: Entry, name: str) -> tuple[float, float]:
    ends = entry.elements("its two ends, such as [64 KiB, 4 MiB]")
    if len(ends) != 2:
        raise entry.error(f"found {entry.value!r}", "its two ends, such as [64 KiB, 4 MiB]")
    low, high = (number_at(end, name) for end in ends)
    check_alike(ends)
    if not low < high:
        found = f"{ends[0].value!r} is not below {ends[1].value!r}"
        raise entry.error(found, "the lower end, then the higher one")
    return low, high


def _range(entry: Entry, name: str, low: float, high: float, given: Mapping[str, Entry]) -> list[float]:
    if ("step" in given) == ("count" in given):
        raise entry.error(f"found {entry.value!r}", "either step or count beside range")
    if "count" in given:
        n = _count(given["count"])
        steps = [low + (high - low) * i / (n - 1) for i in range(n)]
    else:
        step = number_at(given["step"], name)
        if step <= 0:
            raise given["step"].error(f"{step}", "a number above 0")
        n = math.floor((high - low) / step + 1e-9) + 1
        _check_length(entry, n)
        steps = [low + step * i for i in range(n)]
    return _settled(steps, low, high)


def _log_range(entry: Entry, low: float, high: float, given: Mapping[str, Entry]) -> list[float]:
    if low <= 0:
        raise given["log_range"].error(f"it starts at {low}", "ends above 0")
    if "factor" in given and "count" in given:
        raise entry.error(f"found {entry.value!r}", "either factor or count beside log_range")
    if "count" in given:
        n = _count(given["count"])
        factor = (high / low) ** (1 / (n - 1))
    else:
        factor = number_at(given["factor"]) if "factor" in given else 2
        if factor <= 1:
            raise given["factor"].error(f"{factor}", "a number above 1")
        n = math.floor(math.log(high / low) / math.log(factor) + 1e-9) + 1
        _check_length(entry, n)
    return _settled([low * factor**i for i in range(n)], low, high)


def _settled(values: list[float], low: float, high: float) -> list[float]:
    """Whole numbers where the ends are whole; each once."""
    if float(low).is_integer() and float(high).is_integer() and high - low >= len(values) - 1:
        values = [round(value) for value in values]
    return list(dict.fromkeys(values))


def _count(entry: Entry) -> int:
    n = COUNT.read(entry)
    _check_length(entry, n)
    return n


def _check_length(entry: Entry, n: int) -> None:
    if n > MAX_VALUES:
        raise entry.error(f"{n:,} values", f"at most {MAX_VALUES:,} on one axis", "Take a larger step or factor.")
