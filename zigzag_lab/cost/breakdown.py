"""The terms of a price: all energies and cycles of one mapping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from zigzag_lab.vocab import Direction

REFERENCE_NAMES = {
    "rd_out_to_low": Direction.TO_LOW,
    "wr_in_by_low": Direction.FROM_LOW,
    "rd_out_to_high": Direction.TO_HIGH,
    "wr_in_by_high": Direction.FROM_HIGH,
}
"""ZigZag's name of a direction -> the direction."""


@dataclass(frozen=True, slots=True)
class FourWay:
    """One figure for each direction at a memory."""

    to_low: float = 0
    from_low: float = 0
    to_high: float = 0
    from_high: float = 0

    @classmethod
    def of(cls, figure: Callable[[Direction], float]) -> FourWay:
        """Call a function for each direction."""
        return cls(*(figure(d) for d in (Direction.TO_LOW, Direction.FROM_LOW, Direction.TO_HIGH, Direction.FROM_HIGH)))

    def __getitem__(self, direction: Direction) -> float:
        figure: float = getattr(self, direction.value)
        return figure

    def get(self, direction: Direction | str) -> float:
        """The figure of a direction, which may carry ZigZag's name (``rd_out_to_low``)."""
        return self[REFERENCE_NAMES.get(str(direction)) or Direction(str(direction))]

    def __add__(self, other: FourWay) -> FourWay:
        return FourWay.of(lambda d: self[d] + other[d])

    def __mul__(self, number: float) -> FourWay:
        return FourWay.of(lambda d: self[d] * number)

    def as_reference(self) -> dict[str, float]:
        """The figures under ZigZag's names."""
        return {name: self[d] for name, d in REFERENCE_NAMES.items()}

    @property
    def total(self) -> float:
        """Reads, then writes, added in ZigZag's order."""
        return (self.to_high + self.to_low) + (self.from_high + self.from_low)


@dataclass(frozen=True, slots=True)
class PortStall:
    """Cycles that the array waits for one port; negative or zero where the port is fast enough."""

    memory: str
    port: str
    stall_cycles: float


@dataclass(frozen=True)
class Breakdown:
    """All terms of the price of one mapping. Tuples count memory levels from the innermost.

    Attributes:
        mac_energy_pj: energy of the operations.
        accesses: operand -> per level, accesses at full port width.
        access_energy_pj: operand -> per level, their energy.
        utilisation, shared_utilisation: operand -> per level, share of the memory it fills, alone and with sharers.
        effective_utilisation, shared_effective_utilisation: the same for what must be held at once.
        double_buffered: operand -> per boundary (0 faces the array), whether the memory inside has a spare buffer.
        allowed_cycles, needed_cycles: operand -> per level, cycles a period that a transfer may and does take.
        port_stalls: per port, in the order of the accelerator's file.
        ideal_cycles: with every unit busy all the time.
        temporal_cycles: iterations of the temporal loops.
        stall_cycles, onload_cycles, offload_cycles, drain_cycles: what comes on top, in order.
        static_pj_per_cycle: what leaks in each of these cycles.
    """

    mac_energy_pj: float
    accesses: dict[str, tuple[FourWay, ...]]
    access_energy_pj: dict[str, tuple[FourWay, ...]]
    utilisation: dict[str, tuple[float, ...]]
    shared_utilisation: dict[str, tuple[float, ...]]
    effective_utilisation: dict[str, tuple[float, ...]]
    shared_effective_utilisation: dict[str, tuple[float, ...]]
    double_buffered: dict[str, tuple[bool, ...]]
    allowed_cycles: dict[str, tuple[FourWay, ...]]
    needed_cycles: dict[str, tuple[FourWay, ...]]
    port_stalls: tuple[PortStall, ...]
    ideal_cycles: float
    temporal_cycles: float
    stall_cycles: float
    onload_cycles: float
    offload_cycles: float
    drain_cycles: float
    static_pj_per_cycle: float = 0.0

    @cached_property
    def level_energy_pj(self) -> dict[str, tuple[float, ...]]:
        """Operand -> per level, energy of all accesses."""
        return {op: tuple(level.total for level in levels) for op, levels in self.access_energy_pj.items()}

    @cached_property
    def memory_energy_pj(self) -> float:
        """Energy of all accesses, added operand by operand, level by level."""
        total = 0.0
        for levels in self.level_energy_pj.values():
            for energy in levels:
                total += energy
        return total

    @property
    def energy_pj(self) -> float:
        """Energy of the layer."""
        dynamic = self.memory_energy_pj + self.mac_energy_pj
        return dynamic + self.static_pj_per_cycle * self.latency_cycles if self.static_pj_per_cycle else dynamic

    @property
    def compute_cycles(self) -> float:
        """Computation with its stalls."""
        return self.temporal_cycles + self.stall_cycles

    @property
    def compute_onload_cycles(self) -> float:
        """Loading the first tiles, then computation."""
        return self.temporal_cycles + self.stall_cycles + self.onload_cycles

    @property
    def latency_cycles(self) -> float:
        """From the first loaded word to the last stored one."""
        return self.temporal_cycles + self.stall_cycles + self.onload_cycles + self.offload_cycles + self.drain_cycles
