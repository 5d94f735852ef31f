"""The standard pipeline: ZigZag's stages in ZigZag's order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zigzag_lab import stages
from zigzag_lab.cost import CostModelEvaluation, CostModelEvaluationABC
from zigzag_lab.inputs import ONNX_SUFFIXES
from zigzag_lab.inputs.presets import resolve
from zigzag_lab.stages.methods import SEARCH_METHODS
from zigzag_lab.stages.methods import run_options as run_options
from zigzag_lab.stages.recording import cmes_at_the_top
from zigzag_lab.vocab import Objective, TemporalMappingType
from zigzag_lab.vocab.options import EXPLOIT_LOCALITY, OBJECTIVE, SEARCH, TEMPORAL_MAPPING_TYPE

REDUCTIONS: dict[Objective, type[stages.Stage]] = {
    Objective.LATENCY: stages.MinimalLatencyStage,
    Objective.ENERGY: stages.MinimalEnergyStage,
    Objective.EDP: stages.MinimalEDPStage,
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
    workload: object,
    objective: Objective,
    search: str = SEARCH.default,
    *,
    exploit_locality: bool = EXPLOIT_LOCALITY.default,
) -> Sequence[type[stages.Stage]]:
    """Return ZigZag's list of stages for an objective, and a workload as the parser stages take it.

    The search is one of :data:`SEARCH_METHODS`; with ``exploit_locality`` data may stay on chip between layers.
    """
    reduction = REDUCTIONS[objective]
    return (
        stages.ONNXModelParserStage if is_onnx(workload) else stages.WorkloadParserStage,
        stages.AcceleratorParserStage,
        stages.SimpleSaveStage,
        stages.PickleSaveStage,
        stages.CacheStage,
        stages.SumStage,
        *_above_layers(exploit_locality),
        stages.WorkloadStage,
        stages.VisualizationStage,
        *_of_each_layer(exploit_locality),
        stages.CompleteSaveStage,
        stages.CacheStage,
        reduction,
        stages.SpatialMappingGeneratorStage,
        reduction,
        SEARCH_METHODS.named(search, SEARCH.name).stage,
        stages.CostModelStage,
    )


def front_stages(workload: object, *, exploit_locality: bool) -> Sequence[type[stages.Stage]]:
    """Return the list of stages that searches the exact front of every layer, and combines them."""
    return (
        stages.ONNXModelParserStage if is_onnx(workload) else stages.WorkloadParserStage,
        stages.AcceleratorParserStage,
        stages.NetworkFrontStage,
        *_above_layers(exploit_locality),
        stages.WorkloadStage,
        *_of_each_layer(exploit_locality),
        stages.CacheStage,
        stages.ParetoFrontStage,
        stages.SpatialMappingGeneratorStage,
        stages.ExactFrontStage,
        stages.CostModelStage,
    )


def _above_layers(exploit_locality: bool) -> tuple[type[stages.Stage], ...]:
    return (stages.SearchInterLayerDataLocalityStage,) if exploit_locality else ()


def _of_each_layer(exploit_locality: bool) -> tuple[type[stages.Stage], ...]:
    return (stages.ExploitInterLayerDataLocalityStage,) if exploit_locality else ()


def total_and_layers(
    results: Sequence[stages.Result],
) -> tuple[CostModelEvaluationABC, tuple[CostModelEvaluation, ...]]:
    """Return the sum that the standard pipeline yields, and the price of each layer, in the order of the network."""
    total, per_layer = results[0]
    layers = cmes_at_the_top(per_layer if isinstance(per_layer, list) else ())
    return total, tuple(cme for cme in layers if isinstance(cme, CostModelEvaluation))


def is_onnx(workload: object) -> bool:
    """Whether a workload is an ONNX model: a file, a preset or a ``ModelProto``."""
    if isinstance(workload, (str, Path)):
        return resolve("workload", workload).suffix.lower() in ONNX_SUFFIXES
    return type(workload).__name__ == "ModelProto"
