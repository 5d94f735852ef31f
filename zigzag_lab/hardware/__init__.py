"""Hardware: arrays, memories and ports. Depends on no file format."""

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
