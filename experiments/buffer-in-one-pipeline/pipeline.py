"""Sweeps the size of the activation buffer inside one pipeline, with a stage of one's own.

python experiments/buffer-in-one-pipeline/pipeline.py [WORKLOAD] [DATABASE]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import sqrt
from typing import Any

from zigzag_lab import MainStage, Stage
from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs.presets import preset_path
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CompleteSaveStage,
    CostModelStage,
    LomaStage,
    MinimalEDPStage,
    MinimalLatencyStage,
    Result,
    SpatialMappingGeneratorStage,
    StageCallable,
    SumStage,
    WorkloadParserStage,
    WorkloadStage,
)

BUFFER = "sram_2MB"
SIZES_KIB = (64, 128, 256, 512, 1024, 2048, 4096, 8192)


class BufferSizesStage(Stage):
    """Runs the stages below on accelerators that differ in the size of one memory, each as a child of the run."""

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        accelerator: Accelerator,
        buffer_kib: Sequence[int],
        **kwargs: Any,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.accelerator, self.buffer_kib = accelerator, buffer_kib

    def run(self) -> Iterator[Result]:
        """Yield the results on each of them."""
        for kib in self.buffer_kib:
            yield from self.variant({"buffer_kib": kib}, accelerator=with_buffer(self.accelerator, kib))


def with_buffer(accelerator: Accelerator, kib: int) -> Accelerator:
    """The accelerator with another buffer; what an access costs grows with the square root of its size."""
    whole = accelerator.memory_named(BUFFER)
    growth = sqrt(kib * 8192 / whole.size_bits)
    costs = {name: getattr(whole, name) * growth for name in ("read_cost_pj", "write_cost_pj")}
    memory = replace(whole, size_bits=kib * 8192, **costs)
    memories = tuple(memory if one is whole else one for one in accelerator.memories)
    return replace(accelerator, name=f"{accelerator.name}_{kib}KiB", memories=memories)


STAGES = [
    WorkloadParserStage,
    AcceleratorParserStage,
    MinimalEDPStage,  # of all sizes, the best one is the run's answer
    BufferSizesStage,
    SumStage,
    WorkloadStage,
    CompleteSaveStage,
    MinimalLatencyStage,
    SpatialMappingGeneratorStage,
    MinimalLatencyStage,
    LomaStage,
    CostModelStage,
]


def main(workload: str = "resnet18", database: str = "sqlite:///zigzag_lab.db", **keywords: Any) -> str:
    """Run the pipeline; the id of the run."""
    given = {"buffer_kib": SIZES_KIB, "loma_lpf_limit": 6, "nb_mappings_generated": 3, **keywords}
    pipeline = MainStage(
        STAGES,
        workload=workload,
        accelerator=str(preset_path("accelerator", "tpu_like")),
        mapping=str(preset_path("mapping", "tpu_like")),
        store=database,
        experiment="buffer-in-one-pipeline",
        **given,
    )
    ((best, _),) = pipeline.run()
    print(f"best: {best.accelerator.name}, {best.energy_pj:,.0f} pJ, {best.latency_cycles:,.0f} cycles")
    print(f"run {pipeline.run_id}; next: zigzag-lab show {pipeline.run_id}")
    return str(pipeline.run_id)


if __name__ == "__main__":
    main(*sys.argv[1:])
