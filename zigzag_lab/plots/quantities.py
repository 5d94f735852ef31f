"""Figures as people read them: energy, cycles, sizes and shares, with their units."""

from __future__ import annotations

_ENERGIES = ((1e12, "J"), (1e9, "mJ"), (1e6, "uJ"), (1e3, "nJ"), (1.0, "pJ"))
_CYCLES = ((1e9, "Gcycles"), (1e6, "Mcycles"), (1e3, "kcycles"), (1.0, "cycles"))


def energy_scale(pj: float) -> tuple[float, str]:
    """The unit that leaves few digits of an energy: what to divide pJ by, and its name."""
    return next(((scale, unit) for scale, unit in _ENERGIES if abs(pj) >= scale), (1.0, "pJ"))


def cycle_scale(cycles: float) -> tuple[float, str]:
    """The unit that leaves few digits of a number of cycles: what to divide by, and its name."""
    return next(((scale, unit) for scale, unit in _CYCLES if abs(cycles) >= 10 * scale), (1.0, "cycles"))


def energy(pj: float) -> str:
    """Energy in a readable unit, four digits."""
    scale, unit = energy_scale(pj)
    return f"{pj / scale:.4g} {unit}"


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


def share(part: float, whole: float) -> str:
    """A part of a whole in per cent."""
    return f"{part / whole:.1%}" if whole else "0.0%"
