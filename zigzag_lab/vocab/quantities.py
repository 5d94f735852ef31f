"""Quantities as people read them: energy, cycles, sizes, settings and shares, with their units; and their sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from math import fsum
from typing import TypeVar

K = TypeVar("K", bound=Hashable)

_ENERGIES = ((1e12, "J"), (1e9, "mJ"), (1e6, "uJ"), (1e3, "nJ"), (1.0, "pJ"))
_CYCLES = ((1e9, "Gcycles"), (1e6, "Mcycles"), (1e3, "kcycles"), (1.0, "cycles"))


def energy_scale(pj: float) -> tuple[float, str]:
    """The unit that leaves few digits of an energy: what to divide pJ by, and its name."""
    return next(((scale, unit) for scale, unit in _ENERGIES if abs(pj) >= scale), (1.0, "pJ"))


def cycle_scale(cycles: float) -> tuple[float, str]:
    """The unit that leaves few digits of a number of cycles: what to divide by, and its name."""
    return next(((scale, unit) for scale, unit in _CYCLES if abs(cycles) >= 10 * scale), (1.0, "cycles"))


def energy(pj: float, form: str = ".4g") -> str:
    """Energy in a readable unit, four digits unless ``form`` is another format."""
    scale, unit = energy_scale(pj)
    return f"{format(pj / scale, form).rstrip('.')} {unit}"


def cycles(number: float) -> str:
    """Cycles in groups of three digits."""
    return f"{number:,.0f} cycles"


def size(bits: float) -> str:
    """A capacity in bytes."""
    amount, unit = bits / 8, "B"
    for larger in ("KiB", "MiB", "GiB"):
        if amount >= 1024:
            amount, unit = amount / 1024, larger
    return f"{amount:,.4g} {unit}"


def setting(name: str, value: object, plain: Callable[[object], str]) -> str:
    """A setting of a design: sizes of memories (bits) in KiB and MiB, lists as ``4x8``, the rest as ``plain`` does."""
    if name.endswith(".size") and isinstance(value, int):
        for unit, bits in (("MiB", 2**23), ("KiB", 2**13)):
            if value >= bits:
                return f"{value / bits:.4g} {unit}"
    if isinstance(value, list):
        return "x".join(map(plain, value))
    return f"{value:.5g}" if isinstance(value, float) else plain(value)


def share(part: float, whole: float) -> str:
    """A part of a whole in per cent."""
    return f"{part / whole:.1%}" if whole else "0.0%"


def tally(words: Iterable[str], noun: str = "layer") -> str:
    """Words of several things in one line: the one that all share, else each with how many have it, most first."""
    counts = Counter(words)
    if len(counts) < 2:
        return next(iter(counts), "")
    return "; ".join(f"{word} in {n} {noun}{'s' if n > 1 else ''}" for word, n in counts.most_common())


def sums(parts: Iterable[tuple[K, float]]) -> dict[K, float]:
    """Key -> the sum of its parts, rounded once; keys in the order in which they first come."""
    found: dict[K, list[float]] = {}
    for key, part in parts:
        found.setdefault(key, []).append(part)
    return {key: fsum(values) for key, values in found.items()}
