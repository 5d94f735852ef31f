"""Cost-model evaluations (CMEs): the price of one mapping.

A CME that comes out of a search is a light view: it holds its energy and latency, and computes everything else when
read. Pickled, copied or added, it is independent of the search. ZigZag's attribute names (``energy_total``,
``latency_total2``, ``mem_energy_breakdown``...) are readable next to ours, so that its users' scripts work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from zigzag_lab.cost.array import mac_energy_by_part_pj
from zigzag_lab.cost.breakdown import Breakdown, FourWay, PortStall
from zigzag_lab.cost.certificate import Certificate, FrontCertificate
from zigzag_lab.cost.kernel import Prices, price, supports
from zigzag_lab.cost.scalar import evaluate
from zigzag_lab.cost.sums import CostModelEvaluationABC
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.mapping.footprint import capacity_bits
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import UnrolledLoops
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.vocab import TemporalMappingType, ZigzagLabError
from zigzag_lab.vocab.options import TEMPORAL_MAPPING_TYPE
from zigzag_lab.workload import Layer

T = TypeVar("T")


def priced(batch: MappingBatch) -> Prices:
    """Price every mapping of a batch: by the array kernel, or one by one where it does not cover the problem."""
    if supports(batch.problem):
        return price(batch)
    layer = batch.problem.layer
    terms = [evaluate(batch.problem, TemporalMapping.of(layer, batch.allocated(i))) for i in range(len(batch))]
    return Prices(np.array([t.energy_pj for t in terms]), np.array([t.latency_cycles for t in terms]))


class Identity:
    """Identifies one CME: its copies, views of it and what a pickle of it restores have the same identity.

    Attributes:
        place: where a record holds the CME, as the record notes it; empty where none does.
    """

    __slots__ = ("place",)

    def __init__(self) -> None:
        self.place: Any = None

    def __deepcopy__(self, memo: object) -> Identity:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return Identity, ()


def _term(read: Callable[[Breakdown], T], meaning: str) -> T:
    """A read-only attribute that is read from the breakdown; typed as its value, as sums have plain attributes."""
    return property(lambda cme: read(cme.breakdown), doc=meaning)  # type: ignore[return-value]


def _lists(levels: Mapping[str, tuple[T, ...]]) -> dict[str, list[T]]:
    """A term by operand and memory level, as ZigZag has it: in lists that scripts may change."""
    return {op: list(of_op) for op, of_op in levels.items()}


class ZigzagNames:
    """Attributes of a CME under ZigZag's names; of those that sums have too, see ``CostModelEvaluationABC``."""

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


class CostModelEvaluation(ZigzagNames, CostModelEvaluationABC):
    """The price of one layer under one mapping.

    Args:
        problem: the layer, the accelerator and the spatial mapping.
        breakdown: all terms, when they are known already.
        layer: the layer this price is for; one identical to the problem's, by default that one.

    Attributes:
        certificate: what an exact search proved of this mapping, or of the front it lies on; None where none was run.
    """

    certificate: Certificate | FrontCertificate | None = None
    _original: CostModelEvaluation | None = None
    """The CME whose terms this one shares."""
    _identity: Identity | None = None

    def __init__(
        self,
        problem: Problem,
        temporal_mapping: TemporalMapping,
        *,
        breakdown: Breakdown | None = None,
        layer: Layer | None = None,
    ) -> None:
        self.problem = problem
        self.layer = layer or problem.layer
        self.accelerator: Accelerator = problem.accelerator
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
        kind: TemporalMappingType = TEMPORAL_MAPPING_TYPE.default,
    ) -> CostModelEvaluation:
        """A light view of one mapping of a priced batch."""
        cme = cls.__new__(cls)
        cme.problem, cme.layer, cme.accelerator = batch.problem, batch.problem.layer, batch.problem.accelerator
        cme._temporal_mapping, cme._batch, cme._index, cme._kind = None, batch, index, kind
        cme._energy, cme._latency = energy_pj, latency_cycles
        return cme

    @property
    def identity(self) -> Identity:
        """The mark that this CME shares with its copies, and with nothing else."""
        if self._identity is None:
            self._identity = Identity()
        return self._identity

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
        """All terms of the price; of copies, worked out once."""
        if self._original is not None:
            return self._original.breakdown
        return evaluate(self.problem, self.temporal_mapping)

    def standalone(self) -> CostModelEvaluation:
        """The same CME free of the batch it came from."""
        cme = CostModelEvaluation(
            self.problem,
            self.temporal_mapping,
            breakdown=self.__dict__.get("breakdown"),
            layer=self.layer,
        )
        cme._original = self._original if self._batch is None else None
        cme._energy, cme._latency, cme.certificate = self._energy, self._latency, self.certificate
        cme._identity = self.identity
        return cme

    def without_batch(self) -> CostModelEvaluation:
        """The same CME, free of the batch it came from."""
        return self if self._batch is None else self.standalone()

    def for_layer(self, layer: Layer) -> CostModelEvaluation:
        """The same price under the name of an identical layer: another CME."""
        cme = self.standalone()
        cme.layer, cme._identity = layer, None
        if self._batch is None:
            cme._original = self._original or self
        return cme

    def __reduce__(self) -> tuple[object, ...]:
        energies = (self._energy, self._latency, self.certificate, self.identity)
        terms = (self.problem, self.temporal_mapping, self.breakdown, self.layer)
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
        return self.problem.skip_repeated_reads

    keep_at_output_pins = access_same_data_considered_as_no_access

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
    def static_energy_pj(self) -> float:
        """The part of the energy that leaks while the layer runs."""
        return self.accelerator.static_pj_per_cycle * self.latency_total2

    @property
    def mac_energy_breakdown(self) -> dict[str, float]:
        """Part of the array -> pJ; ``units`` for an array of plain units, circuits for an in-memory one."""
        return mac_energy_by_part_pj(self.problem, self.temporal_mapping)

    def __str__(self) -> str:
        return f"CostModelEvaluation({self.layer.name}, {self.accelerator.name})"

    __repr__ = __str__


def _restored(
    problem: Problem,
    temporal: TemporalMapping,
    breakdown: Breakdown,
    layer: Layer,
    energy: float | None,
    latency: float | None,
    certificate: Certificate | FrontCertificate | None = None,
    identity: Identity | None = None,
) -> CostModelEvaluation:
    """A CME back from a pickle or a copy."""
    cme = CostModelEvaluation(problem, temporal, breakdown=breakdown, layer=layer)
    cme._energy, cme._latency, cme.certificate, cme._identity = energy, latency, certificate, identity
    return cme


# -- whether the tiles fit the memories that they are pinned to --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CapacityMiss:
    """A memory that is too small.

    Attributes:
        memory: its name.
        missing_bits: how much larger one instance would have to be.
        operands: the layer operands that should fit it together.
    """

    memory: str
    missing_bits: float
    operands: tuple[str, ...]


def capacity_misses(cme: CostModelEvaluation) -> tuple[CapacityMiss, ...]:
    """The memories that are too small for the tiles of a mapping, from inner to outer.

    Outputs count with the precision of partial sums where sums are unfinished. A memory that must be double buffered
    holds the next tile of an operand too, as long as there is another one.
    """
    problem, misses = cme.problem, []
    for index, sharers in enumerate(problem.sharers):
        memory = problem.accelerator.memories[index]
        bits = sum(_tile_bits(cme, op, level) for op, level in sharers)
        if bits > capacity_bits(memory):
            misses.append(CapacityMiss(memory.name, bits - memory.size_bits, tuple(op for op, _ in sharers)))
    return tuple(misses)


def _tile_bits(cme: CostModelEvaluation, operand: str, level: int) -> float:
    problem = cme.problem
    memory = problem.accelerator.memories[problem.memories[operand][level]]
    bits = cme.breakdown.utilisation[operand][level] * memory.size_bits
    if memory.force_double_buffering:
        outside = [dim for loops in cme.temporal_mapping.levels[operand][level + 1 :] for dim, _ in loops]
        if any(dim not in problem.layer.relevancy.irrelevant[operand] for dim in outside):
            return 2 * bits
    return bits
