"""How much silicon an accelerator takes, and what takes it."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from zigzag_lab.hardware.accelerator import Accelerator
from zigzag_lab.hardware.imc import CELLS


@dataclass(frozen=True, slots=True)
class MemoryArea:
    """The area of one memory of the file.

    Attributes:
        name: of the memory.
        n_instances: how many of it there are: one for each place along the array dimensions that it does not serve.
        instance_mm2: area of one, in the unit of the file.
    """

    name: str
    n_instances: int
    instance_mm2: float

    @property
    def total_mm2(self) -> float:
        """Area of all instances."""
        return self.n_instances * self.instance_mm2


@dataclass(frozen=True, slots=True)
class Area:
    """The area of a whole design.

    Attributes:
        array_mm2_by_part: parts of the array; all its ``units``, or the circuits of an in-memory array, which has its
            cells among them.
        memories: the memories from inner to outer; the cells of an in-memory array are not among them.
        single_mm2: the array, and each memory of the file once, however many there are. This is what ZigZag 3.9.1 calls
            the total area of an in-memory design (it counts the cell group of one unit twice).
    """

    array_mm2_by_part: dict[str, float]
    memories: tuple[MemoryArea, ...]
    single_mm2: float

    @property
    def array_mm2(self) -> float:
        """Area of the array."""
        return sum(self.array_mm2_by_part.values())

    @property
    def memories_mm2(self) -> float:
        """Area of all instances of all memories."""
        return sum(memory.total_mm2 for memory in self.memories)

    @property
    def total_mm2(self) -> float:
        """Area of the design."""
        return self.array_mm2 + self.memories_mm2


def area_of(accelerator: Accelerator) -> Area:
    """The area of an accelerator, in the unit of its file (mm2 by custom)."""
    array = accelerator.array
    parts = array.imc.area_mm2_by_part if array.imc else {"units": array.unit_area_mm2 * array.n_units}
    memories = tuple(
        MemoryArea(m.name, prod(n for d, n in array.sizes.items() if d not in m.served_dimensions), m.area_mm2)
        for m in accelerator.memories
        if not (array.imc and m.name == CELLS)
    )
    single = sum(parts.values()) + sum(m.area_mm2 for m in accelerator.memories)
    return Area(dict(parts), memories, single)
