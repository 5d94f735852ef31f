"""Units in which files give quantities: each with the one that the package counts in, and what others are in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_DECIMAL = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_BITS = {
    **{f"{prefix}B": 8 * n for prefix, n in (_DECIMAL | _BINARY).items()},
    **{f"{prefix}bit": n for prefix, n in (_DECIMAL | _BINARY).items()},
    "bits": 1,
}

NUMBER = r"[-+]?\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?"
"""The number of a quantity; schemas hold it too, so that it is a regular expression of any dialect."""

_QUANTITY = re.compile(rf"({NUMBER})\s*(?![eE]\d+$)([A-Za-z]\w*)")
"""A number and the name of a unit; ``1e3``, which YAML reads as text, is no such thing."""


@dataclass(frozen=True, eq=False)
class Unit:
    """What a number counts.

    Attributes:
        name: the unit that the package counts in, such as ``bits``.
        factors: unit of a file -> what it is in that one.
        example: a quantity, as text.
    """

    name: str
    factors: Mapping[str, float]
    example: str

    def __str__(self) -> str:
        return self.name


BITS = Unit("bits", MappingProxyType(_BITS), "64 KiB")
ENERGY = Unit("pJ", MappingProxyType({"fJ": 1e-3, "pJ": 1, "nJ": 10**3, "uJ": 10**6}), "1.5 nJ")
AREA = Unit("mm2", MappingProxyType({"um2": 1e-6, "mm2": 1, "cm2": 100}), "0.1 mm2")
CYCLES = Unit("cycles", MappingProxyType({"cycle": 1, "cycles": 1}), "2 cycles")
POWER = Unit("mW", MappingProxyType({"nW": 1e-6, "uW": 1e-3, "mW": 1, "W": 10**3}), "2.5 mW")
PERIOD = Unit("ns", MappingProxyType({"ps": 1e-3, "ns": 1, "us": 10**3, "ms": 10**6}), "1.25 ns")
FREQUENCY = Unit("GHz", MappingProxyType({"Hz": 1e-9, "kHz": 1e-6, "MHz": 1e-3, "GHz": 1}), "800 MHz")
"""Its inverse is a :data:`PERIOD`."""
SECONDS = Unit("seconds", MappingProxyType({"ms": 1e-3, "s": 1, "min": 60, "h": 3600}), "10 s")


def quantity(text: str) -> tuple[float, str] | None:
    """The number and the unit of a quantity such as ``1.5 nJ``; None where the text is no such thing.

    >>> quantity("64 KiB")
    (64.0, 'KiB')
    """
    match = _QUANTITY.fullmatch(text.strip())
    return (float(match[1].replace("_", "")), match[2]) if match else None


def whole(value: object) -> object:
    """A number that is whole as an integer, so that equal values have equal keys; anything else as it is."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value
