"""What design points can be compared by."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

OBJECTIVES: Mapping[str, str] = MappingProxyType(
    {
        "energy": "energy_pj",
        "latency": "latency_cycles",
        "edp": "edp_pj_cycles",
        "area": "area_mm2",
        "utilisation": "utilisation",
    }
)
"""What points can be compared by -> the figure. All are to be small but utilisation."""
