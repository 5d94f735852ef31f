"""What design points can be compared by."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from zigzag_lab.store.results import OBJECTIVE_COLUMNS

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
