"""What design points can be compared by."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from zigzag_lab.store.results import OBJECTIVE_COLUMNS
from zigzag_lab.vocab import InputError

OBJECTIVES: Mapping[str, str] = MappingProxyType(
    {
        **OBJECTIVE_COLUMNS,
        "area": "area_mm2",
        "utilisation": "utilisation",
        "time": "time_s",
        "power": "average_power_mw",
    }
)
"""What points can be compared by -> the figure. All are to be small but utilisation."""

_NEEDS = {
    "area": "areas of all parts on the chip",
    "time": "a clock",
    "power": "a clock",
}
"""Objective -> what accelerator files have to give for it to be known."""


def check_are_known(where: str, figures: Mapping[str, float | None]) -> None:
    """Check that priced points have figures for objectives.

    Raises:
        InputError: one is not known.
    """
    for objective in (name for name, figure in figures.items() if figure is None):
        if objective in _NEEDS:
            found = f"{objective} is an objective, and not known of points that were priced"
            hint = "Give them in the accelerator file, or ask for other objectives."
            raise InputError(where, found, f"accelerators with {_NEEDS[objective]}", hint)
