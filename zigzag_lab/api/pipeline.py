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
    ExactStage,
    ExploitInterLayerDataLocalityStage,
    MinimalEDPStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    NetworkFrontStage,
    ONNXModelParserStage,
    ParetoFrontStage,
    PickleSaveStage,
    SalsaStage,
    SearchInterLayerDataLocalityStage,
    SimpleSaveStage,
    SpatialMappingGeneratorStage,
    Stage,
    SumStage,
    TemporalMappingGeneratorStage,
    VisualizationStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.vocab import InputError, Objective, TemporalMappingType, nearest

REDUCTIONS: dict[Objective, type[Stage]] = {
    Objective.LATENCY: MinimalLatencyStage,
    Objective.ENERGY: MinimalEnergyStage,
    Objective.EDP: MinimalEDPStage,
}


def objective_of(text: str | Objective) -> Objective:
    """The objective of that name, in any case."""
    try:
        return Objective(str(text).lower())
    except ValueError:
        names = [o.value for o in Objective]
        raise InputError("opt", f"'{text}'", f"one of {', '.join(names)}", nearest(str(text), names)) from None


def temporal_mapping_type_of(text: str | TemporalMappingType) -> TemporalMappingType:
    """The kind of temporal mapping of that name."""
    try:
        return TemporalMappingType(str(text).lower())
    except ValueError:
        raise InputError("temporal_mapping_type", f"'{text}'", "'uneven' or 'even'") from None


ENGINES: dict[str, type[Stage]] = {"loma": TemporalMappingGeneratorStage, "salsa": SalsaStage, "exact": ExactStage}
"""Searches of temporal mappings by name."""


def engine_of(text: str) -> type[Stage]:
    """The stage that searches temporal mappings under that name."""
    engine = ENGINES.get(str(text).lower())
    if engine is None:
        hint = nearest(str(text), ENGINES)
        raise InputError("temporal_mapping_search_engine", f"'{text}'", f"one of {', '.join(ENGINES)}", hint)
    return engine


def standard_stages(
    workload: Any, objective: Objective, engine: str = "loma", *, exploit_locality: bool = False
) -> Sequence[type[Stage]]:
    """ZigZag's list of stages for a workload and an objective, with data kept on chip between layers if wanted."""
    reduction = REDUCTIONS[objective]
    return (
        ONNXModelParserStage if is_onnx(workload) else WorkloadParserStage,
        AcceleratorParserStage,
        SimpleSaveStage,
        PickleSaveStage,
        CacheStage,
        SumStage,
        *((SearchInterLayerDataLocalityStage,) if exploit_locality else ()),
        WorkloadStage,
        VisualizationStage,
        *((ExploitInterLayerDataLocalityStage,) if exploit_locality else ()),
        CompleteSaveStage,
        CacheStage,
        reduction,
        SpatialMappingGeneratorStage,
        reduction,
        engine_of(engine),
        CostModelStage,
    )


def front_stages(workload: Any) -> Sequence[type[Stage]]:
    """The list of stages that searches the exact front of every layer, and combines them."""
    return (
        ONNXModelParserStage if is_onnx(workload) else WorkloadParserStage,
        AcceleratorParserStage,
        NetworkFrontStage,
        WorkloadStage,
        CacheStage,
        ParetoFrontStage,
        SpatialMappingGeneratorStage,
        ExactFrontStage,
        CostModelStage,
    )


def is_onnx(workload: Any) -> bool:
    """Whether a workload is an ONNX model: a file, a preset or a ``ModelProto``."""
    if isinstance(workload, (str, Path)):
        return resolve("workload", workload).suffix.lower() in ONNX_SUFFIXES
    return type(workload).__name__ == "ModelProto"
