"""Cost-model evaluations (CMEs): the price of one mapping.

A CME that comes out of a search is a light view: it knows its energy and latency, and works out everything else when
asked. Pickled, copied or added, it stands on its own. ZigZag's attribute names (``energy_total``, ``latency_total2``,
``mem_energy_breakdown``...) are readable next to ours, so that its users' scripts work.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from zigzag_lab.cost.breakdown import Breakdown
from zigzag_lab.cost.certificate import Certificate, FrontCertificate
from zigzag_lab.cost.scalar import evaluate
from zigzag_lab.cost.static import mac_energy_by_part_pj
from zigzag_lab.cost.sums import CostModelEvaluationABC
from zigzag_lab.cost.zigzag_names import ZigzagNames
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import UnrolledLoops
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.vocab import TemporalMappingType, ZigzagLabError
from zigzag_lab.workload import Layer


class Identity:
    """Tells one CME from all others: its copies, views of it and what comes back of it from a pickle share it.

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


class CostModelEvaluation(ZigzagNames, CostModelEvaluationABC):
    """The price of one layer under one mapping.

    Args:
        problem: the layer, the accelerator and the spatial mapping.
        temporal_mapping: the temporal mapping.
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
        kind: TemporalMappingType = TemporalMappingType.UNEVEN,
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
