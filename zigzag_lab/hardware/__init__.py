"""What it runs on: arrays, memories and ports. Knows no files."""

from zigzag_lab.hardware.accelerator import Accelerator, Memory, OperationalArray, Port

__all__ = ["Accelerator", "Memory", "OperationalArray", "Port"]
