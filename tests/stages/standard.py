"""The standard list of stages on one small layer, and the error with which a list is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.stages.small import accelerator, layer, mapping
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CompleteSaveStage,
    CostModelStage,
    LomaStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    PickleSaveStage,
    Result,
    SimpleSaveStage,
    SpatialMappingGeneratorStage,
    Stage,
    SumStage,
    VisualizationStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.vocab import PipelineError

STANDARD: tuple[type[Stage], ...] = (
    WorkloadParserStage,
    AcceleratorParserStage,
    SimpleSaveStage,
    PickleSaveStage,
    SumStage,
    WorkloadStage,
    VisualizationStage,
    CompleteSaveStage,
    MinimalLatencyStage,
    SpatialMappingGeneratorStage,
    MinimalEnergyStage,
    LomaStage,
    CostModelStage,
)
TINY = [layer(0, "only", loop_sizes=[1, 4, 4, 2, 1, 1, 3])]


def keywords(**changes: Any) -> dict[str, Any]:
    given = {"workload": TINY, "accelerator": accelerator(), "mapping": mapping(), "loma_lpf_limit": 3}
    return {**given, **changes}


def refusal(stages: Any, kwargs: dict[str, Any] | None = None) -> str:
    with pytest.raises(PipelineError) as refused:
        MainStage(stages, **(keywords() if kwargs is None else kwargs))
    return str(refused.value)


def moved(stage: type[Stage], place: int) -> list[type[Stage]]:
    others = [s for s in STANDARD if s is not stage]
    return [*others[:place], stage, *others[place:]]


class Through(Stage):
    """Hands everything on."""

    def run(self) -> Iterator[Result]:
        yield from self.list_of_callables[0](self.list_of_callables[1:], **self.kwargs).run()
