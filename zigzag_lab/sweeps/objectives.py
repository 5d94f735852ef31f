"""What points are compared by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

Figures = Mapping[str, float | None]
"""Columns of a point that was priced -> its figure; empty where nothing came of it."""

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

LARGE = frozenset({"utilisation"})
"""Objectives that are to be large."""


def to_be_small(value: float, objective: str) -> float:
    """A figure turned so that less is better."""
    return -value if objective in LARGE else value


def summed_up(objective: str, points: Sequence[Figures]) -> float | None:
    """A design's figure over all networks: energies and latencies added, EDP of the sums, utilisation by latency.

    Returns:
        None where a network has no figure.
    """
    columns = {"edp": ("energy_pj", "latency_cycles"), "utilisation": ("utilisation", "latency_cycles")}
    rows = [[point.get(column) for column in columns.get(objective, (OBJECTIVES[objective],))] for point in points]
    known = [[value for value in row if value is not None] for row in rows]
    if any(len(some) < len(row) for some, row in zip(known, rows, strict=True)):
        return None
    if objective == "area":
        return known[0][0]
    if objective == "edp":
        return math.fsum(row[0] for row in known) * math.fsum(row[1] for row in known)
    if objective == "utilisation":
        return math.fsum(used * cycles for used, cycles in known) / math.fsum(cycles for _, cycles in known)
    return math.fsum(row[0] for row in known)
