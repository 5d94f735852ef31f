"""Figures as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite

from zigzag_lab.cli.table import Column
from zigzag_lab.vocab import quantities

NOTHING = "-"
PRICES = (Column("energy", True), Column("cycles", True), Column("EDP", True))
"""The columns of :func:`prices`."""

_AGES = ((60, 1, "s"), (3600, 60, "min"), (2 * 86400, 3600, "h"), (60 * 86400, 86400, "d"))


def energy(pj: float | None) -> str:
    """Energy in a unit that leaves few digits, always four of them."""
    return NOTHING if pj is None else quantities.energy(pj, "#.4g")


def count(number: float | None) -> str:
    """How many, or cycles: digits in groups of three, as a power of ten from 1e12 on."""
    if number is None:
        return NOTHING
    return f"{number:,.0f}" if abs(number) < 1e12 else f"{number:.3e}".replace("e+", "e")


def power(number: float | None) -> str:
    """A large figure of three digits, such as ``7.23e15``."""
    return NOTHING if number is None else f"{number:.2e}".replace("e+", "e")


def prices(energy_pj: float | None, latency_cycles: float | None, edp_pj_cycles: float | None = None) -> list[str]:
    """Energy, cycles and EDP (by default their product), in the order of :data:`PRICES`."""
    if edp_pj_cycles is None and energy_pj is not None and latency_cycles is not None:
        edp_pj_cycles = energy_pj * latency_cycles
    return [energy(energy_pj), count(latency_cycles), power(edp_pj_cycles)]


def setting(name: str, value: object) -> str:
    """A setting as people write it: sizes in KiB and MiB."""
    return quantities.setting(name, value, _plain)


def _plain(value: object) -> str:
    return NOTHING if value is None else setting("", value) if isinstance(value, (list, float)) else str(value)


def time(seconds: float | None) -> str:
    """A time in a unit that leaves few digits."""
    return NOTHING if seconds is None else quantities.time(seconds)


def milliwatts(power_mw: float | None) -> str:
    """A power in a unit that leaves few digits."""
    return NOTHING if power_mw is None else quantities.power(power_mw)


def share(part: float | None, whole: float | None) -> str:
    """A part of a whole in per cent."""
    return f"{part / whole:.1%}" if whole and part is not None else NOTHING


def age(time: datetime) -> str:
    """How long ago something was; the date where that is long."""
    seconds = (datetime.now(UTC) - time).total_seconds()
    for most, unit_seconds, unit in _AGES:
        if seconds < most:
            return f"{max(0, int(seconds // unit_seconds))} {unit}"
    return f"{time.astimezone():%Y-%m-%d}"


def local(time: datetime) -> str:
    """A time on this machine's clock."""
    return f"{time.astimezone():%Y-%m-%d %H:%M:%S}"


def cell(value: object) -> str:
    """A value of a query in a readable table: six digits of a fraction, whole numbers whole."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, (bytes, memoryview)):
        return f"<{len(bytes(value))} bytes>"
    return str(value)


def _float(value: float) -> str:
    if not isfinite(value):
        return str(value)
    if value.is_integer() and abs(value) < 1e12:
        return f"{value:,.0f}"
    if 1e4 <= abs(value) < 1e12:
        return f"{value:,.1f}" if abs(value) < 1e7 else f"{value:,.0f}"
    return f"{value:.6g}"
