"""The pipeline: stages chained in a list, under ZigZag's contract."""

from typing import NoReturn

from zigzag_lab.stages.cache import CacheStage, SkipIfDumpExistsStage
from zigzag_lab.stages.collectors import CacheBeforeYieldStage, DumpStage, ListifyStage, RemoveExtraInfoStage
from zigzag_lab.stages.exact import ExactFrontStage, ExactStage
from zigzag_lab.stages.fronts import NetworkFrontStage, ParetoFrontStage
from zigzag_lab.stages.iterators import WorkloadStage
from zigzag_lab.stages.locality import ExploitInterLayerDataLocalityStage, SearchInterLayerDataLocalityStage
from zigzag_lab.stages.mappers import (
    CostModelStage,
    LomaStage,
    SpatialMappingConversionStage,
    SpatialMappingGeneratorStage,
    TemporalMappingGeneratorStage,
)
from zigzag_lab.stages.orders import TemporalOrderingConversionStage
from zigzag_lab.stages.parallel import MultiProcessingGatherStage, MultiProcessingSpawnStage
from zigzag_lab.stages.parsers import AcceleratorParserStage, ONNXModelParserStage, WorkloadParserStage
from zigzag_lab.stages.pictures import PlotTemporalMappingsStage, VisualizationStage
from zigzag_lab.stages.reducers import MinimalEDPStage, MinimalEnergyStage, MinimalLatencyStage, SumStage
from zigzag_lab.stages.salsa import SalsaStage
from zigzag_lab.stages.savers import CompleteSaveStage, PickleSaveStage, SimpleSaveStage
from zigzag_lab.stages.seams import Cache, FrontSink, ProgressListener, RunFiles, SearchTally, Sink
from zigzag_lab.stages.stage import BatchStage, Result, ResultBatch, Stage, StageCallable
from zigzag_lab.stages.sweeps import GeneralParameterIteratorStage, HardwareOptimizerStage, HardwareSearchStage

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
    SearchInterLayerDataLocalityStage,
    ExploitInterLayerDataLocalityStage,
    SalsaStage,
    ExactStage,
    ExactFrontStage,
    ParetoFrontStage,
    NetworkFrontStage,
    TemporalOrderingConversionStage,
    GeneralParameterIteratorStage,
    HardwareSearchStage,
    MultiProcessingGatherStage,
    MultiProcessingSpawnStage,
    CacheBeforeYieldStage,
    RemoveExtraInfoStage,
    ListifyStage,
    DumpStage,
    PlotTemporalMappingsStage,
    CacheStage,
    SkipIfDumpExistsStage,
)
"""Every stage that ships with the package."""

__all__ = [
    "BUILTIN_STAGES",
    "AcceleratorParserStage",
    "BatchStage",
    "Cache",
    "CacheBeforeYieldStage",
    "CacheStage",
    "CompleteSaveStage",
    "CostModelStage",
    "DumpStage",
    "ExactFrontStage",
    "ExactStage",
    "ExploitInterLayerDataLocalityStage",
    "FrontSink",
    "GeneralParameterIteratorStage",
    "HardwareOptimizerStage",
    "HardwareSearchStage",
    "ListifyStage",
    "LomaStage",
    "MinimalEDPStage",
    "MinimalEnergyStage",
    "MinimalLatencyStage",
    "MultiProcessingGatherStage",
    "MultiProcessingSpawnStage",
    "NetworkFrontStage",
    "ONNXModelParserStage",
    "ParetoFrontStage",
    "PickleSaveStage",
    "PlotTemporalMappingsStage",
    "ProgressListener",
    "RemoveExtraInfoStage",
    "Result",
    "ResultBatch",
    "RunFiles",
    "SalsaStage",
    "SearchInterLayerDataLocalityStage",
    "SearchTally",
    "SimpleSaveStage",
    "Sink",
    "SkipIfDumpExistsStage",
    "SpatialMappingConversionStage",
    "SpatialMappingGeneratorStage",
    "Stage",
    "StageCallable",
    "SumStage",
    "TemporalMappingGeneratorStage",
    "TemporalOrderingConversionStage",
    "VisualizationStage",
    "WorkloadParserStage",
    "WorkloadStage",
]


def __getattr__(name: str) -> NoReturn:
    if name == "MainStage":  # the one that lives here records nothing, which nobody should come by unawares
        raise ImportError("MainStage, which records what it runs, is imported from zigzag_lab itself")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
