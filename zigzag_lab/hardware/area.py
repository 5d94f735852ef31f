"""The silicon that an accelerator takes."""

from __future__ import annotations

from dataclasses import dataclass

from zigzag_lab.hardware.accelerator import Accelerator
from zigzag_lab.hardware.imc import CELLS
from zigzag_lab.vocab import InputError


@dataclass(frozen=True, slots=True)
class MemoryArea:
    """The area of one memory of the file.

    Attributes:
        name: of the memory.
        n_instances: how many of it there are: one for each place along the array dimensions that it does not serve.
        instance_mm2: area of one; 0 where it is not known, or off the chip.
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
        unknown: parts on the chip whose area is not known.
    """

    array_mm2_by_part: dict[str, float]
    memories: tuple[MemoryArea, ...]
    single_mm2: float
    unknown: tuple[str, ...] = ()

    @property
    def array_mm2(self) -> float:
        """Area of the array."""
        return sum(self.array_mm2_by_part.values())

    @property
    def memories_mm2(self) -> float:
        """Area of all instances of all memories."""
        return sum(memory.total_mm2 for memory in self.memories)

    @property
    def total_mm2(self) -> float | None:
        """Area of the design; none where that of a part is not known."""
        return None if self.unknown else self.array_mm2 + self.memories_mm2


def area_of(accelerator: Accelerator) -> Area:
    """The area of an accelerator.

    An area of 0 is one that is not known, save that of a memory further out than all others: that is off the chip.
    """
    array = accelerator.array
    parts = array.area_mm2_by_part
    memories = tuple(
        MemoryArea(m.name, accelerator.n_instances(m), m.area_mm2)
        for m in accelerator.memories
        if not (array.imc and m.name == CELLS)
    )
    single = sum(parts.values()) + sum(m.area_mm2 for m in accelerator.memories)
    outermost = accelerator.outermost
    unknown = [m.name for m in memories if not m.instance_mm2 and (outermost is None or m.name != outermost.name)]
    return Area(parts, memories, single, tuple(unknown if any(parts.values()) else ["operational_array", *unknown]))


def known_area(accelerator: Accelerator, where: str) -> float:
    """The area of an accelerator in mm2.

    Raises:
        InputError: the area of a part is not known; ``where`` is what asks for it.
    """
    area = area_of(accelerator)
    if area.total_mm2 is None:
        found = f"the area of {accelerator.name} is not known, as no area is given for {', '.join(area.unknown)}"
        raise InputError(where, found, "areas of all parts on the chip")
    return area.total_mm2
