"""Where the energy and the cycles of a stored run, or of one of its layers, went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from math import fsum

from zigzag_lab.store.codec import StoredLevel
from zigzag_lab.store.lab import StoredLayer


@dataclass(frozen=True)
class EnergyBreakdown:
    """Energy in pJ.

    Attributes:
        by_memory: memory -> operand -> energy of its accesses there; the costliest memory first.
        mac_energy_pj: of the operations themselves.
    """

    by_memory: dict[str, dict[str, float]]
    mac_energy_pj: float

    @property
    def operands(self) -> tuple[str, ...]:
        """All operands, in the order that they come up; the output last."""
        found = dict.fromkeys(op for of_memory in self.by_memory.values() for op in of_memory)
        return tuple(sorted(found, key=lambda op: (op == "O", op)))

    @property
    def total_pj(self) -> float:
        """All of it."""
        return fsum([self.mac_energy_pj, *(pj for row in self.by_memory.values() for pj in row.values())])


@dataclass(frozen=True)
class LatencyBreakdown:
    """Cycles by term; they add up to the latency.

    Attributes:
        ideal: with every unit of the array busy in every cycle.
        spatial_underuse: added because the mapping leaves units idle.
        stall: added because memory ports are too slow.
        onload: before the first operation can start.
        offload: after the last operation, until the outputs are out.
        drain: until the last operands have passed through a systolic array.
    """

    ideal: float
    spatial_underuse: float
    stall: float
    onload: float
    offload: float
    drain: float

    @property
    def terms(self) -> dict[str, float]:
        """Term -> cycles, in order."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @property
    def total_cycles(self) -> float:
        """All of it."""
        return fsum(self.terms.values())


def energy_pj_of(level: StoredLevel) -> float:
    """Energy of an operand at a memory level, all four directions, in pJ."""
    pj = level.energy_pj
    return fsum((pj.to_low, pj.from_low, pj.to_high, pj.from_high))


def energy_of(layers: Sequence[StoredLayer]) -> EnergyBreakdown:
    """The energy of layers by memory and operand, each as often as it counts."""
    terms: dict[str, dict[str, list[float]]] = {}
    for level, times in ((level, layer.times) for layer in layers for level in layer.memories):
        terms.setdefault(level.memory, {}).setdefault(level.operand, []).append(energy_pj_of(level) * times)
    sums = {memory: {op: fsum(pj) for op, pj in row.items()} for memory, row in terms.items()}
    ranked = dict(sorted(sums.items(), key=lambda item: -fsum(item[1].values())))
    return EnergyBreakdown(ranked, _sum(layers, "mac_energy_pj"))


def latency_of(layers: Sequence[StoredLayer]) -> LatencyBreakdown:
    """The latency of layers by term, each as often as it counts."""
    ideal = _sum(layers, "ideal_cycles")
    return LatencyBreakdown(
        ideal,
        _sum(layers, "temporal_cycles") - ideal,
        *(_sum(layers, f"{term}_cycles") for term in ("stall", "onload", "offload", "drain")),
    )


def _sum(layers: Iterable[StoredLayer], column: str) -> float:
    return fsum(layer.figures[column] * layer.times for layer in layers)
