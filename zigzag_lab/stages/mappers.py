"""Stages that propose mappings and price them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from zigzag_lab.cost import CostModelEvaluation, price
from zigzag_lab.cost.kernel import supports
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import MappingBatch, Problem
from zigzag_lab.mapping.spatial import SpatialMapping, UnrolledLoops
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.search.spatial import spatial_mappings
from zigzag_lab.search.temporal import temporal_mappings
from zigzag_lab.stages.seams import SearchTally
from zigzag_lab.stages.stage import BatchStage, ResultBatch, StageCallable, batches_of
from zigzag_lab.vocab import InfeasibleError, InputError, TemporalMappingType
from zigzag_lab.workload import Layer


class SpatialMappingConversionStage(BatchStage):
    """Spreads a spatial mapping over the memory levels.

    Keywords: ``layer``, ``accelerator``; ``user_spatial_mapping`` (array dimension -> {loop: unrolling}; by default the
    mapping file's for this layer). Hands down ``spatial_mapping`` (fractional) and ``spatial_mapping_int``.
    """

    provides = ("layer", "accelerator", "constraints", "spatial_mapping", "spatial_mapping_int", "problem")
    consumes = ("user_spatial_mapping",)
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
        problem = Problem.of(self.layer, self.accelerator, self.constraints, self.spatial_mapping)
        yield from batches_of(
            self.substage(
                layer=self.layer,
                accelerator=self.accelerator,
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
    another one works.
    """

    provides = SpatialMappingConversionStage.provides
    consumes = (
        "nb_mappings_generated",
        "enable_mix_spatial_mapping_generation",
        "enable_weight_diagonal_mapping",
    )
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
        if nb_mappings_generated is not None and nb_mappings_generated < 1:
            raise InputError("nb_mappings_generated", str(nb_mappings_generated), "at least 1, or None for all")

    def batches(self) -> Iterator[ResultBatch]:
        """Yield what the stages below find under each spatial mapping."""
        misses: list[InfeasibleError] = []
        found = False
        mappings = spatial_mappings(self.layer, self.accelerator, self.constraints, self.n_mappings, mixed=self.mixed)
        for mapping in mappings:
            stage = SpatialMappingConversionStage(
                self.list_of_callables,
                accelerator=self.accelerator,
                layer=self.layer,
                constraints=self.constraints,
                user_spatial_mapping=mapping,
                **self.kwargs,
            )
            try:
                for batch in batches_of(stage):
                    found = True
                    yield batch.wrapped(lambda result, m=mapping: (result[0], (m, result[1])))  # type: ignore[misc]
            except InfeasibleError as miss:
                misses.append(miss)
        if misses and not found:
            raise misses[0]


class TemporalMappingGeneratorStage(BatchStage):
    """LOMA: proposes the orders of the temporal loops that fit the memories.

    Keywords: ``layer``, ``accelerator``, ``spatial_mapping``; ``loma_lpf_limit``: the most loop prime factors to
    reorder (None for all); ``temporal_mapping_type``: ``uneven`` (default) or ``even``.
    Yields ``(cme, (temporal_mapping, extra_info))``.
    """

    provides = ("layer", "accelerator", "spatial_mapping", "constraints", "temporal_mapping", "problem", "tally")
    consumes = ("loma_lpf_limit", "loma_show_progress_bar", "temporal_mapping_type")
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
        tally: SearchTally | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.problem = _same_problem(problem, layer, accelerator, constraints, spatial_mapping, spatial_mapping_int)
        self.kind = TemporalMappingType(temporal_mapping_type)
        self.lpf_limit, self.show_progress = loma_lpf_limit, loma_show_progress_bar
        self.tally = tally or SearchTally()

    def batches(self) -> Iterator[ResultBatch]:
        """Yield the prices of all orders that fit, in batches."""
        takes_batches = getattr(self.list_of_callables[0], "takes_batches", False)
        for batch in temporal_mappings(self.problem, self.lpf_limit, self.kind):
            if takes_batches:
                for priced in batches_of(self._stage(batch)):
                    yield priced.wrapped(lambda result: (result[0], (result[0].temporal_mapping, result[1])))  # type: ignore[attr-defined]
            else:
                for index in range(len(batch)):
                    mapping = TemporalMapping.of(self.problem.layer, batch.allocated(index), self.kind)
                    for priced in batches_of(self._stage(mapping)):
                        yield priced.wrapped(lambda result, m=mapping: (result[0], (m, result[1])))  # type: ignore[misc]

    def _stage(self, mapping: MappingBatch | TemporalMapping) -> Any:
        return self.substage(
            layer=self.problem.layer,
            accelerator=self.problem.accelerator,
            constraints=self.problem.constraints,
            spatial_mapping=self.problem.fractional.loops,
            spatial_mapping_int=self.problem.integer.loops,
            temporal_mapping=mapping,
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
        access_same_data_considered_as_no_access: bool = True,
        tally: SearchTally | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.problem = _same_problem(problem, layer, accelerator, constraints, spatial_mapping, spatial_mapping_int)
        self.temporal_mapping = temporal_mapping
        self.keep_at_output_pins = access_same_data_considered_as_no_access
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
        batch = self.temporal_mapping
        self.tally.n_mappings_evaluated += len(batch)
        if supports(self.problem):
            prices = price(batch, keep_at_output_pins=self.keep_at_output_pins)
            energy, latency = prices.energy_pj, prices.latency_cycles
        else:
            cmes = [
                self._price_one(TemporalMapping.of(batch.problem.layer, batch.allocated(i))) for i in range(len(batch))
            ]
            energy = np.array([cme.energy_total for cme in cmes])
            latency = np.array([cme.latency_total2 for cme in cmes])
        yield ResultBatch(
            energy,
            latency,
            lambda i: (
                CostModelEvaluation.view(
                    batch, i, float(energy[i]), float(latency[i]), keep_at_output_pins=self.keep_at_output_pins
                ),
                None,
            ),
        )

    def _price_one(self, mapping: TemporalMapping) -> CostModelEvaluation:
        return CostModelEvaluation(self.problem, mapping, keep_at_output_pins=self.keep_at_output_pins)


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
