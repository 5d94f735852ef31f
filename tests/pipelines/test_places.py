"""Every stage at the top of a list, directly below the parsers, and below WorkloadStage: recorded right, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.pipelines.bystander import observed
from tests.pipelines.lists import List, listed
from tests.pipelines.running import Bench, bench
from tests.stages import small
from zigzag_lab.stages import (
    BUILTIN_STAGES,
    AcceleratorParserStage,
    CompleteSaveStage,
    CostModelStage,
    ExactFrontStage,
    ExactStage,
    ExploitInterLayerDataLocalityStage,
    GeneralParameterIteratorStage,
    HardwareSearchStage,
    ListifyStage,
    LomaStage,
    MinimalEnergyStage,
    MultiProcessingGatherStage,
    MultiProcessingSpawnStage,
    NetworkFrontStage,
    ONNXModelParserStage,
    SalsaStage,
    SearchInterLayerDataLocalityStage,
    SpatialMappingConversionStage,
    SpatialMappingGeneratorStage,
    Stage,
    SumStage,
    TemporalOrderingConversionStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.vocab import PipelineError

TOP, BELOW_PARSERS, BELOW_WORKLOAD, OWN = "top", "below the parsers", "below WorkloadStage", "its own place"

WORKLOAD = (WorkloadParserStage, ONNXModelParserStage)
SPATIAL = (SpatialMappingGeneratorStage, SpatialMappingConversionStage)
TEMPORAL = (LomaStage, SalsaStage, ExactStage, ExactFrontStage, TemporalOrderingConversionStage)
ONE_OF = (WORKLOAD, SPATIAL, TEMPORAL, (AcceleratorParserStage,), (SumStage,), (WorkloadStage,), (CostModelStage,))
"""Stages of which a list has one."""

BASE = (
    *(WorkloadParserStage, AcceleratorParserStage, SumStage, WorkloadStage, CompleteSaveStage, MinimalEnergyStage),
    *(SpatialMappingGeneratorStage, MinimalEnergyStage, LomaStage, CostModelStage),
)
NEEDS_A_LAYER = (*SPATIAL, *TEMPORAL, CostModelStage, ExploitInterLayerDataLocalityStage)
REFUSED = {
    *((stage, place) for stage in NEEDS_A_LAYER for place in (TOP, BELOW_PARSERS)),
    *((stage, BELOW_WORKLOAD) for stage in (*TEMPORAL, CostModelStage, *WORKLOAD, WorkloadStage)),
    *((stage, BELOW_WORKLOAD) for stage in (HardwareSearchStage, SearchInterLayerDataLocalityStage)),
    (WorkloadStage, TOP),
    (HardwareSearchStage, BELOW_PARSERS),
}
"""Where a stage has not what it works on, or keeps it from those below."""

OPTIONS: dict[Any, dict[str, Any]] = {
    GeneralParameterIteratorStage: {"general_parameter_iterations": {"loma_lpf_limit": [1, 2]}},
    HardwareSearchStage: {
        "accelerator": small.accelerator(),
        "hardware_parameters": {"memories.sram.size": [4096, 8192]},
    },
    SalsaStage: {"salsa_iteration_number": 3, "salsa_number_of_core": 1, "seed": 7},
    SpatialMappingConversionStage: {"user_spatial_mapping": {"D1": {"K": 2}, "D2": {"C": 2}}},
    TemporalOrderingConversionStage: {
        "user_spatial_mapping": {"D1": {"K": 4}, "D2": {"C": 2}},
        "user_temporal_ordering": [("OX", 2), ("OY", 2)],
        "workload": [small.layer(0, "only", loop_sizes=[1, 4, 2, 2, 2, 1, 1])],
    },
    MultiProcessingGatherStage: {"nb_multiprocessing_threads": 1},
    MultiProcessingSpawnStage: {"nb_multiprocessing_threads": 1},
}


def placed(stage: type[Stage], place: str) -> List:
    """The usual list with a stage somewhere, and what the stage cannot do without."""
    others = next((group for group in ONE_OF if stage in group), ())
    if place == OWN:
        stages: list[Any] = [stage if other in others else other for other in BASE]
    else:
        stages = [other for other in BASE if other not in others]
        after = {TOP: None, BELOW_PARSERS: AcceleratorParserStage, BELOW_WORKLOAD: WorkloadStage}[place]
        stages.insert(0 if after not in stages else stages.index(after) + 1, stage)
    if stage is ListifyStage and place == BELOW_WORKLOAD:
        stages.remove(SumStage)
    if stage is NetworkFrontStage and place != BELOW_WORKLOAD:
        stages.remove(SumStage)
    if stage is MultiProcessingGatherStage:
        stages.remove(SumStage)
        stages.insert(max(stages.index(WorkloadStage), stages.index(stage)) + 1, MultiProcessingSpawnStage)
    if stage is MultiProcessingSpawnStage:
        stages.insert(stages.index(stage), MultiProcessingGatherStage)
        if place == BELOW_WORKLOAD:
            stages.remove(MultiProcessingGatherStage)
            stages.insert(stages.index(WorkloadStage), MultiProcessingGatherStage)
    if stage is SearchInterLayerDataLocalityStage and place != BELOW_WORKLOAD:
        stages.insert(stages.index(WorkloadStage) + 1, ExploitInterLayerDataLocalityStage)
    if stage is ExploitInterLayerDataLocalityStage:
        stages.insert(stages.index(SumStage), SearchInterLayerDataLocalityStage)
    if stage is TemporalOrderingConversionStage:
        stages = [SpatialMappingConversionStage if other in SPATIAL else other for other in stages]
    made = listed(**OPTIONS.get(stage, {}))
    made.stages, made.in_processes = stages, MultiProcessingSpawnStage in stages
    return made


PLACES = [(stage, place) for stage in BUILTIN_STAGES for place in (TOP, BELOW_PARSERS, BELOW_WORKLOAD)]
PLACES += [(stage, OWN) for stage in (*WORKLOAD, *SPATIAL, *TEMPORAL)]


@pytest.fixture(scope="module")
def on() -> Iterator[Bench]:
    """A database of the tests here."""
    with bench() as opened:
        yield opened


@pytest.mark.parametrize(("stage", "place"), PLACES, ids=[f"{s.__name__} {place}" for s, place in PLACES])
def test_a_stage_is_recorded_right_wherever_it_may_stand(stage: type[Stage], place: str, on: Bench) -> None:
    made = placed(stage, place)
    seen = observed(made.plain(), {**made.kwargs, **on.files(made, "before")})
    if (stage, place) in REFUSED:
        assert isinstance(seen.error, PipelineError)
        return
    assert seen.error is None
    assert seen.yielded
    assert seen.saved or seen.children
    n_hits = on.counts["hits"]
    assert on.faults_of(made) == []
    if getattr(stage, "is_cache", False):
        assert on.counts["hits"] > n_hits
