"""The same mappings on a slightly other accelerator: what a wider port, a smaller memory or a cheaper access changes.

Nothing is searched again: a new search may find better still.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import fsum

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.hardware import Accelerator, Memory, Port
from zigzag_lab.reports.places import PortName
from zigzag_lab.vocab.quantities import cycles


def with_bandwidth(accelerator: Accelerator, place: PortName, bits_per_cycle: int) -> Accelerator:
    """The accelerator with another width of one port; one that lacks the memory stays as it is.

    The smallest access of the port shrinks with it where it must.
    """
    memory_name, port_name = place

    def changed(port: Port) -> Port:
        if port.name != port_name:
            return port
        least = min(port.bandwidth_min_bits, bits_per_cycle)
        return replace(port, bandwidth_max_bits=bits_per_cycle, bandwidth_min_bits=least)

    return _with_memory(accelerator, memory_name, lambda m: replace(m, ports=tuple(map(changed, m.ports))))


def with_size(accelerator: Accelerator, memory_name: str, bits: int) -> Accelerator:
    """The accelerator with another capacity of one memory."""
    return _with_memory(accelerator, memory_name, lambda m: replace(m, size_bits=bits))


def with_access_cost(
    accelerator: Accelerator, memory_name: str, factor: float, write_factor: float | None = None
) -> Accelerator:
    """The accelerator with the energy of one memory's reads multiplied, and of its writes, by default by the same."""
    write = factor if write_factor is None else write_factor
    return _with_memory(
        accelerator,
        memory_name,
        lambda m: replace(m, read_cost_pj=m.read_cost_pj * factor, write_cost_pj=m.write_cost_pj * write),
    )


def _with_memory(accelerator: Accelerator, name: str, change: Callable[[Memory], Memory]) -> Accelerator:
    return replace(accelerator, memories=tuple(change(m) if m.name == name else m for m in accelerator.memories))


def repriced(cme: CostModelEvaluation, accelerator: Accelerator) -> CostModelEvaluation:
    """The same layer under the same mapping on another accelerator, which has the same memories by name."""
    if accelerator == cme.problem.accelerator:
        return cme
    return CostModelEvaluation(replace(cme.problem, accelerator=accelerator), cme.temporal_mapping, layer=cme.layer)


@dataclass(frozen=True)
class Network:
    """The priced layers of a network: one price for each distinct layer and mapping, and how often each occurs."""

    layers: tuple[CostModelEvaluation, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, cmes: Sequence[CostModelEvaluation]) -> Network:
        """Group layers whose price is the same thing."""
        groups: dict[int, list[CostModelEvaluation]] = {}
        for cme in cmes:
            groups.setdefault(id(cme.breakdown), []).append(cme)
        return cls(tuple(g[0] for g in groups.values()), tuple(len(g) for g in groups.values()))

    def changed(self, how: Callable[[Accelerator], Accelerator]) -> Network:
        """The same mappings on a changed accelerator."""
        made: dict[int, Accelerator] = {}
        for cme in self.layers:
            if id(cme.accelerator) not in made:
                made[id(cme.accelerator)] = how(cme.accelerator)
        return Network(tuple(repriced(cme, made[id(cme.accelerator)]) for cme in self.layers), self.counts)

    def total(self, figure: Callable[[CostModelEvaluation], float]) -> float:
        """The sum of a figure over all layers."""
        return fsum(n * figure(cme) for cme, n in zip(self.layers, self.counts, strict=True))

    @property
    def latency_cycles(self) -> float:
        """Cycles of all layers."""
        return self.total(lambda cme: cme.latency_total2)

    @property
    def energy_pj(self) -> float:
        """Energy of all layers."""
        return self.total(lambda cme: cme.energy_total)

    @property
    def stall_cycles(self) -> float:
        """Cycles in which the array waits for ports."""
        return self.total(lambda cme: cme.breakdown.stall_cycles)


def accelerators(network: Network) -> list[Accelerator]:
    """All accelerators that the layers see, the one with most memories first."""
    found = {id(cme.accelerator): cme.accelerator for cme in network.layers}
    return sorted(found.values(), key=lambda a: -len(a.memories))


def named(place: PortName) -> str:
    """A port in words."""
    return f"{place[1]} of {place[0]}"


def change(before: float, after: float) -> str:
    """Cycles after a change, and by how much that is more or less."""
    return f"{cycles(after)} ({(after - before) / before:+.1%})"


def stall_of(cme: CostModelEvaluation, place: PortName) -> float:
    """Cycles that the array waits for one port; 0 where the port is fast enough."""
    return max([0.0, *(p.stall_cycles for p in cme.port_stalls if (p.memory, p.port) == place)])


def bandwidth_of(accelerator: Accelerator, place: PortName) -> int:
    """The width of a port in bits a cycle."""
    return port_named(accelerator, place).bandwidth_max_bits


def port_named(accelerator: Accelerator, place: PortName) -> Port:
    """The port of that name."""
    return next(port for port in accelerator.memory_named(place[0]).ports if port.name == place[1])


def bandwidth_without_stall(cme: CostModelEvaluation, place: PortName) -> int | None:
    """The smallest width of a port, in bits a cycle, at which the array no longer waits for it.

    A wider port never stalls more, so the smallest is found by halving.

    Returns:
        None where no width helps: each transfer takes a cycle at least, and its window has too few.
    """

    def stalls(bits: int) -> bool:
        return stall_of(repriced(cme, with_bandwidth(cme.accelerator, place, bits)), place) > 0

    low = bandwidth_of(cme.accelerator, place)
    if not stalls(low):
        return low
    high = max(low, widest_needed(cme))
    if stalls(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if stalls(middle) else (low, middle)
    return high


def widest_needed(cme: CostModelEvaluation) -> int:
    """The bits of a whole tensor or memory: no transfer is larger, so that a port of this width does each in a cycle.

    A wider port thus gains nothing more.
    """
    layer, memories = cme.layer, cme.accelerator.memories
    bits = max(layer.precision_bits.values())
    largest = max(max(m.size_bits for m in memories), max(map(layer.tensor_elems, layer.operands)) * bits)
    return largest * cme.accelerator.array.n_units
