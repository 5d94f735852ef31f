"""The pipeline: stages chained in a list, under ZigZag's contract."""

from zigzag_lab.stages.iterators import WorkloadStage
from zigzag_lab.stages.main import MainStage
from zigzag_lab.stages.mappers import (
    CostModelStage,
    LomaStage,
    SpatialMappingConversionStage,
    SpatialMappingGeneratorStage,
    TemporalMappingGeneratorStage,
)
from zigzag_lab.stages.parsers import AcceleratorParserStage, ONNXModelParserStage, WorkloadParserStage
from zigzag_lab.stages.reducers import MinimalEDPStage, MinimalEnergyStage, MinimalLatencyStage, SumStage
from zigzag_lab.stages.savers import CompleteSaveStage, PickleSaveStage, SimpleSaveStage, VisualizationStage
from zigzag_lab.stages.seams import ProgressListener, SearchTally, Sink
from zigzag_lab.stages.stage import BatchStage, Result, ResultBatch, Stage, StageCallable

BUILTIN_STAGES: tuple[type[Stage], ...] = (
    ONNXModelParserStage,
    WorkloadParserStage,
    AcceleratorParserStage,
    WorkloadStage,
    SpatialMappingGeneratorStage,
    SpatialMappingConversionStage,
    TemporalMappingGeneratorStage,
    CostModelStage,
    MinimalLatencyStage,
    MinimalEnergyStage,
    MinimalEDPStage,
    SumStage,
    SimpleSaveStage,
    CompleteSaveStage,
    PickleSaveStage,
    VisualizationStage,
)
"""Every stage that ships with the package."""

__all__ = [
    "BUILTIN_STAGES",
    "AcceleratorParserStage",
    "BatchStage",
    "CompleteSaveStage",
    "CostModelStage",
    "LomaStage",
    "MainStage",
    "MinimalEDPStage",
    "MinimalEnergyStage",
    "MinimalLatencyStage",
    "ONNXModelParserStage",
    "PickleSaveStage",
    "ProgressListener",
    "Result",
    "ResultBatch",
    "SearchTally",
    "SimpleSaveStage",
    "Sink",
    "SpatialMappingConversionStage",
    "SpatialMappingGeneratorStage",
    "Stage",
    "StageCallable",
    "SumStage",
    "TemporalMappingGeneratorStage",
    "VisualizationStage",
    "WorkloadParserStage",
    "WorkloadStage",
]
