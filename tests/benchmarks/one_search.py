"""One search of ResNet-18 on tpu_like in a fresh process: prints its CPU seconds from parsed inputs to the result.

``python -m tests.benchmarks.one_search ours`` or ``zigzag``, and other files in place of them where given: workload,
accelerator, mapping.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.files import ACCELERATOR, LPF_LIMIT, MAPPING, N_SPATIAL, WORKLOAD

Answer = tuple[float, float]
"""Energy in pJ and latency in cycles."""


def our_search(workload: Path, accelerator: Path, mapping: Path) -> Callable[[], Answer]:
    """Read the files with our readers; what is left to do is timed."""
    from zigzag_lab.inputs import read_accelerator, read_mapping, read_onnx
    from zigzag_lab.stages import (
        CostModelStage,
        LomaStage,
        MinimalLatencyStage,
        SpatialMappingGeneratorStage,
        SumStage,
        WorkloadStage,
    )
    from zigzag_lab.stages.pipeline import Pipeline as MainStage

    stages = [SumStage, WorkloadStage, MinimalLatencyStage, SpatialMappingGeneratorStage, MinimalLatencyStage]
    given = {
        "workload": read_onnx(workload),
        "accelerator": read_accelerator(accelerator),
        "mapping": read_mapping(mapping),
    }
    options = {"loma_lpf_limit": LPF_LIMIT, "nb_mappings_generated": N_SPATIAL}

    def search() -> Answer:
        ((total, _),) = MainStage([*stages, LomaStage, CostModelStage], **given, **options).run()
        return total.energy_total, total.latency_total2

    return search


def their_search(workload: Path, accelerator: Path, mapping: Path) -> Callable[[], Answer]:
    """The same with zigzag-dse's own parsers and stages."""
    from zigzag.mapping.temporal_mapping import TemporalMappingType
    from zigzag.parser.onnx.onnx_model_parser import ONNXModelParser
    from zigzag.stages.evaluation.cost_model_evaluation import CostModelStage
    from zigzag.stages.mapping.spatial_mapping_generation import SpatialMappingGeneratorStage
    from zigzag.stages.mapping.temporal_mapping_generator_stage import TemporalMappingGeneratorStage
    from zigzag.stages.parser.accelerator_parser import AcceleratorParserStage
    from zigzag.stages.results.reduce_stages import MinimalLatencyStage, SumStage
    from zigzag.stages.workload_iterator import WorkloadStage

    stages: list[Any] = [WorkloadStage, MinimalLatencyStage, SpatialMappingGeneratorStage, MinimalLatencyStage]
    given = {
        "workload": ONNXModelParser(str(workload), str(mapping)).run(),
        "accelerator": AcceleratorParserStage.parse_accelerator(str(accelerator)),
        "loma_lpf_limit": LPF_LIMIT,
        "nb_mappings_generated": N_SPATIAL,
        "loma_show_progress_bar": False,
        "temporal_mapping_type": TemporalMappingType.UNEVEN,
        "access_same_data_considered_as_no_access": True,
    }

    def search() -> Answer:
        (total, _) = next(
            iter(SumStage([*stages, TemporalMappingGeneratorStage, CostModelStage], **given).run())  # type: ignore[arg-type]
        )
        return total.energy_total, total.latency_total2

    return search


def main(whose: str, files: Sequence[str]) -> None:
    """Search once and print what was found and what it cost."""
    logging.disable(logging.CRITICAL)
    workload, accelerator, mapping = map(Path, files or (WORKLOAD, ACCELERATOR, MAPPING))
    search = {"ours": our_search, "zigzag": their_search}[whose](workload, accelerator, mapping)
    started = time.process_time()
    energy, latency = search()
    cpu_seconds = time.process_time() - started
    print(json.dumps({"cpu_seconds": cpu_seconds, "energy_pj": energy, "latency_cycles": latency}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
