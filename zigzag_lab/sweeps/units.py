"""Quantities with units, as the files of accelerators count them: bits, pJ, mm2."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from math import isfinite
from types import MappingProxyType

from zigzag_lab.inputs.checked import Entry
from zigzag_lab.vocab import nearest

_DECIMAL = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}

BITS = MappingProxyType(
    {
        **{f"{prefix}B": 8 * n for prefix, n in (_DECIMAL | _BINARY).items()},
        **{f"{prefix}bit": n for prefix, n in (_DECIMAL | _BINARY).items()},
        "bits": 1,
    }
)
"""Units of information -> bits."""

_KINDS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "size": BITS,
        "energy": MappingProxyType({"fJ": 1e-3, "pJ": 1, "nJ": 10**3, "uJ": 10**6}),
        "area": MappingProxyType({"um2": 1e-6, "mm2": 1, "cm2": 100}),
    }
)
_EXAMPLES = {"size": "'64 KiB'", "energy": "'1.5 pJ'", "area": "'0.1 mm2'"}
_ALL = MappingProxyType({unit: n for units in _KINDS.values() for unit, n in units.items()})
_KEYS = MappingProxyType(
    {
        **dict.fromkeys(("size", "bandwidth_min", "bandwidth_max"), "size"),
        **dict.fromkeys(("r_cost", "w_cost", "unit_energy"), "energy"),
        **dict.fromkeys(("area", "unit_area"), "area"),
    }
)
_QUANTITY = re.compile(r"([-+]?\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*([A-Za-z]\w*)")


def kind_of(path: str) -> str | None:
    """What a path of an accelerator counts: ``size``, ``energy``, ``area``, or nothing that has a unit."""
    return _KEYS.get(path.rpartition(".")[2]) if path.startswith("accelerator.") else None


def value_at(entry: Entry, path: str) -> object:
    """A value of the file in the unit that its path counts in: ``64 KiB`` becomes 524288 bits.

    The path may be the name of a variable, which may be of any unit. Text that is no number with a unit stays text.

    Raises:
        InputError: the unit is unknown, or counts something else.
    """
    value = entry.value
    if isinstance(value, list):
        return [value_at(item, path) for item in entry.elements()]
    match = _QUANTITY.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        if isinstance(value, str) and (kind := kind_of(path)) is not None:
            raise entry.error(f"'{value}'", f"a number, with a unit such as {_EXAMPLES[kind]} or without")
        return whole(value)
    number, unit = float(match[1].replace("_", "")), match[2]
    units = _units_for(path)
    if units is None:
        return value
    if unit not in units:
        what = "nothing with a unit" if not units else f"one of {', '.join(units)}"
        raise entry.error(f"'{value}' is in '{unit}'", what, nearest(unit, units))
    if not isfinite(number * units[unit]):
        raise entry.error(f"'{match[0][:40]}'", "a number that floating point can hold")
    return whole(number * units[unit])


def number_at(entry: Entry, path: str | None = None) -> float:
    """A finite number, in the unit of a path where there is one.

    Raises:
        InputError: it is no number, or its unit is unknown or counts something else.
    """
    value = entry.value if path is None else value_at(entry, path)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= sys.float_info.max:
        raise entry.error(f"found {value!r}", "a number")
    return value


def _units_for(path: str) -> Mapping[str, float] | None:
    if kind := kind_of(path):
        return _KINDS[kind]
    if path.startswith("accelerator."):
        return {}
    return _ALL if "." not in path and "[" not in path else None


def whole(value: object) -> object:
    """A number that is whole as an integer, so that equal values have equal keys; anything else as it is."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value
