"""Hardware: arrays, memories and ports. Knows no files."""

from zigzag_lab.hardware.accelerator import (
    Accelerator,
    Area,
    ArrayCosts,
    Memory,
    MemoryArea,
    OperationalArray,
    Port,
    area_of,
)
from zigzag_lab.hardware.imc import ImcArray, ImcKind

__all__ = [
    "Accelerator",
    "Area",
    "ArrayCosts",
    "ImcArray",
    "ImcKind",
    "Memory",
    "MemoryArea",
    "OperationalArray",
    "Port",
    "area_of",
]
