"""Stages that propose spatial mappings.

Where a greedy search fits nothing under any of them, exact search looks on, under the same ones.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property

from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.bypass import designs
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import SpatialMapping
from zigzag_lab.search.spatial import spatial_mappings
from zigzag_lab.stages.exact import ExactStage
from zigzag_lab.stages.keywords import LAYER_RECORDS, check_count, keywords_of
from zigzag_lab.stages.methods import SEARCH_METHODS
from zigzag_lab.stages.protocols import SearchTally
from zigzag_lab.stages.spec import StageSpec
from zigzag_lab.stages.stage import BatchStage, ResultBatch, StageCallable, batches_of, builtin
from zigzag_lab.stages.temporal import TemporalOrderingConversionStage
from zigzag_lab.vocab import InfeasibleError, InputError, Objective
from zigzag_lab.vocab.options import MIX_SPATIAL, N_SPATIAL_MAPPINGS, OBJECTIVE, TEMPORAL_MAPPING_TYPE, TIME_LIMIT
from zigzag_lab.workload import Layer

log = logging.getLogger(__name__)

_PROVIDES = ("layer", "accelerator", "constraints", "spatial_mapping", "spatial_mapping_int", "problem")


class _SpatialStage(BatchStage):
    """What stages have in common that run those below under spatial mappings, on every design that the user allows."""

    layer: Layer
    constraints: MappingConstraints

    @abstractmethod
    def tried(self, n: int) -> str:
        """What was tried, as the end of a sentence; there were ``n`` spatial mappings, on all designs together."""

    @property
    def more(self) -> str:
        """What else could be tried, as a sentence; nothing where that was all."""
        return ""

    @property
    def mappings(self) -> str:
        """Which temporal mappings are wanted, in words."""
        kind = TEMPORAL_MAPPING_TYPE.checked(
            self.kwargs.get(TEMPORAL_MAPPING_TYPE.keyword, TEMPORAL_MAPPING_TYPE.default)
        )
        return f"{kind} mapping" + (" in the wanted order of loops" if self.constraints.temporal_ordering else "")


@builtin
class SpatialMappingGeneratorStage(_SpatialStage):
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

    def tried(self, n: int) -> str:
        """What was tried: some spatial mappings, or all that the mapping file and the options allow."""
        what = "spatial mapping" if n == 1 else f"{n} spatial mappings"
        if len(list(designs(self.layer, self.accelerator, self.constraints))) > 1:
            what = f"{n} choices of spatial mapping and skipped memories"
        if self.are_more:
            return f"the {what} tried"
        return f"the {'only ' if n == 1 else ''}{what} allowed"

    @cached_property
    def are_more(self) -> bool:
        """Whether there are more spatial mappings than were tried."""
        n_tried = len(list(self._proposals()))
        return self.n_mappings is not None and len(list(self._proposals(n_tried + 1))) > n_tried

    @property
    def more(self) -> str:
        """Other spatial mappings, if there are any."""
        return f"Or try more spatial mappings: {N_SPATIAL_MAPPINGS.flag} all." if self.are_more else ""

    def batches(self) -> Iterator[ResultBatch]:
        """Yield what the stages below find under each spatial mapping."""
        return _tried(self, (self._under(mapping, design) for design, mapping in self._proposals()))

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

    def _proposals(self, at_least: int = 0) -> Iterator[tuple[Accelerator, SpatialMapping]]:
        """Spatial mappings, on every design that the user allows; a choice of skips under which none fits has none.

        As many of each as the user wants, and at least so many if there are.
        """
        n = None if self.n_mappings is None else max(at_least, self.n_mappings)
        for accelerator in designs(self.layer, self.accelerator, self.constraints):
            try:
                mappings = spatial_mappings(self.layer, accelerator, self.constraints, n, mixed=self.mixed)
            except InputError:
                if accelerator is self.accelerator:
                    raise
                continue
            yield from ((accelerator, mapping) for mapping in mappings)


@builtin
class SpatialMappingConversionStage(_SpatialStage):
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
        return _tried(self, map(self.batches_on, allowed))

    def tried(self, n: int) -> str:
        """What was tried: one spatial mapping."""
        choices = f" with each of {n} choices of skipped memories" if n > 1 else ""
        return f"the given spatial mapping{choices}"

    def batches_on(self, accelerator: Accelerator) -> Iterator[ResultBatch]:
        """Yield what the stages below find on a design."""
        problem = Problem.of(self.layer, accelerator, self.constraints, self.spatial_mapping)
        yield from batches_of(self.substage(**keywords_of(problem)))


def _tried(stage: _SpatialStage, attempts: Iterable[Iterator[ResultBatch]]) -> Iterator[ResultBatch]:
    """Yield what attempts find; one that fits nothing is passed over, as long as another one works.

    Raises:
        InfeasibleError: none does, and exact search knows of nothing either.
    """
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
        nearest = min(misses, key=lambda miss: miss.missing_bits)
        if not is_greedy(stage):
            raise _concluded(nearest, misses, stage)
        yield from searched_on(stage, nearest)


def is_greedy(stage: _SpatialStage) -> bool:
    """Whether what stands below a stage fills the lowest memories first, so that it may miss what fits."""
    is_given = stage.constraints.temporal_mapping or stage.kwargs.get("user_temporal_mapping") is not None
    return not is_given and any(below in _greedy_stages() for below in stage.list_of_callables)


def _greedy_stages() -> list[object]:
    return [TemporalOrderingConversionStage, *(m.stage for m in SEARCH_METHODS.values() if m.is_greedy)]


def searched_on(stage: _SpatialStage, miss: InfeasibleError) -> Iterator[ResultBatch]:
    """Yield what exact search finds below a stage that proposes spatial mappings, after greedy search found nothing.

    Greedy searches fill the lowest memories first, after which the rest may not fit above; ZigZag stops there. Exact
    search looks at every allocation, under the same spatial mappings and of the same kind and order, for as long as it
    does by default.

    Raises:
        InfeasibleError: nothing fits; whether that is proven is part of its reason.
    """
    again = copy(stage)
    greedy = _greedy_stages()
    again.list_of_callables = [ExactStage if below in greedy else below for below in stage.list_of_callables]
    wanted = (getattr(below, "objective", None) for below in stage.list_of_callables)
    objective = next((one for one in wanted if isinstance(one, Objective)), OBJECTIVE.default)
    again.kwargs = {**stage.kwargs, "exact_objective": objective, TIME_LIMIT.keyword: TIME_LIMIT.default}
    order = again.kwargs.pop("user_temporal_ordering", None)
    if isinstance(order, Sequence):
        again.constraints = replace(stage.constraints, temporal_ordering=tuple((dim, size) for dim, size in order))
    found = False
    for batch in again.batches():
        found = found or _warned(stage, miss)
        yield batch
    if not found:
        raise miss


def _warned(stage: _SpatialStage, miss: InfeasibleError) -> bool:
    """Put on record what ZigZag would have ended with."""
    warning = (
        f"layer {stage.layer.name}: no greedy allocation fits, as ZigZag searches ({miss.reason}); "
        "its mapping was found by exact search"
    )
    sink, tally = stage.kwargs.get("sink"), stage.kwargs.get("tally")
    if hasattr(sink, "warn"):
        sink.warn(warning)
    if isinstance(tally, SearchTally) and tally.warnings is not None:
        tally.warnings.append(warning)
    else:
        log.warning("%s", warning)
    return True


def _concluded(nearest: InfeasibleError, misses: Sequence[InfeasibleError], stage: _SpatialStage) -> InfeasibleError:
    """The nearest miss, with what is known of all: whether it is proven that nothing fits, and of which mappings."""
    known = [miss.is_proven for miss in misses]
    if None in known:
        return nearest
    tried, hint, is_proven = stage.tried(len(misses)), nearest.hint, all(known)
    if is_proven:
        verdict = f"infeasible, proven: no {stage.mappings} fits under {tried}"
    else:
        limit = stage.kwargs.get(TIME_LIMIT.keyword, TIME_LIMIT.default)
        within = f", in {limit:g} s of exact search for each" if isinstance(limit, (int, float)) else ""
        verdict = f"not proven: no {stage.mappings} was found under {tried}{within}"
    hint = f"{hint} {stage.more}".strip()
    reason = f"{nearest.reason.rstrip('.')}; {verdict}"
    return InfeasibleError(nearest.layer, reason, hint, nearest.missing_bits, is_proven)
