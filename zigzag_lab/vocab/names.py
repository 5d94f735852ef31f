"""Names that every other package shares: operands, directions, objectives, kinds of mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

Plain = None | bool | int | float | str | Sequence["Plain"] | Mapping[str, "Plain"]
"""Plain data: what JSON and YAML files hold, and what documents for keys and databases are made of."""

OUTPUT = "O"
"""The output operand, of layers and of memories alike."""

FINAL_OUTPUT = "O_final"
"""The key of the output's precision once no partial sums remain."""

MEMORY_OPERANDS = ("I1", "I2", "O")
INPUT_MEMORY_OPERANDS = ("I1", "I2")

DEFAULT_LINKS = {"O": "O", "W": "I2", "I": "I1"}
"""Which memory operand holds which layer operand, unless a mapping file says otherwise."""

UNSAID_IF_EMPTY = {"unsaid_if_empty": True}
"""Metadata of a record's field that came late: descriptions leave it out where it is empty."""


class Direction(StrEnum):
    """Where data moves at a memory, seen from that memory. Low is towards the array."""

    TO_LOW = "to_low"
    FROM_LOW = "from_low"
    TO_HIGH = "to_high"
    FROM_HIGH = "from_high"

    @property
    def is_read(self) -> bool:
        """Whether the memory is read in this direction (data leaves it).

        >>> [direction.short for direction in Direction if direction.is_read]
        ['tl', 'th']
        """
        return self in (Direction.TO_LOW, Direction.TO_HIGH)

    @property
    def short(self) -> str:
        """The two letters of the accelerator files: ``tl``, ``fl``, ``th``, ``fh``."""
        where, end = self.value.split("_")
        return where[0] + end[0]

    @classmethod
    def from_short(cls, letters: str) -> Direction:
        """Return the direction of two letters.

        >>> Direction.from_short("fh").value
        'from_high'
        """
        return {d.short: d for d in cls}[letters]


LOW = (Direction.TO_LOW, Direction.FROM_LOW)
"""Directions on the side of the array."""

UPWARD = (Direction.FROM_LOW, Direction.TO_HIGH)
"""Directions away from the array: those of outputs."""


class Objective(StrEnum):
    """What a search minimises. EDP is the product of energy and latency."""

    LATENCY = "latency"
    ENERGY = "energy"
    EDP = "edp"


NO_OBJECTIVE = "none"
"""What stands in a record for the objective of a run that left the choice to stages of the user."""


class TemporalMappingType(StrEnum):
    """Whether operands that share a memory must keep the same loops there (even) or not (uneven)."""

    EVEN = "even"
    UNEVEN = "uneven"
