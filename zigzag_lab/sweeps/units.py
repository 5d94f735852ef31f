"""Quantities of sweep files: in the unit that the key at their path counts in."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from zigzag_lab.inputs.checked import Entry
from zigzag_lab.inputs.formats.accelerator import ACCELERATOR
from zigzag_lab.inputs.formats.paths import is_text_at, unit_at
from zigzag_lab.vocab.options import TIME_LIMIT
from zigzag_lab.vocab.units import AREA, BITS, CYCLES, ENERGY, POWER, SECONDS, Unit, quantity, whole

_ROOT = "accelerator."
_UNITS = (BITS, ENERGY, POWER, AREA, CYCLES)
_ALL = MappingProxyType({name: n for unit in _UNITS for name, n in unit.factors.items()})


def unit_of(path: str) -> Unit | None:
    """What a number at a path of an accelerator counts; None where that has no unit."""
    return unit_at(ACCELERATOR.top, path.removeprefix(_ROOT)) if path.startswith(_ROOT) else None


def value_at(entry: Entry, path: str) -> object:
    """A value of the file in the unit that its path counts in: ``64 KiB`` becomes 524288 bits.

    The path may be the name of a variable, which may be of any unit. Text that is no number with a unit stays text.

    Raises:
        InputError: the unit is unknown, or counts something else.
    """
    value = entry.value
    if isinstance(value, list):
        return [value_at(item, path) for item in entry.elements()]
    if not isinstance(value, str):
        return whole(value)
    unit, factors = unit_of(path), _factors_for(path)
    if quantity(value) is None:
        hint = entry.exponent_hint()
        if unit is not None:
            raise entry.error(f"'{value}'", f"a number, with a unit such as '{unit.example}' or without", hint)
        if hint and factors is not None:
            raise entry.error(f"'{value}'", "a number", hint)
        return value
    return value if factors is None else entry.in_base(factors)


def number_at(entry: Entry, path: str | None = None) -> float:
    """A finite number, in the unit of a path where there is one.

    Raises:
        InputError: it is no number, or its unit is unknown or counts something else.
    """
    value = entry.value if path is None else value_at(entry, path)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= sys.float_info.max:
        raise entry.error(f"found {value!r}", "a number")
    return value


def check_alike(items: Iterable[Entry]) -> None:
    """Check that the quantities of a list count one thing; numbers without a unit go with any.

    Raises:
        InputError: one counts something else than one before it.
    """
    known: Unit | None = None
    for item in items:
        found = quantity(item.value) if isinstance(item.value, str) else None
        unit = next((unit for unit in _UNITS if found and found[1] in unit.factors), None)
        if known and unit and unit is not known:
            raise item.error(f"'{item.value}' counts {unit}, and one before it {known}", "quantities of one kind")
        known = known or unit


def _factors_for(path: str) -> Mapping[str, float] | None:
    if unit := unit_of(path):
        return unit.factors
    if path.startswith(_ROOT):
        return None if is_text_at(ACCELERATOR.top, path.removeprefix(_ROOT)) else {}
    if path == f"options.{TIME_LIMIT.name}":
        return SECONDS.factors
    return _ALL if "." not in path and "[" not in path else None
