"""Stages that propose mappings and price them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from zigzag_lab.cost import Certificate, CostModelEvaluation, FrontCertificate, price
from zigzag_lab.cost.kernel import supports
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.mapping.bypass import designs
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import SpatialMapping, UnrolledLoops
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.search.pinned import PinnedLevels
from zigzag_lab.search.spatial import spatial_mappings
from zigzag_lab.search.temporal import temporal_mappings
from zigzag_lab.stages.all_orders import best_order, can_be_merged
from zigzag_lab.stages.feasible import searched_on
from zigzag_lab.stages.order_classes import best_of_classes
from zigzag_lab.stages.replay import replayed
from zigzag_lab.stages.seams import Incumbent, SearchTally
from zigzag_lab.stages.stage import BatchStage, Result, ResultBatch, StageCallable, batches_of
from zigzag_lab.vocab import InfeasibleError, InputError, TemporalMappingType, nearest
from zigzag_lab.workload import Layer

_GIVEN: Mapping[str, type] = {"accelerator": Accelerator, "layer": Layer}
"""What stages below WorkloadStage work on."""


class SpatialMappingConversionStage(BatchStage):
    """Spreads a spatial mapping over the memory levels.

    Keywords: ``layer``, ``accelerator``; ``user_spatial_mapping`` (array dimension -> {loop: unrolling}; by default the
    mapping file's for this layer). Hands down ``spatial_mapping`` (fractional) and ``spatial_mapping_int``. Where
    operands may skip memories, the stages below are run for every choice of those.
    """

    provides = ("layer", "accelerator", "constraints", "spatial_mapping", "spatial_mapping_int", "problem")
    consumes = ("user_spatial_mapping",)
    prepares = True
    requires = _GIVEN
    is_builtin = True
    is_pure = True

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        accelerator: Accelerator,
        layer: Layer,
        constraints: MappingConstraints | None = None,
        user_spatial_mapping: SpatialMapping | dict[str, dict[str, int]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.accelerator, self.layer, self.constraints = accelerator, layer, constraints or MappingConstraints()
        given = self.constraints.spatial_mapping if user_spatial_mapping is None else user_spatial_mapping
        self.spatial_mapping = given if isinstance(given, SpatialMapping) else SpatialMapping(given)

    def batches(self) -> Iterator[ResultBatch]:
        """Yield what the stages below find under this spatial mapping."""
        misses: list[InfeasibleError] = []
        found = False
        for accelerator in designs(self.layer, self.accelerator, self.constraints):
            try:
                for batch in self.batches_on(accelerator):
                    found = True
                    yield batch
            except InfeasibleError as miss:
                misses.append(miss)
        if misses and not found:
            yield from searched_on(self, self.layer.name, min(misses, key=lambda miss: miss.missing_bits))

    def batches_on(self, accelerator: Accelerator) -> Iterator[ResultBatch]:
        """Yield what the stages below find on a design."""
        problem = Problem.of(self.layer, accelerator, self.constraints, self.spatial_mapping)
        yield from batches_of(
            self.substage(
                layer=self.layer,
                accelerator=accelerator,
                constraints=self.constraints,
                spatial_mapping=problem.fractional.loops,
                spatial_mapping_int=problem.integer.loops,
                problem=problem,
            )
        )


class SpatialMappingGeneratorStage(BatchStage):
    """Proposes spatial mappings, and runs the stages below for each.

    Keywords: ``layer``, ``accelerator``; ``nb_mappings_generated``: how many to try (None for all);
    ``enable_mix_spatial_mapping_generation``: whether loops may share an array dimension.
    Yields ``(cme, (spatial_mapping, extra_info))``. A mapping under which nothing fits is passed over, as long as
    another one works. Where operands may skip memories, mappings are proposed for every choice of those.
    """

    provides = SpatialMappingConversionStage.provides
    consumes = (
        "nb_mappings_generated",
        "enable_mix_spatial_mapping_generation",
        "enable_weight_diagonal_mapping",
    )
    prepares = True
    requires = _GIVEN
    is_builtin = True
    is_pure = True

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        accelerator: Accelerator,
        layer: Layer,
        constraints: MappingConstraints | None = None,
        nb_mappings_generated: int | None = 3,
        enable_mix_spatial_mapping_generation: bool = False,
        enable_weight_diagonal_mapping: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.accelerator, self.layer, self.constraints = accelerator, layer, constraints or MappingConstraints()
        self.n_mappings, self.mixed = nb_mappings_generated, enable_mix_spatial_mapping_generation
        if enable_weight_diagonal_mapping:
            raise InputError(
                "enable_weight_diagonal_mapping",
                "weight-diagonal mapping has no effect in ZigZag 3.9.1 and is not supported",
                "False",
            )
        check_count("nb_mappings_generated", nb_mappings_generated)

    def batches(self) -> Iterator[ResultBatch]:
        """Yield what the stages below find under each spatial mapping."""
        misses: list[InfeasibleError] = []
        found = False
        for accelerator, mapping in self._proposals():
            stage = SpatialMappingConversionStage(
                self.list_of_callables,
                accelerator=accelerator,
                layer=self.layer,
                constraints=self.constraints,
                user_spatial_mapping=mapping,
                **self.kwargs,
            )
            try:
                for batch in stage.batches_on(accelerator):
                    found = True
                    yield batch.wrapped(lambda result, m=mapping: (result[0], (m, result[1])))  # type: ignore[misc]
            except InfeasibleError as miss:
                misses.append(miss)
        if misses and not found:
            yield from searched_on(self, self.layer.name, min(misses, key=lambda miss: miss.missing_bits))

    def _proposals(self) -> Iterator[tuple[Accelerator, SpatialMapping]]:
        """Spatial mappings, on every design that the user allows; a choice of skips under which none fits has none."""
        for accelerator in designs(self.layer, self.accelerator, self.constraints):
            try:
                mappings = spatial_mappings(
                    self.layer, accelerator, self.constraints, self.n_mappings, mixed=self.mixed
                )
            except InputError:
                if accelerator is self.accelerator:
                    raise
                continue
            yield from ((accelerator, mapping) for mapping in mappings)


class TemporalMappingGeneratorStage(BatchStage):
    """LOMA: proposes the orders of the temporal loops that fit the memories.

    Keywords: ``layer``, ``accelerator``, ``spatial_mapping``; ``loma_lpf_limit``: the most loop prime factors to
    reorder (None for all: where a stage above wants the best only, equal beginnings of orders are merged, one mapping
    is yielded, and ``cme.certificate`` says what was proven); ``temporal_mapping_type``: ``uneven`` (default) or
    ``even``; ``user_temporal_mapping``: operand -> loops per memory, a mapping from elsewhere to be priced instead of
    searching (by default the mapping file's ``temporal_mapping`` for this layer). Yields
    ``(cme, (temporal_mapping, extra_info))``.
    """

    provides: ClassVar[tuple[str, ...]] = (
        "layer",
        "accelerator",
        "spatial_mapping",
        "constraints",
        "temporal_mapping",
        "temporal_mapping_type",
        "problem",
        "tally",
    )
    consumes: ClassVar[tuple[str, ...]] = (
        "loma_lpf_limit",
        "loma_show_progress_bar",
        "user_temporal_mapping",
        "to_beat",
    )
    requires: ClassVar[Mapping[str, type]] = {**_GIVEN, "spatial_mapping": UnrolledLoops}
    changes_nothing: ClassVar[tuple[str, ...]] = ("loma_show_progress_bar",)
    is_builtin = True
    is_pure = True

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
        loma_lpf_limit: int | None = None,
        loma_show_progress_bar: bool = False,
        user_temporal_mapping: PinnedLevels | None = None,
        tally: SearchTally | None = None,
        to_beat: Incumbent | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.wanted = None if to_beat is None else to_beat.objective
        self.certificate: Certificate | FrontCertificate | None = None
        self.pinned = user_temporal_mapping
        same = _same_problem(problem, layer, accelerator, constraints, spatial_mapping, spatial_mapping_int)
        is_skipping = self.kwargs.get("access_same_data_considered_as_no_access", True)
        self.problem = same.with_repeated_reads(skipped=is_skipping)
        self.kind = kind_of_mapping(temporal_mapping_type)
        check_count("loma_lpf_limit", loma_lpf_limit)
        self.lpf_limit, self.show_progress = loma_lpf_limit, loma_show_progress_bar
        self.tally = tally or SearchTally()

    def batches(self) -> Iterator[ResultBatch]:
        """Yield the prices of all mappings proposed, in batches, with what is proven of them."""
        for batch in self._priced():
            yield batch.wrapped(self._certified)

    def _certified(self, result: Result) -> Result:
        if self.certificate is not None:
            result[0].certificate = self.certificate  # type: ignore[attr-defined]
        return result

    def _priced(self) -> Iterator[ResultBatch]:
        takes_batches = getattr(self.list_of_callables[0], "takes_batches", False)
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
        """The user's mapping where there is one, else what the search finds."""
        if self.pinned is not None:
            yield replayed(self.problem, self.pinned, self.kind)
        elif self.problem.constraints.temporal_mapping:
            where = f"mapping entry '{self.problem.constraints.name}': temporal_mapping"
            yield replayed(self.problem, self.problem.constraints.temporal_mapping, self.kind, where)
        else:
            yield from self.searched()

    def searched(self) -> Iterator[MappingBatch]:
        """All orders that fit, in batches; where only the best is wanted and they are many, that one alone."""
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


LomaStage = TemporalMappingGeneratorStage


class CostModelStage(BatchStage):
    """Prices mappings; the last stage of every list.

    Keywords: ``layer``, ``accelerator``, ``spatial_mapping``, ``spatial_mapping_int``, ``temporal_mapping`` (one, or a
    batch of them); ``access_same_data_considered_as_no_access``: whether inputs that the array reads again and again
    are read from the innermost memory once. Yields ``(cme, None)``.
    """

    requires: ClassVar[Mapping[str, type]] = {**_GIVEN, "spatial_mapping": UnrolledLoops}
    takes_batches = True
    is_builtin = True
    is_pure = True

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        accelerator: Accelerator,
        layer: Layer,
        spatial_mapping: UnrolledLoops,
        temporal_mapping: TemporalMapping | MappingBatch,
        spatial_mapping_int: UnrolledLoops | None = None,
        constraints: MappingConstraints | None = None,
        problem: Problem | None = None,
        temporal_mapping_type: TemporalMappingType | str = TemporalMappingType.UNEVEN,
        access_same_data_considered_as_no_access: bool = True,
        tally: SearchTally | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        same = _same_problem(problem, layer, accelerator, constraints, spatial_mapping, spatial_mapping_int)
        self.problem = same.with_repeated_reads(skipped=access_same_data_considered_as_no_access)
        self.temporal_mapping = temporal_mapping
        self.kind = kind_of_mapping(temporal_mapping_type)
        self.tally = tally or SearchTally()

    def is_leaf(self) -> bool:
        """Nothing stands below."""
        return True

    def batches(self) -> Iterator[ResultBatch]:
        """Yield the prices."""
        if isinstance(self.temporal_mapping, TemporalMapping):
            self.tally.n_mappings_evaluated += 1
            yield ResultBatch.of((self._price_one(self.temporal_mapping), None))
            return
        batch = self._skipping(self.temporal_mapping)
        self.tally.n_mappings_evaluated += len(batch)
        if supports(self.problem):
            prices = price(batch)
            energy, latency = prices.energy_pj, prices.latency_cycles
        else:
            cmes = [self._price_one(self._mapping(batch, i)) for i in range(len(batch))]
            energy = np.array([cme.energy_total for cme in cmes])
            latency = np.array([cme.latency_total2 for cme in cmes])
        yield ResultBatch(
            energy,
            latency,
            lambda i: (CostModelEvaluation.view(batch, i, float(energy[i]), float(latency[i]), kind=self.kind), None),
        )

    def _skipping(self, batch: MappingBatch) -> MappingBatch:
        """The batch with repeated reads skipped or not, as this stage is asked."""
        return batch.under(batch.problem.with_repeated_reads(skipped=self.problem.skip_repeated_reads))

    def _mapping(self, batch: MappingBatch, index: int) -> TemporalMapping:
        return TemporalMapping.of(batch.problem.layer, batch.allocated(index), self.kind)

    def _price_one(self, mapping: TemporalMapping) -> CostModelEvaluation:
        return CostModelEvaluation(self.problem, mapping)


def check_count(name: str, value: int | None) -> None:
    """Refuse what is no whole number from 1 on, nor None, which stands for all."""
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise InputError(name, f"found {value!r}", "a whole number of at least 1, or None for all")


def kind_of_mapping(text: TemporalMappingType | str) -> TemporalMappingType:
    """Uneven or even, from the enum or its value."""
    names = [kind.value for kind in TemporalMappingType]
    if str(text).lower() not in names:
        raise InputError("temporal_mapping_type", f"found {text!r}", " or ".join(names), nearest(str(text), names))
    return TemporalMappingType(str(text).lower())


def _same_problem(
    problem: Problem | None,
    layer: Layer,
    accelerator: Accelerator,
    constraints: MappingConstraints | None,
    fractional: UnrolledLoops,
    integer: UnrolledLoops | None,
) -> Problem:
    """The prepared problem, if no stage in between has changed what it was prepared from."""
    if problem is not None:
        same = problem.layer is layer and problem.accelerator is accelerator
        if same and problem.fractional.loops is fractional and integer in (None, problem.integer.loops):
            return problem
    return Problem.of_unrolled(
        layer, accelerator, constraints or MappingConstraints(), fractional, integer or fractional
    )
