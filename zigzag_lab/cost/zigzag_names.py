"""Terms of a breakdown under the names that ZigZag 3.9.1 gives them on a CME."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from zigzag_lab.cost.breakdown import Breakdown, FourWay, PortStall

T = TypeVar("T")


def _term(read: Callable[[Breakdown], T], meaning: str) -> T:
    """A read-only attribute that is read from the breakdown; typed as its value, as sums have plain attributes."""
    return property(lambda cme: read(cme.breakdown), doc=meaning)  # type: ignore[return-value]


def _lists(levels: Mapping[str, tuple[T, ...]]) -> dict[str, list[T]]:
    """A term by operand and memory level, as ZigZag has it: in lists that scripts may change."""
    return {op: list(of_op) for op, of_op in levels.items()}


class ZigzagNames:
    """Attributes of a CME that ZigZag's users know; of those that sums have too, see ``CostModelEvaluationABC``."""

    mac_energy: float = _term(lambda b: b.mac_energy_pj, "Energy of the operations in pJ.")
    mem_energy: float = _term(lambda b: b.memory_energy_pj, "Energy of all memory accesses in pJ.")
    mem_energy_breakdown: dict[str, list[float]] = _term(
        lambda b: _lists(b.level_energy_pj), "Operand -> per memory level, pJ."
    )
    mem_energy_breakdown_further: dict[str, list[FourWay]] = _term(
        lambda b: _lists(b.access_energy_pj), "Operand -> per memory level, pJ in each direction."
    )
    memory_word_access: dict[str, list[FourWay]] = _term(
        lambda b: _lists(b.accesses), "Operand -> per memory level, accesses in each direction."
    )
    mem_utili_individual: dict[str, list[float]] = _term(
        lambda b: _lists(b.utilisation), "Operand -> per memory level, the share of the memory that it fills."
    )
    mem_utili_shared: dict[str, list[float]] = _term(
        lambda b: _lists(b.shared_utilisation),
        "Operand -> per memory level, the share of the memory that all operands fill together.",
    )
    ideal_cycle: float = _term(lambda b: b.ideal_cycles, "Cycles with every unit busy.")
    ideal_temporal_cycle: float = _term(lambda b: b.temporal_cycles, "Iterations of the temporal loops.")
    latency_total0: float = _term(lambda b: b.compute_cycles, "Cycles of computation with stalls.")
    latency_total1: float = _term(lambda b: b.compute_onload_cycles, "Cycles of loading and computation.")
    stall_slack_comb: float = _term(lambda b: b.stall_cycles, "Stall cycles of the most contended port.")
    port_stalls: tuple[PortStall, ...] = _term(lambda b: b.port_stalls, "Stall or slack of every port.")
    data_onloading_cycle: float = _term(lambda b: b.onload_cycles, "Cycles to load the first tiles.")
    data_offloading_cycle: float = _term(lambda b: b.offload_cycles, "Cycles to store the last outputs.")
    systolic_drain_cycle: float = _term(lambda b: b.drain_cycles, "Cycles until the last results have left the array.")
