"""The standard pipeline: ZigZag's stages in ZigZag's order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zigzag_lab.inputs import ONNX_SUFFIXES
from zigzag_lab.inputs.presets import resolve
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CacheStage,
    CompleteSaveStage,
    CostModelStage,
    ExactFrontStage,
    ExploitInterLayerDataLocalityStage,
    MinimalEDPStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    NetworkFrontStage,
    ONNXModelParserStage,
    ParetoFrontStage,
    PickleSaveStage,
    SearchInterLayerDataLocalityStage,
    SimpleSaveStage,
    SpatialMappingGeneratorStage,
    Stage,
    SumStage,
    VisualizationStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.methods import SEARCH_METHODS, run_options
from zigzag_lab.vocab import Objective, TemporalMappingType
from zigzag_lab.vocab.options import OBJECTIVE, SEARCH, TEMPORAL_MAPPING_TYPE

__all__ = [
    "REDUCTIONS",
    "front_stages",
    "is_onnx",
    "objective_of",
    "run_options",
    "standard_stages",
    "temporal_mapping_type_of",
]

REDUCTIONS: dict[Objective, type[Stage]] = {
    Objective.LATENCY: MinimalLatencyStage,
    Objective.ENERGY: MinimalEnergyStage,
    Objective.EDP: MinimalEDPStage,
}


def objective_of(text: str | Objective) -> Objective:
    """Return the objective of that name, in any case."""
    found: Objective = OBJECTIVE.checked(text, "opt")
    return found


def temporal_mapping_type_of(text: str | TemporalMappingType) -> TemporalMappingType:
    """Return the kind of temporal mapping of that name."""
    found: TemporalMappingType = TEMPORAL_MAPPING_TYPE.checked(text)
    return found


def standard_stages(
    workload: Any, objective: Objective, search: str = SEARCH.default, *, exploit_locality: bool = False
) -> Sequence[type[Stage]]:
    """Return ZigZag's list of stages for a workload and an objective.

    Args:
        workload: a file, the name of a preset, or what the parser stages take.
        objective: what to minimise.
        search: a name of :data:`SEARCH_METHODS`.
        exploit_locality: whether data may stay on chip between layers.
    """
    reduction = REDUCTIONS[objective]
    return (
        ONNXModelParserStage if is_onnx(workload) else WorkloadParserStage,
        AcceleratorParserStage,
        SimpleSaveStage,
        PickleSaveStage,
        CacheStage,
        SumStage,
        *_above_layers(exploit_locality),
        WorkloadStage,
        VisualizationStage,
        *_of_each_layer(exploit_locality),
        CompleteSaveStage,
        CacheStage,
        reduction,
        SpatialMappingGeneratorStage,
        reduction,
        SEARCH_METHODS.named(search, SEARCH.name).stage,
        CostModelStage,
    )


def front_stages(workload: Any, *, exploit_locality: bool = False) -> Sequence[type[Stage]]:
    """Return the list of stages that searches the exact front of every layer, and combines them.

    Args:
        workload: a file, the name of a preset, or what the parser stages take.
        exploit_locality: whether data may stay on chip between layers.
    """
    return (
        ONNXModelParserStage if is_onnx(workload) else WorkloadParserStage,
        AcceleratorParserStage,
        NetworkFrontStage,
        *_above_layers(exploit_locality),
        WorkloadStage,
        *_of_each_layer(exploit_locality),
        CacheStage,
        ParetoFrontStage,
        SpatialMappingGeneratorStage,
        ExactFrontStage,
        CostModelStage,
    )


def _above_layers(exploit_locality: bool) -> tuple[type[Stage], ...]:
    return (SearchInterLayerDataLocalityStage,) if exploit_locality else ()


def _of_each_layer(exploit_locality: bool) -> tuple[type[Stage], ...]:
    return (ExploitInterLayerDataLocalityStage,) if exploit_locality else ()


def is_onnx(workload: Any) -> bool:
    """Whether a workload is an ONNX model: a file, a preset or a ``ModelProto``."""
    if isinstance(workload, (str, Path)):
        return resolve("workload", workload).suffix.lower() in ONNX_SUFFIXES
    return type(workload).__name__ == "ModelProto"
