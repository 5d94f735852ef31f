"""Quantities as people read them: energy, cycles, sizes, settings and shares, with their units; and their sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from math import fsum
from typing import TypeVar

from zigzag_lab.vocab.physical import Physical

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


_TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))
_POWERS = ((1e3, "W"), (1.0, "mW"), (1e-3, "uW"), (1e-6, "nW"))


def time(seconds: float) -> str:
    """A time in the unit that leaves few digits."""
    return _in_unit(seconds, _TIMES)


def power(milliwatts: float) -> str:
    """A power in the unit that leaves few digits."""
    return _in_unit(milliwatts, _POWERS)


def _in_unit(amount: float, units: Sequence[tuple[float, str]]) -> str:
    scale, unit = next(((scale, unit) for scale, unit in units if abs(amount) >= scale), units[-1])
    return f"{amount / scale:.4g} {unit}"


def physical_lines(found: Physical) -> Iterator[tuple[str, str]]:
    """What follows of a run or a layer, as people read it: a label, and the figures; only what is known."""
    if found.time_s is not None and found.clock_ns is not None and found.average_power_mw is not None:
        rate = f", {found.inferences_per_s:,.4g} inferences/s" if found.inferences_per_s is not None else ""
        yield "time", f"{time(found.time_s)} at {1e3 / found.clock_ns:,.4g} MHz{rate}"
        static = f", {power(found.static_power_mw)} of it static" if found.static_power_mw else ""
        yield "power", f"{power(found.average_power_mw)} on average{static}"
    if found.static_energy_pj:
        of_all = share(found.static_energy_pj, found.energy_pj or 0.0)
        yield "leakage", f"{energy(found.static_energy_pj)}, {of_all} of the energy"
    if found.tops_per_watt is not None:
        speed = "" if found.tops is None else f"{found.tops:.4g} TOPS, "
        each = found.energy_per_inference_pj
        rest = "" if each is None else f", {energy(each)} per inference"
        yield "efficiency", f"{speed}{found.tops_per_watt:.4g} TOPS/W{rest}"
    if found.area_total_mm2 is not None:
        yield "area", f"{found.area_total_mm2:.6g} mm2"
    if found.technology:
        yield "technology", found.technology


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
