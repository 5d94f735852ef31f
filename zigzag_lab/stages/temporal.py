"""Searches of temporal mappings: their common base, and LOMA, the one that ZigZag uses by default."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any

from zigzag_lab.cost import Certificate, CostModelEvaluation, FrontCertificate
from zigzag_lab.cost.capacity import capacity_misses
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import UnrolledLoops
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.search.pinned import PinnedLevels, pinned_mapping
from zigzag_lab.search.temporal import temporal_mappings
from zigzag_lab.stages.keywords import UNROLLED_RECORDS, check_count, kind_of_mapping, problem_of
from zigzag_lab.stages.order_classes import best_of_classes, best_order, can_be_merged
from zigzag_lab.stages.protocols import Incumbent, SearchTally
from zigzag_lab.stages.spec import StageSpec, spec_of
from zigzag_lab.stages.stage import BatchStage, Result, ResultBatch, StageCallable, batches_of, builtin
from zigzag_lab.vocab import InfeasibleError, TemporalMappingType
from zigzag_lab.workload import Layer

PROVIDES = (
    *("layer", "accelerator", "spatial_mapping", "spatial_mapping_int", "constraints"),
    *("temporal_mapping", "temporal_mapping_type", "problem", "tally"),
)


class TemporalSearchStage(BatchStage):
    """Proposes temporal mappings, and runs the stages below for each batch of them.

    A search is a subclass with :meth:`searched`, and a constructor that names the keywords which it alone reads. One
    that scripts written for ZigZag give whatever the search, and that it makes no use of, has the default
    :data:`zigzag_lab.stages.signature.WITHOUT_EFFECT`: it is accepted with a warning.

    Keywords: ``layer``, ``accelerator``, ``spatial_mapping``; ``temporal_mapping_type``: ``uneven`` (default) or
    ``even``; ``user_temporal_mapping``: operand -> loops per memory, a mapping from elsewhere to be priced instead of
    searching (by default the mapping file's ``temporal_mapping`` for this layer); ``loma_show_progress_bar``: accepted
    by all searches, which take milliseconds. Yields ``(cme, (temporal_mapping, extra_info))``.
    """

    declares = StageSpec(provides=PROVIDES, requires=UNROLLED_RECORDS, changes_nothing=("loma_show_progress_bar",))

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        accelerator: Accelerator,
        layer: Layer,
        spatial_mapping: UnrolledLoops,
        spatial_mapping_int: UnrolledLoops | None = None,
        constraints: MappingConstraints | None = None,
        problem: Problem | None = None,
        temporal_mapping_type: TemporalMappingType | str = TemporalMappingType.UNEVEN,
        loma_show_progress_bar: bool = False,
        user_temporal_mapping: PinnedLevels | None = None,
        tally: SearchTally | None = None,
        to_beat: Incumbent | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        same = problem_of(problem, layer, accelerator, constraints, spatial_mapping, spatial_mapping_int)
        is_skipping = self.kwargs.get("access_same_data_considered_as_no_access", True)
        self.problem = same.with_repeated_reads(skipped=is_skipping)
        self.kind, self.pinned = kind_of_mapping(temporal_mapping_type), user_temporal_mapping
        self.tally, self.incumbent = tally or SearchTally(), to_beat
        self.certificate: Certificate | FrontCertificate | None = None

    @abstractmethod
    def searched(self) -> Iterator[MappingBatch]:
        """Yield the mappings that the search finds; what is proven of them goes to ``certificate``."""

    def batches(self) -> Iterator[ResultBatch]:
        """Yield the prices of all mappings proposed, in batches, with what is proven of them."""
        for batch in self._priced():
            yield batch.wrapped(self._certified)

    def _certified(self, result: Result) -> Result:
        if self.certificate is not None:
            result[0].certificate = self.certificate  # type: ignore[attr-defined]
        return result

    def _priced(self) -> Iterator[ResultBatch]:
        takes_batches = spec_of(self.list_of_callables[0]).takes_batches
        for batch in self.proposals():
            if isinstance(batch, TemporalMapping):
                for priced in batches_of(self._stage(batch)):
                    yield priced.wrapped(lambda result, m=batch: (result[0], (m, result[1])))  # type: ignore[misc]
            elif takes_batches:
                for priced in batches_of(self._stage(batch)):
                    yield priced.wrapped(lambda result: (result[0], (result[0].temporal_mapping, result[1])))  # type: ignore[attr-defined]
            else:
                for index in range(len(batch)):
                    mapping = TemporalMapping.of(self.problem.layer, batch.allocated(index), self.kind)
                    for priced in batches_of(self._stage(mapping)):
                        yield priced.wrapped(lambda result, m=mapping: (result[0], (m, result[1])))  # type: ignore[misc]

    def proposals(self) -> Iterator[MappingBatch | TemporalMapping]:
        """Yield the user's mapping where there is one, else what the search finds."""
        if self.pinned is not None:
            yield _pinned(self.problem, self.pinned, self.kind, "user_temporal_mapping")
        elif self.problem.constraints.temporal_mapping:
            where = f"mapping entry '{self.problem.constraints.name}': temporal_mapping"
            yield _pinned(self.problem, self.problem.constraints.temporal_mapping, self.kind, where)
        else:
            yield from self.searched()

    def _stage(self, mapping: MappingBatch | TemporalMapping) -> Any:
        return self.substage(
            layer=self.problem.layer,
            accelerator=self.problem.accelerator,
            constraints=self.problem.constraints,
            spatial_mapping=self.problem.fractional.loops,
            spatial_mapping_int=self.problem.integer.loops,
            temporal_mapping=mapping,
            temporal_mapping_type=self.kind,
            problem=self.problem,
            tally=self.tally,
        )


@builtin
class TemporalMappingGeneratorStage(TemporalSearchStage):
    """LOMA: proposes the orders of the temporal loops that fit the memories.

    Keywords: ``layer``, ``accelerator``, ``spatial_mapping``; ``loma_lpf_limit``: the most loop prime factors to
    reorder (None for all: where a stage above wants the best only, equal beginnings of orders are merged, one mapping
    is yielded, and ``cme.certificate`` says what was proven); ``temporal_mapping_type``: ``uneven`` (default) or
    ``even``; ``user_temporal_mapping``: operand -> loops per memory, a mapping from elsewhere to be priced instead of
    searching (by default the mapping file's ``temporal_mapping`` for this layer). Yields
    ``(cme, (temporal_mapping, extra_info))``.
    """

    declares = StageSpec(is_pure=True)

    def __init__(
        self, list_of_callables: Sequence[StageCallable], *, loma_lpf_limit: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        check_count("loma_lpf_limit", loma_lpf_limit)
        self.lpf_limit = loma_lpf_limit
        self.wanted = None if self.incumbent is None else self.incumbent.objective

    def searched(self) -> Iterator[MappingBatch]:
        """Yield all orders that fit, in batches; where only the best is wanted and they are many, that one alone."""
        if self.lpf_limit is None and self.wanted is not None and can_be_merged(self.problem, self.kind):
            best, self.certificate = best_order(self.problem, self.wanted)
            self.tally.n_mappings_evaluated += self.certificate.n_priced
            yield best
            return
        if self.wanted is not None:
            found = best_of_classes(self.problem, self.lpf_limit, self.wanted, self.kind)
            if found is not None:
                self.tally.n_mappings_evaluated += found.n_orders - 1
                yield found.batch
                return
        yield from temporal_mappings(self.problem, self.lpf_limit, self.kind)


LomaStage = TemporalMappingGeneratorStage


def _pinned(problem: Problem, levels: PinnedLevels, kind: TemporalMappingType, where: str) -> TemporalMapping:
    """Return a mapping from elsewhere, checked against the layer and the sizes of the memories.

    Raises:
        InputError: it is not of this layer and this accelerator.
        InfeasibleError: it does not belong to the spatial mapping, or a memory is too small for it.
    """
    mapping = pinned_mapping(problem, levels, kind, where)
    misses = capacity_misses(CostModelEvaluation(problem, mapping))
    if misses:
        found = "; ".join(
            f"memory {m.memory} is {ceil(m.missing_bits):,} bits too small for {' and '.join(m.operands)}"
            for m in misses
        )
        raise InfeasibleError(
            problem.layer.name,
            f"{found} in the temporal mapping of {where} under the spatial mapping {problem.spatial_mapping}",
            "Keep fewer loops there, or enlarge the memory.",
        )
    return mapping
