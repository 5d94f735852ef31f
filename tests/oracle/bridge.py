"""Questions to zigzag-dse 3.9.1, asked and answered in our records and plain data.

Spatial mappings are in the generator's form, {array dimension: {loop dimension: unrolling}}; loops of levels are
{layer operand: [[(dimension, size), ...], ...]}, innermost level and innermost loop first. What the reference raises
while it prices is an answer too (see :func:`reference_price`); elsewhere its exceptions pass through.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from zigzag.cost_model.cost_model import CostModelEvaluation
from zigzag.cost_model.cost_model_imc import CostModelEvaluationForIMC
from zigzag.datatypes import LayerDim, LayerOperand, OADimension
from zigzag.hardware.architecture.accelerator import Accelerator as ZigzagAccelerator
from zigzag.mapping.spatial_mapping import MappingSingleOADim, SpatialMapping
from zigzag.mapping.spatial_mapping_internal import SpatialMappingInternal
from zigzag.mapping.temporal_mapping import TemporalMapping, TemporalMappingType
from zigzag.opt.loma.engine import LomaEngine, NoValidLoopOrderingFoundException
from zigzag.opt.loma.memory_allocator import (
    MemoryAllocator,
    MemoryHierarchyTooSmallException,
    MemoryTooSmallException,
)
from zigzag.stages.evaluation.cost_model_evaluation import CostModelStage
from zigzag.stages.mapping.spatial_mapping_conversion import SpatialMappingConversionStage
from zigzag.stages.mapping.spatial_mapping_generation import SpatialMappingGeneratorStage
from zigzag.stages.mapping.temporal_mapping_generator_stage import TemporalMappingGeneratorStage
from zigzag.stages.results.reduce_stages import MinimalEDPStage, MinimalEnergyStage, MinimalLatencyStage
from zigzag.workload.layer_node import LayerNode

from tests.oracle.answers import cme_terms, plain_levels, plain_spatial
from tests.oracle.convert import to_zigzag_accelerator, to_zigzag_layer
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.vocab import Objective
from zigzag_lab.workload import Layer

Spatial = dict[str, dict[str, int]]
Levels = dict[str, list[list[tuple[str, float]]]]
Ordering = list[tuple[str, int]]

REDUCTIONS = {
    Objective.LATENCY: MinimalLatencyStage,
    Objective.ENERGY: MinimalEnergyStage,
    Objective.EDP: MinimalEDPStage,
}


def reference_spatial_candidates(
    layer: Layer, accelerator: Accelerator, constraints: MappingConstraints, n: int, mixed: bool = False
) -> list[Spatial]:
    """The spatial mappings its generator proposes, best first, at most ``n``."""
    stage = SpatialMappingGeneratorStage(
        [CostModelStage],
        accelerator=_accelerator(accelerator),
        layer=to_zigzag_layer(layer, constraints),
        enable_mix_spatial_mapping_generation=mixed,
        nb_mappings_generated=n,
    )
    return [plain_spatial(mapping) for mapping in stage.generate_spatial_mappings()]


def reference_spatial_at(
    layer: Layer,
    accelerator: Accelerator,
    constraints: MappingConstraints,
    spatial_int: Levels,
    n: int = 3,
    mixed: bool = False,
) -> Spatial:
    """The candidate that becomes these integer levels, which is all that a golden file says of its spatial mapping.

    Raises:
        LookupError: none of the first ``n`` candidates does.
    """
    for spatial in reference_spatial_candidates(layer, accelerator, constraints, n, mixed):
        if reference_levels(layer, accelerator, constraints, spatial)[1] == spatial_int:
            return spatial
    raise LookupError(f"no spatial candidate of {layer.name} has the levels {spatial_int}")


def reference_levels(
    layer: Layer, accelerator: Accelerator, constraints: MappingConstraints, spatial: Spatial
) -> tuple[Levels, Levels]:
    """The unrolled loops of each level from the array up: fractional (sizes, energies), integer (transfers, stalls)."""
    _, fractional, integer = _spatially_mapped(layer, accelerator, constraints, spatial)
    return plain_levels(fractional.mapping_dict_origin), plain_levels(integer.mapping_dict_origin)


def reference_orderings(
    layer: Layer,
    accelerator: Accelerator,
    spatial: Spatial,
    lpf_limit: int | None,
    constraints: MappingConstraints | None = None,
) -> list[Ordering]:
    """All orderings of the temporal loops it would try, in its order, innermost loop first; nothing is allocated.

    A complete ordering of the user's is the only one; an incomplete one filters.
    """
    given, engine = _loma(layer, accelerator, spatial, lpf_limit, constraints or MappingConstraints())
    orderings = [given] if given is not None else engine.ordering_generator()
    return [_plain_ordering(ordering) for ordering in orderings]


def reference_factors(
    layer: Layer,
    accelerator: Accelerator,
    spatial: Spatial,
    lpf_limit: int | None,
    constraints: MappingConstraints | None = None,
) -> Ordering:
    """The loops (LPFs) that its orderings permute, sorted; empty where everything is unrolled."""
    given, engine = _loma(layer, accelerator, spatial, lpf_limit, constraints or MappingConstraints())
    return sorted(_plain_ordering(given if given is not None else engine.lpfs))


def _loma(
    layer: Layer, accelerator: Accelerator, spatial: Spatial, lpf_limit: int | None, constraints: MappingConstraints
) -> tuple[Any, LomaEngine]:
    """The user's complete ordering, if there is one, and the engine with its factors otherwise."""
    node, fractional, _ = _spatially_mapped(layer, accelerator, constraints, spatial)
    engine = LomaEngine(
        accelerator=_accelerator(accelerator),
        layer=node,
        spatial_mapping=fractional,
        mapping_type=TemporalMappingType.UNEVEN,
        loma_lpf_limit=lpf_limit,
    )
    loops = engine.get_temporal_loops()
    if node.temporal_ordering.is_complete(loops):
        return node.temporal_ordering.to_legacy_format(), engine
    wanted = node.temporal_ordering.get_constraints()
    if any(not constraint.is_empty() for constraint in wanted):
        engine.set_constraints(wanted)
    engine.temporal_loop_dim_size = loops
    engine.update_min_lpf_factor(loops)
    engine.get_prime_factors()
    return None, engine


def reference_allocate(
    layer: Layer,
    accelerator: Accelerator,
    constraints: MappingConstraints,
    spatial: Spatial,
    ordering: Sequence[tuple[str, int]],
    even: bool = False,
) -> Levels | None:
    """Which loops each memory level gets (before ir loops are merged down), or None where the ordering does not fit."""
    node, fractional, _ = _spatially_mapped(layer, accelerator, constraints, spatial)
    kind = TemporalMappingType.EVEN if even else TemporalMappingType.UNEVEN
    loops: Any = [(LayerDim(dim), size) for dim, size in ordering]
    try:
        mapping = MemoryAllocator(_accelerator(accelerator), node, fractional, loops, kind).run()
    except (MemoryTooSmallException, MemoryHierarchyTooSmallException):
        return None
    return plain_levels(mapping.mapping_dic_origin)


def reference_price(
    layer: Layer,
    accelerator: Accelerator,
    constraints: MappingConstraints,
    spatial: Spatial,
    temporal_levels: Levels,
    access_same_data: bool = True,
) -> dict[str, Any]:
    """Every term of one mapping's price as plain data (:func:`tests.oracle.answers.cme_terms` lists them).

    Where the reference raises, the answer is ``{"error": class name, "message": text}``.
    """
    node, fractional, integer = _spatially_mapped(layer, accelerator, constraints, spatial)
    return _priced(node, accelerator, fractional, integer, temporal_levels, access_same_data)


def reference_run(
    layer: Layer,
    accelerator: Accelerator,
    constraints: MappingConstraints,
    objective: Objective | str,
    lpf_limit: int | None = 6,
    n_spatial: int = 3,
    mixed: bool = False,
    even: bool = False,
) -> dict[str, Any] | None:
    """The best of its whole search for one layer, its terms and its ``spatial`` mapping; None where nothing fits.

    One spatial candidate for which nothing fits ends its search, and so gives None. What else it raises passes through.
    """
    reduce = REDUCTIONS[Objective(objective)]
    stages: list[Any] = [SpatialMappingGeneratorStage, reduce, TemporalMappingGeneratorStage, CostModelStage]
    search = reduce(
        stages,
        accelerator=_accelerator(accelerator),
        layer=to_zigzag_layer(layer, constraints),
        loma_lpf_limit=lpf_limit,
        loma_show_progress_bar=False,
        nb_mappings_generated=n_spatial,
        enable_mix_spatial_mapping_generation=mixed,
        access_same_data_considered_as_no_access=True,
        temporal_mapping_type=TemporalMappingType.EVEN if even else TemporalMappingType.UNEVEN,
    )
    try:
        cme, _ = next(iter(search.run()))
    except (NoValidLoopOrderingFoundException, MemoryTooSmallException, MemoryHierarchyTooSmallException):
        return None
    return cme_terms(cme) | {"spatial": plain_spatial(cme.layer.spatial_mapping)}


def _priced(
    node: LayerNode,
    accelerator: Accelerator,
    fractional: SpatialMappingInternal,
    integer: SpatialMappingInternal,
    temporal_levels: Levels,
    access_same_data: bool,
) -> dict[str, Any]:
    """The terms of one mapping, or what the reference raised."""
    temporal: Any = {LayerOperand(op): [_loops(level) for level in levels] for op, levels in temporal_levels.items()}
    kind = CostModelEvaluationForIMC if accelerator.array.imc else CostModelEvaluation
    try:
        cme = kind(
            accelerator=_accelerator(accelerator),
            layer=node,
            spatial_mapping=fractional,
            spatial_mapping_int=integer,
            temporal_mapping=TemporalMapping(temporal, node, TemporalMappingType.UNEVEN),
            access_same_data_considered_as_no_access=access_same_data,
        )
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error)}
    return cme_terms(cme)


@lru_cache(maxsize=16)
def _accelerator(accelerator: Accelerator) -> ZigzagAccelerator:
    """The reference's accelerator; pricing and searching leave it as it is, so it may be shared."""
    return to_zigzag_accelerator(accelerator)


class _LayerKey:
    """A layer under its constraints, as a key: equal where both are."""

    def __init__(self, layer: Layer, constraints: MappingConstraints) -> None:
        self.pair = layer, constraints

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _LayerKey) and self.pair == other.pair

    def __hash__(self) -> int:
        return hash(self.pair[0])


@lru_cache(maxsize=16)
def _bare_node(key: _LayerKey) -> LayerNode:
    return to_zigzag_layer(*key.pair)


def _node(layer: Layer, constraints: MappingConstraints, accelerator: Accelerator, spatial: Spatial) -> LayerNode:
    """The reference's layer carrying a generator's spatial mapping, which its systolic drain reads."""
    node = copy.copy(_bare_node(_LayerKey(layer, constraints)))
    node.spatial_mapping = SpatialMapping(
        {
            OADimension(d): MappingSingleOADim({LayerDim(dim): factor for dim, factor in unrolled.items()})
            for d, unrolled in spatial.items()
        }
    )
    node.spatial_mapping.initialize_oa_dims(_accelerator(accelerator).operational_array.dimension_sizes)
    return node


def _spatially_mapped(
    layer: Layer, accelerator: Accelerator, constraints: MappingConstraints, spatial: Spatial
) -> tuple[LayerNode, SpatialMappingInternal, SpatialMappingInternal]:
    """A layer with its spatial mapping, and that mapping by level: fractional, integer."""
    node = _node(layer, constraints, accelerator, spatial)
    stage = SpatialMappingConversionStage([CostModelStage], accelerator=_accelerator(accelerator), layer=node)
    return node, *stage.convert_user_spatial_mapping(node.spatial_mapping)


def _loops(level: Iterable[tuple[str, float]]) -> list[tuple[LayerDim, float]]:
    return [(LayerDim(dim), size) for dim, size in level]


def _plain_ordering(ordering: Iterable[tuple[Any, Any]]) -> Ordering:
    return [(str(dim), int(size)) for dim, size in ordering]
