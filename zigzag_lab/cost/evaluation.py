"""Cost-model evaluations (CMEs): the price of one mapping, and sums of them.

A CME that comes out of a search is a light view: it knows its energy and latency, and works out everything else when
asked. Pickled, copied or added, it stands on its own. ZigZag's attribute names (``energy_total``, ``latency_total2``,
``mem_energy_breakdown``...) are readable next to ours, so that its users' scripts work.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import zip_longest
from typing import Any, TypeVar

from zigzag_lab.cost.breakdown import Breakdown, FourWay, PortStall
from zigzag_lab.cost.certificate import Certificate
from zigzag_lab.cost.design import DesignTerms
from zigzag_lab.cost.scalar import evaluate
from zigzag_lab.cost.static import mac_energy_by_part_pj
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.problem import MappingBatch, Problem
from zigzag_lab.mapping.spatial import UnrolledLoops
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.vocab import TemporalMappingType, ZigzagLabError
from zigzag_lab.workload import Layer

T = TypeVar("T", float, FourWay)


class CostModelEvaluationABC(DesignTerms, ABC):
    """What single CMEs and sums of them have in common.

    Attributes:
        mem_energy_breakdown: operand -> per memory level, pJ.
        mem_energy_breakdown_further: operand -> per memory level, pJ in each direction.
        memory_word_access: operand -> per memory level, accesses at full port width in each direction.
        mac_energy, mem_energy: pJ of the operations and of all memory accesses.
        ideal_cycle: cycles with every unit busy.
        ideal_temporal_cycle: iterations of the temporal loops.
        latency_total0: cycles of computation with stalls; latency_total1 with loading, latency_total2 with storing.
        data_onloading_cycle, data_offloading_cycle, systolic_drain_cycle: cycles.
        accelerator: what it was priced on; None for the empty sum.
    """

    mem_energy_breakdown: dict[str, list[float]]
    mem_energy_breakdown_further: dict[str, list[FourWay]]
    memory_word_access: dict[str, list[FourWay]]
    mac_energy: float
    mem_energy: float
    ideal_cycle: float
    ideal_temporal_cycle: float
    latency_total0: float
    latency_total1: float
    data_onloading_cycle: float
    data_offloading_cycle: float
    systolic_drain_cycle: float
    accelerator: Accelerator | None

    @property
    @abstractmethod
    def energy_total(self) -> float:
        """Energy in pJ."""

    @property
    @abstractmethod
    def latency_total2(self) -> float:
        """Latency in cycles, loading and storing included."""

    @property
    @abstractmethod
    def layer_ids(self) -> list[int]:
        """Ids of the layers that were priced."""

    @property
    def energy_pj(self) -> float:
        """Energy."""
        return self.energy_total

    @property
    def latency_cycles(self) -> float:
        """Cycles from the first loaded word to the last stored one."""
        return self.latency_total2

    @property
    def edp_pj_cycles(self) -> float:
        """Energy-delay product."""
        return self.latency_total2 * self.energy_total

    @property
    def core(self) -> Accelerator | None:
        """The accelerator, under ZigZag's older name."""
        return self.accelerator

    @property
    def mac_spatial_utilization(self) -> float:
        """Share of the array that the spatial mapping keeps busy."""
        return self.ideal_cycle / self.ideal_temporal_cycle if self.ideal_temporal_cycle else 0.0

    @property
    def mac_utilization0(self) -> float:
        """Share of the array's time spent on work, stalls included."""
        return self.ideal_cycle / self.latency_total0 if self.latency_total0 else 0.0

    @property
    def mac_utilization1(self) -> float:
        """The same with loading included."""
        return self.ideal_cycle / self.latency_total1 if self.latency_total1 else 0.0

    @property
    def mac_utilization2(self) -> float:
        """The same with loading and storing included."""
        return self.ideal_cycle / self.latency_total2 if self.latency_total2 else 0.0

    def __add__(self, other: CostModelEvaluationABC) -> CumulativeCME:
        return CumulativeCME.sum_of(self, other)

    def __mul__(self, number: float) -> CumulativeCME:
        return CumulativeCME.sum_of(self, CumulativeCME()).scaled(number)


class CostModelEvaluation(CostModelEvaluationABC):
    """The price of one layer under one mapping.

    Args:
        problem: the layer, the accelerator and the spatial mapping.
        temporal_mapping: the temporal mapping.
        keep_at_output_pins: ``access_same_data_considered_as_no_access`` of ZigZag.
        breakdown: all terms, when they are known already.
        layer: the layer this price is for; one identical to the problem's, by default that one.

    Attributes:
        certificate: what an exact search proved of this mapping; None where none was run.
    """

    certificate: Certificate | None = None

    def __init__(
        self,
        problem: Problem,
        temporal_mapping: TemporalMapping,
        *,
        keep_at_output_pins: bool = True,
        breakdown: Breakdown | None = None,
        layer: Layer | None = None,
    ) -> None:
        self.problem = problem
        self.layer = layer or problem.layer
        self.accelerator: Accelerator = problem.accelerator
        self.keep_at_output_pins = keep_at_output_pins
        self._temporal_mapping: TemporalMapping | None = temporal_mapping
        self._batch: MappingBatch | None = None
        self._index = 0
        self._kind = temporal_mapping.kind
        self._energy: float | None = None
        self._latency: float | None = None
        if breakdown is not None:
            self.__dict__["breakdown"] = breakdown

    @classmethod
    def view(
        cls,
        batch: MappingBatch,
        index: int,
        energy_pj: float,
        latency_cycles: float,
        *,
        keep_at_output_pins: bool = True,
        kind: TemporalMappingType = TemporalMappingType.UNEVEN,
    ) -> CostModelEvaluation:
        """A light view of one mapping of a priced batch."""
        cme = cls.__new__(cls)
        cme.problem, cme.layer, cme.accelerator = batch.problem, batch.problem.layer, batch.problem.accelerator
        cme.keep_at_output_pins = keep_at_output_pins
        cme._temporal_mapping, cme._batch, cme._index, cme._kind = None, batch, index, kind
        cme._energy, cme._latency = energy_pj, latency_cycles
        return cme

    @property
    def temporal_mapping(self) -> TemporalMapping:
        """The loops in time, cut into memory levels."""
        if self._temporal_mapping is None and self._batch is not None:
            allocated = self._batch.allocated(self._index)
            self._temporal_mapping = TemporalMapping.of(self.problem.layer, allocated, self._kind)
        if self._temporal_mapping is None:
            raise ZigzagLabError("this CME has no temporal mapping")
        return self._temporal_mapping

    @cached_property
    def breakdown(self) -> Breakdown:
        """All terms of the price."""
        return evaluate(self.problem, self.temporal_mapping, keep_at_output_pins=self.keep_at_output_pins)

    def standalone(self) -> CostModelEvaluation:
        """The same CME with all terms worked out and free of the batch it came from."""
        cme = CostModelEvaluation(
            self.problem,
            self.temporal_mapping,
            keep_at_output_pins=self.keep_at_output_pins,
            breakdown=self.breakdown,
            layer=self.layer,
        )
        cme._energy, cme._latency, cme.certificate = self._energy, self._latency, self.certificate
        return cme

    def for_layer(self, layer: Layer) -> CostModelEvaluation:
        """The same price under the name of an identical layer."""
        cme = self.standalone()
        cme.layer = layer
        return cme

    def __reduce__(self) -> tuple[Any, ...]:
        energies = (self._energy, self._latency, self.certificate)
        terms = (self.problem, self.temporal_mapping, self.keep_at_output_pins, self.breakdown, self.layer)
        return _restored, (*terms, *energies)

    # -- what was priced -------------------------------------------------------------------------------------------

    @property
    def layer_ids(self) -> list[int]:
        """The id of the layer."""
        return [self.layer.id]

    @property
    def spatial_mapping(self) -> UnrolledLoops:
        """The unrolled loops per memory level, fractional."""
        return self.problem.fractional.loops

    @property
    def spatial_mapping_int(self) -> UnrolledLoops:
        """The unrolled loops per memory level, truncated to integers."""
        return self.problem.integer.loops

    @property
    def access_same_data_considered_as_no_access(self) -> bool:
        """Whether inputs read again and again by the array are read from memory once."""
        return self.keep_at_output_pins

    # -- terms under ZigZag's names --------------------------------------------------------------------------------

    @property
    def energy_total(self) -> float:
        """Energy in pJ."""
        return self.breakdown.energy_pj if self._energy is None else self._energy

    @property
    def latency_total2(self) -> float:
        """Latency in cycles, loading and storing included."""
        return self.breakdown.latency_cycles if self._latency is None else self._latency

    @property
    def mac_energy(self) -> float:  # type: ignore[override]
        """Energy of the operations in pJ."""
        return self.breakdown.mac_energy_pj

    @property
    def mac_energy_breakdown(self) -> dict[str, float]:
        """Part of the array -> pJ; ``units`` for an array of plain units, circuits for an in-memory one."""
        return mac_energy_by_part_pj(self.problem, self.temporal_mapping, keep_at_output_pins=self.keep_at_output_pins)

    @property
    def mem_energy(self) -> float:  # type: ignore[override]
        """Energy of all memory accesses in pJ."""
        return self.breakdown.memory_energy_pj

    @property
    def mem_energy_breakdown(self) -> dict[str, list[float]]:  # type: ignore[override]
        """Operand -> per memory level, pJ."""
        return {op: list(levels) for op, levels in self.breakdown.level_energy_pj.items()}

    @property
    def mem_energy_breakdown_further(self) -> dict[str, list[FourWay]]:  # type: ignore[override]
        """Operand -> per memory level, pJ in each direction."""
        return {op: list(levels) for op, levels in self.breakdown.access_energy_pj.items()}

    @property
    def memory_word_access(self) -> dict[str, list[FourWay]]:  # type: ignore[override]
        """Operand -> per memory level, accesses in each direction."""
        return {op: list(levels) for op, levels in self.breakdown.accesses.items()}

    @property
    def ideal_cycle(self) -> float:  # type: ignore[override]
        """Cycles with every unit busy."""
        return self.breakdown.ideal_cycles

    @property
    def ideal_temporal_cycle(self) -> float:  # type: ignore[override]
        """Iterations of the temporal loops."""
        return self.breakdown.temporal_cycles

    @property
    def latency_total0(self) -> float:  # type: ignore[override]
        """Cycles of computation with stalls."""
        return self.breakdown.compute_cycles

    @property
    def latency_total1(self) -> float:  # type: ignore[override]
        """Cycles of loading and computation."""
        return self.breakdown.compute_onload_cycles

    @property
    def stall_slack_comb(self) -> float:
        """Stall cycles of the most contended port."""
        return self.breakdown.stall_cycles

    @property
    def port_stalls(self) -> tuple[PortStall, ...]:
        """Stall or slack of every port."""
        return self.breakdown.port_stalls

    @property
    def data_onloading_cycle(self) -> float:  # type: ignore[override]
        """Cycles to load the first tiles."""
        return self.breakdown.onload_cycles

    @property
    def data_offloading_cycle(self) -> float:  # type: ignore[override]
        """Cycles to store the last outputs."""
        return self.breakdown.offload_cycles

    @property
    def systolic_drain_cycle(self) -> float:  # type: ignore[override]
        """Cycles until the last results have left the array."""
        return self.breakdown.drain_cycles

    @property
    def mem_utili_individual(self) -> dict[str, list[float]]:
        """Operand -> per memory level, the share of the memory that it fills."""
        return {op: list(levels) for op, levels in self.breakdown.utilisation.items()}

    @property
    def mem_utili_shared(self) -> dict[str, list[float]]:
        """Operand -> per memory level, the share of the memory that all operands fill together."""
        return {op: list(levels) for op, levels in self.breakdown.shared_utilisation.items()}

    def __str__(self) -> str:
        return f"CostModelEvaluation({self.layer.name}, {self.accelerator.name})"

    __repr__ = __str__


def _restored(
    problem: Problem,
    temporal: TemporalMapping,
    keep_at_output_pins: bool,
    breakdown: Breakdown,
    layer: Layer,
    energy: float | None,
    latency: float | None,
    certificate: Certificate | None = None,
) -> CostModelEvaluation:
    """A CME back from a pickle or a copy."""
    cme = CostModelEvaluation(
        problem, temporal, keep_at_output_pins=keep_at_output_pins, breakdown=breakdown, layer=layer
    )
    cme._energy, cme._latency, cme.certificate = energy, latency, certificate
    return cme


class CumulativeCME(CostModelEvaluationABC):
    """A sum of CMEs: the price of several layers one after the other."""

    def __init__(self) -> None:
        self.mem_energy_breakdown = {}
        self.mem_energy_breakdown_further = {}
        self.memory_word_access = {}
        self.mac_energy = self.mem_energy = self._energy = self._latency = 0.0
        self.ideal_cycle = self.ideal_temporal_cycle = self.latency_total0 = self.latency_total1 = 0.0
        self.data_onloading_cycle = self.data_offloading_cycle = self.systolic_drain_cycle = 0.0
        self.accelerator = None
        self._layer_ids: list[int] = []

    _ADDED = (
        "mac_energy",
        "mem_energy",
        "ideal_cycle",
        "ideal_temporal_cycle",
        "latency_total0",
        "latency_total1",
        "data_onloading_cycle",
        "data_offloading_cycle",
        "systolic_drain_cycle",
    )

    @property
    def energy_total(self) -> float:
        """Energy in pJ."""
        return self._energy

    @property
    def latency_total2(self) -> float:
        """Latency in cycles."""
        return self._latency

    @property
    def layer_ids(self) -> list[int]:
        """Ids of all layers in the sum, in order."""
        return self._layer_ids

    @classmethod
    def sum_of(cls, first: CostModelEvaluationABC, second: CostModelEvaluationABC) -> CumulativeCME:
        """Two CMEs added term by term, levels from the innermost."""
        total = cls()
        for name in cls._ADDED:
            setattr(total, name, getattr(first, name) + getattr(second, name))
        total._energy = first.energy_total + second.energy_total
        total._latency = first.latency_total2 + second.latency_total2
        total.mem_energy_breakdown = _added(first.mem_energy_breakdown, second.mem_energy_breakdown, 0.0)
        total.mem_energy_breakdown_further = _added(
            first.mem_energy_breakdown_further, second.mem_energy_breakdown_further, FourWay()
        )
        total.memory_word_access = _added(first.memory_word_access, second.memory_word_access, FourWay())
        total._layer_ids = [*first.layer_ids, *second.layer_ids]
        total.accelerator = _common_accelerator(first.accelerator, second.accelerator)
        return total

    def scaled(self, number: float) -> CumulativeCME:
        """Every term times a number: a layer that runs several times."""
        scaled = CumulativeCME()
        for name in (*self._ADDED, "_energy", "_latency"):
            setattr(scaled, name, getattr(self, name) * number)
        scaled.mem_energy_breakdown = {op: [x * number for x in v] for op, v in self.mem_energy_breakdown.items()}
        scaled.mem_energy_breakdown_further = {
            op: [x * number for x in v] for op, v in self.mem_energy_breakdown_further.items()
        }
        scaled.memory_word_access = {op: [x * number for x in v] for op, v in self.memory_word_access.items()}
        scaled._layer_ids, scaled.accelerator = list(self._layer_ids), self.accelerator
        return scaled

    def __str__(self) -> str:
        return "CumulativeCME"

    __repr__ = __str__


def _added(first: Mapping[str, Sequence[T]], second: Mapping[str, Sequence[T]], nothing: T) -> dict[str, list[T]]:
    """Per operand and level, two breakdowns added."""
    return {
        op: [a + b for a, b in zip_longest(first.get(op, ()), second.get(op, ()), fillvalue=nothing)]
        for op in dict.fromkeys((*first, *second))
    }


def _common_accelerator(first: Accelerator | None, second: Accelerator | None) -> Accelerator | None:
    """The accelerator of a sum: variants of one share the start of their names; the shortest stands for all."""
    if first is None or second is None:
        return first or second
    if first.name.startswith(second.name):
        return second
    if second.name.startswith(first.name):
        return first
    raise ZigzagLabError(f"cannot add prices of unrelated accelerators {first.name} and {second.name}")
