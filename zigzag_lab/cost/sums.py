"""Sums of cost-model evaluations, and what a sum and a single one have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TypeVar

from zigzag_lab.cost.breakdown import FourWay
from zigzag_lab.hardware import Accelerator, Area, ImcArray, area_of
from zigzag_lab.vocab import ZigzagLabError

T = TypeVar("T", float, FourWay)
V = TypeVar("V")

_LEVELS: dict[str, object] = {
    "mem_energy_breakdown": 0.0,
    "mem_energy_breakdown_further": FourWay(),
    "memory_word_access": FourWay(),
}
"""Terms of a sum by operand and level, and what a level counts that a part has not."""


def _imc_term(name: str, read: Callable[[ImcArray, Accelerator], V], meaning: str) -> V:
    """A read-only attribute of CMEs of in-memory arrays alone; reading it from others is an AttributeError."""

    def term(cme: DesignTerms) -> V:
        if cme.accelerator is None or cme.accelerator.array.imc is None:
            raise AttributeError(f"{type(cme).__name__} has no '{name}': its array does not compute in memory")
        return read(cme.accelerator.array.imc, cme.accelerator)

    return property(term, doc=meaning)  # type: ignore[return-value]


class DesignTerms:
    """Area and clock of a CME's accelerator.

    The names that ZigZag gives only to CMEs of in-memory arrays (``tclk``, ``area_total``...) are attributes of those
    alone: ``hasattr(cme, "tclk")`` distinguishes them, as there.
    """

    accelerator: Accelerator | None

    @property
    def area(self) -> Area | None:
        """Area of the design with its breakdown; none for the empty sum."""
        return area_of(self.accelerator) if self.accelerator else None

    @property
    def area_total_mm2(self) -> float | None:
        """Area of the whole design, all instances of all memories; none for the empty sum."""
        return self.area.total_mm2 if self.area else None

    @property
    def area_mm2(self) -> float | None:
        """Area of an in-memory design as ZigZag counts it, each memory once; none for other designs."""
        return self.area.single_mm2 if self.area and self.accelerator and self.accelerator.array.imc else None

    @property
    def clock_ns(self) -> float | None:
        """Clock period, of the file or of the array's circuits; none where cycles are of any length."""
        return self.accelerator.clock_ns if self.accelerator else None

    tclk: float = _imc_term("tclk", lambda imc, _: imc.clock_ns, "Clock period in ns.")
    tclk_breakdown: dict[str, float] = _imc_term(
        "tclk_breakdown", lambda imc, _: dict(imc.clock_ns_by_part), "Part of the longest path -> its delay in ns."
    )
    imc_area: float = _imc_term("imc_area", lambda imc, _: imc.area_mm2, "Area of the in-memory array in mm2.")
    imc_area_breakdown: dict[str, float] = _imc_term(
        "imc_area_breakdown", lambda imc, _: dict(imc.area_mm2_by_part), "Part of the array -> its area in mm2."
    )
    mem_area: float = _imc_term(
        "mem_area",
        lambda _, of: sum(m.area_mm2 for m in of.memories),
        "Area of all memories in mm2, each counted once.",
    )
    mem_area_breakdown: dict[str, float] = _imc_term(
        "mem_area_breakdown", lambda _, of: {m.name: m.area_mm2 for m in of.memories}, "Memory -> mm2 of one instance."
    )
    area_total: float = _imc_term(
        "area_total",
        lambda _, of: area_of(of).single_mm2,
        "Area of array and memories in mm2, each counted once.",
    )


class CostModelEvaluationABC(DesignTerms, ABC):
    """Common interface of single CMEs and sums of them.

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
        """Energy in pJ; the static part included where the accelerator gives static power."""

    @property
    @abstractmethod
    def latency_total2(self) -> float:
        """Latency in cycles, loading and storing included."""

    @property
    @abstractmethod
    def layer_ids(self) -> list[int]:
        """Ids of the layers that were priced."""

    def without_batch(self) -> CostModelEvaluationABC:
        """The same price, free of whatever batch it came from."""
        return self

    @property
    def energy_pj(self) -> float:
        """Energy."""
        return self.energy_total

    @property
    def latency_cycles(self) -> float:
        """Cycles from the first loaded word to the last stored one."""
        return self.latency_total2

    @property
    @abstractmethod
    def static_energy_pj(self) -> float:
        """The part of the energy that leaks while the layers run; 0 where the accelerator gives no static power."""

    @property
    def dynamic_energy_pj(self) -> float:
        """The part of the energy that operations and memory accesses take."""
        static = self.static_energy_pj
        return self.energy_total - static if static else self.energy_total

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
        """Share of the array that the spatial mapping uses."""
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


class CumulativeCME(CostModelEvaluationABC):
    """A sum of CMEs: the price of several layers one after the other.

    Its energy and latency are summed at once; the other terms are added up when one of them is read.
    """

    _static = 0.0

    def __init__(self) -> None:
        self._parts: tuple[CostModelEvaluationABC, ...] = ()
        self._summands: tuple[CostModelEvaluationABC, ...] = ()
        self._times = 1.0
        self.__dict__.update({name: {} for name in _LEVELS} | dict.fromkeys(self._ADDED, 0.0))
        self._energy = self._latency = self._static = 0.0
        self.accelerator = None
        self._layer_ids: list[int] = []

    _ADDED = tuple(name for name in CostModelEvaluationABC.__annotations__ if name not in (*_LEVELS, "accelerator"))

    @property
    def energy_total(self) -> float:
        """Energy in pJ."""
        return self._energy

    @property
    def latency_total2(self) -> float:
        """Latency in cycles."""
        return self._latency

    @property
    def static_energy_pj(self) -> float:
        """The part of the energy that leaks."""
        return self._static

    @property
    def layer_ids(self) -> list[int]:
        """Ids of all layers in the sum, in order."""
        return self._layer_ids

    @classmethod
    def sum_of(cls, first: CostModelEvaluationABC, second: CostModelEvaluationABC) -> CumulativeCME:
        """Two CMEs added term by term, levels from the innermost."""
        total = cls.__new__(cls)
        before = first._parts if isinstance(first, CumulativeCME) else ()
        before = before or (first.without_batch(),)
        total._parts = (*before, second.without_batch())
        summed = before
        if isinstance(first, CumulativeCME) and first._times == 1:  # so that long sums do not nest
            summed = first._summands
        total._summands, total._times = (*summed, total._parts[-1]), 1.0
        total._energy = first.energy_total + second.energy_total
        total._latency = first.latency_total2 + second.latency_total2
        total._static = first.static_energy_pj + second.static_energy_pj
        total._layer_ids = [*first.layer_ids, *second.layer_ids]
        total.accelerator = _common_accelerator(first.accelerator, second.accelerator)
        return total

    def __getattr__(self, name: str) -> object:
        if name not in (*self._ADDED, *_LEVELS) or not self.__dict__.get("_parts"):
            raise AttributeError(f"{type(self).__name__} has no '{name}'")
        return self.added_up().__dict__[name]

    def added_up(self) -> CumulativeCME:
        """The same sum, all of its terms worked out."""
        parts, self._parts = self._parts, ()
        if parts:
            terms = {name: getattr(parts[0], name) for name in (*self._ADDED, *_LEVELS)}
            for part in parts[1:]:
                terms.update({name: terms[name] + getattr(part, name) for name in self._ADDED})
                terms.update({name: _added(terms[name], getattr(part, name), zero) for name, zero in _LEVELS.items()})
            self.__dict__.update(terms | self.__dict__)
        return self

    def components(self) -> Iterator[tuple[CostModelEvaluationABC, float]]:
        """The single CMEs that the sum is made of, in order, and how many times each counts; sums within it opened."""
        for summand in self._summands:
            if not isinstance(summand, CumulativeCME):
                yield summand, self._times
                continue
            for part, times in summand.components():
                yield part, times * self._times

    def __getstate__(self) -> dict[str, object]:
        return dict(vars(self.added_up()))

    def scaled(self, number: float) -> CumulativeCME:
        """Every term times a number: a layer that runs several times."""
        scaled = CumulativeCME()
        for name in (*self._ADDED, "_energy", "_latency", "_static"):
            setattr(scaled, name, getattr(self, name) * number)
        for name in _LEVELS:
            setattr(scaled, name, {op: [x * number for x in v] for op, v in getattr(self, name).items()})
        scaled._layer_ids, scaled.accelerator = list(self._layer_ids), self.accelerator
        scaled._summands, scaled._times = (self,), number
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
