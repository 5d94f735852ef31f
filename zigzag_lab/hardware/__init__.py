"""Hardware: arrays, memories and ports. Depends on no file format."""

from zigzag_lab.hardware.accelerator import (
    Accelerator,
    AccessCost,
    ArrayCosts,
    Memory,
    OperationalArray,
    Port,
    costs_by_width,
)
from zigzag_lab.hardware.area import Area, MemoryArea, area_of, known_area
from zigzag_lab.hardware.imc import ImcArray, ImcKind

__all__ = [
    "Accelerator",
    "AccessCost",
    "Area",
    "ArrayCosts",
    "ImcArray",
    "ImcKind",
    "Memory",
    "MemoryArea",
    "OperationalArray",
    "Port",
    "area_of",
    "costs_by_width",
    "known_area",
]
