"""Stages that propose spatial mappings.

Where a greedy search fits nothing under any of them, exact search may know one that fits.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from copy import copy

from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.bypass import designs
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import SpatialMapping
from zigzag_lab.search.spatial import spatial_mappings
from zigzag_lab.stages.exact import ExactStage
from zigzag_lab.stages.keywords import LAYER_RECORDS, check_count, keywords_of
from zigzag_lab.stages.methods import SEARCH_METHODS
from zigzag_lab.stages.spec import StageSpec
from zigzag_lab.stages.stage import BatchStage, ResultBatch, StageCallable, batches_of, builtin
from zigzag_lab.vocab import InfeasibleError, InputError, Objective, TemporalMappingType
from zigzag_lab.vocab.options import MIX_SPATIAL, N_SPATIAL_MAPPINGS, OBJECTIVE, TEMPORAL_MAPPING_TYPE, TIME_LIMIT
from zigzag_lab.workload import Layer

log = logging.getLogger(__name__)

_PROVIDES = ("layer", "accelerator", "constraints", "spatial_mapping", "spatial_mapping_int", "problem")


@builtin
class SpatialMappingGeneratorStage(BatchStage):
    """Proposes spatial mappings, and runs the stages below for each.

    Keywords: ``layer``, ``accelerator``; ``nb_mappings_generated``: how many to try (None for all);
    ``enable_mix_spatial_mapping_generation``: whether loops may share an array dimension.
    Yields ``(cme, (spatial_mapping, extra_info))``. A mapping under which nothing fits is passed over, as long as
    another one works. Where operands may skip memories, mappings are proposed for every choice of those.
    """

    declares = StageSpec(provides=_PROVIDES, requires=LAYER_RECORDS, is_pure=True, prepares=True)

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        accelerator: Accelerator,
        layer: Layer,
        constraints: MappingConstraints | None = None,
        nb_mappings_generated: int | None = N_SPATIAL_MAPPINGS.default,
        enable_mix_spatial_mapping_generation: bool = MIX_SPATIAL.default,
        enable_weight_diagonal_mapping: bool = False,
        **kwargs: object,
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
        return _tried(self, self.layer, (self._under(mapping, design) for design, mapping in self._proposals()))

    def _under(self, mapping: SpatialMapping, accelerator: Accelerator) -> Iterator[ResultBatch]:
        stage = SpatialMappingConversionStage(
            self.list_of_callables,
            accelerator=accelerator,
            layer=self.layer,
            constraints=self.constraints,
            user_spatial_mapping=mapping,
            **self.kwargs,
        )
        for batch in stage.batches_on(accelerator):
            yield batch.wrapped(lambda result: (result[0], (mapping, result[1])))

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


@builtin
class SpatialMappingConversionStage(BatchStage):
    """Spreads a spatial mapping over the memory levels.

    Keywords: ``layer``, ``accelerator``; ``user_spatial_mapping`` (array dimension -> {loop: unrolling}; by default the
    mapping file's for this layer). Hands down ``spatial_mapping`` (fractional) and ``spatial_mapping_int``. Where
    operands may skip memories, the stages below are run for every choice of those.
    """

    declares = StageSpec(
        provides=_PROVIDES,
        requires=LAYER_RECORDS,
        is_pure=True,
        prepares=True,
    )

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        accelerator: Accelerator,
        layer: Layer,
        constraints: MappingConstraints | None = None,
        user_spatial_mapping: SpatialMapping | dict[str, dict[str, int]] | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.accelerator, self.layer, self.constraints = accelerator, layer, constraints or MappingConstraints()
        given = self.constraints.spatial_mapping if user_spatial_mapping is None else user_spatial_mapping
        self.spatial_mapping = given if isinstance(given, SpatialMapping) else SpatialMapping(given)

    def batches(self) -> Iterator[ResultBatch]:
        """Yield what the stages below find under this spatial mapping."""
        allowed = designs(self.layer, self.accelerator, self.constraints)
        return _tried(self, self.layer, map(self.batches_on, allowed))

    def batches_on(self, accelerator: Accelerator) -> Iterator[ResultBatch]:
        """Yield what the stages below find on a design."""
        problem = Problem.of(self.layer, accelerator, self.constraints, self.spatial_mapping)
        yield from batches_of(self.substage(**keywords_of(problem)))


def _tried(stage: BatchStage, layer: Layer, attempts: Iterable[Iterator[ResultBatch]]) -> Iterator[ResultBatch]:
    """Yield what attempts find; one that fits nothing is passed over, as long as another one works."""
    misses: list[InfeasibleError] = []
    found = False
    for attempt in attempts:
        try:
            for batch in attempt:
                found = True
                yield batch
        except InfeasibleError as miss:
            misses.append(miss)
    if misses and not found:
        yield from searched_on(stage, layer.name, min(misses, key=lambda miss: miss.missing_bits))


def searched_on(stage: BatchStage, layer: str, miss: InfeasibleError) -> Iterator[ResultBatch]:
    """Yield what exact search finds below a stage that proposes spatial mappings, after greedy search found nothing.

    Greedy searches fill the lowest memories first, after which the rest may not fit above; ZigZag stops there. Exact
    search looks at every allocation, under the same spatial mappings, for as long as it does by default.

    Raises:
        InfeasibleError: nothing fits, or the list below is not one of a greedy search for uneven mappings.
    """
    kind = str(stage.kwargs.get(TEMPORAL_MAPPING_TYPE.keyword, TEMPORAL_MAPPING_TYPE.default)).lower()
    greedy = [method.stage for method in SEARCH_METHODS.values() if method.is_greedy]
    if kind != TemporalMappingType.UNEVEN or not any(below in greedy for below in stage.list_of_callables):
        raise miss
    again = copy(stage)
    again.list_of_callables = [ExactStage if below in greedy else below for below in stage.list_of_callables]
    wanted = (getattr(below, "objective", None) for below in stage.list_of_callables)
    objective = next((one for one in wanted if isinstance(one, Objective)), OBJECTIVE.default)
    again.kwargs = {**stage.kwargs, "exact_objective": objective, TIME_LIMIT.keyword: TIME_LIMIT.default}
    found = False
    try:
        for batch in again.batches():
            found = found or _warned(stage.kwargs.get("sink"), layer)
            yield batch
    except InfeasibleError:
        raise miss from None
    if not found:
        raise miss


def _warned(sink: object, layer: str) -> bool:
    warning = f"layer {layer}: no greedy allocation fits, as ZigZag searches; its mapping was found by exact search"
    if hasattr(sink, "warn"):
        sink.warn(warning)
    log.warning("%s", warning)
    return True
