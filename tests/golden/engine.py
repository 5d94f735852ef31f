"""The questions of the golden runs, asked of our readers and our pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import zigzag

from tests.oracle.golden import load_golden
from tests.strategies.problems import RandomProblem
from zigzag_lab.cost import CostModelEvaluation, CostModelEvaluationABC
from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs import read_accelerator, read_any_workload, read_mapping
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.spatial import SpatialMapping, unroll
from zigzag_lab.search.spatial import spatial_mappings
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CostModelStage,
    LomaStage,
    MinimalEDPStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    ONNXModelParserStage,
    SpatialMappingGeneratorStage,
    SumStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.vocab import Objective
from zigzag_lab.workload import Layer

SHIPPED = Path(zigzag.__file__).parent / "inputs"
"""The files that zigzag-dse brings along."""

REDUCTIONS = {
    Objective.LATENCY: MinimalLatencyStage,
    Objective.ENERGY: MinimalEnergyStage,
    Objective.EDP: MinimalEDPStage,
}

GEMM: list[dict[str, Any]] = [
    {
        "id": 0,
        "operator_type": "Gemm",
        "equation": "O[d0][d1]+=I[d0][d2]*W[d2][d1]",
        "dimension_relations": [],
        "loop_dims": ["D0", "D1", "D2"],
        "loop_sizes": [128, 128, 128],
        "operand_precision": {"W": 8, "I": 8, "O": 32, "O_final": 8},
        "operand_source": {"I": 0, "W": 0},
    }
]
"""The workload of the ``gemm`` runs: one matrix product of 128 by 128 by 128."""

Result = tuple[CostModelEvaluationABC, list[CostModelEvaluation]]


def sources(run: dict[str, Any]) -> dict[str, Any]:
    """Workload, accelerator and mapping of a golden run."""
    workload = GEMM if run["workload"] == "gemm_layer.yaml" else SHIPPED / "workload" / run["workload"]
    return {
        "workload": workload,
        "accelerator": SHIPPED / "hardware" / run["accelerator"],
        "mapping": SHIPPED / "mapping" / run["mapping"],
    }


def searched(
    workload: Any, accelerator: Any, mapping: Any, objective: Objective = Objective.LATENCY, **options: Any
) -> Result:
    """The sum and the layers that our pipeline finds, with ZigZag's default settings."""
    reduction = REDUCTIONS[objective]
    is_onnx = isinstance(workload, Path) and workload.suffix == ".onnx"
    stages = [
        ONNXModelParserStage if is_onnx else WorkloadParserStage,
        AcceleratorParserStage,
        SumStage,
        WorkloadStage,
        reduction,
        SpatialMappingGeneratorStage,
        reduction,
        LomaStage,
        CostModelStage,
    ]
    keywords = {"loma_lpf_limit": 6, "nb_mappings_generated": 3, **options}
    main = MainStage(stages, workload=workload, accelerator=accelerator, mapping=mapping, **keywords)
    ((total, layers),) = main.run()
    return total, [cme for cme, _ in layers]


@cache
def our_run(name: str) -> Result:
    """Our answer to the question of a golden run."""
    run = load_golden(name)
    options: dict[str, Any] = {"objective": Objective(run["options"]["opt"].lower())}
    if "lpf_limit" in run["options"]:
        options["loma_lpf_limit"] = run["options"]["lpf_limit"]
    if "temporal_mapping_type" in run["options"]:
        options["temporal_mapping_type"] = run["options"]["temporal_mapping_type"]
    return searched(**sources(run), **options)


def layers_of(run: dict[str, Any]) -> tuple[Accelerator, list[tuple[Layer, MappingConstraints]]]:
    """The accelerator and the layers of a golden run, as our readers see them."""
    given = sources(run)
    rules = read_mapping(given["mapping"])
    workload = read_any_workload(given["workload"])
    return read_accelerator(given["accelerator"]), [(layer, rules.for_layer(layer)) for layer in workload.layers]


def golden_problems(name: str) -> Iterator[tuple[dict[str, Any], RandomProblem]]:
    """Each layer of a golden run: what was printed, and the problem whose ``levels`` are the golden's mapping."""
    run = load_golden(name)
    accelerator, layers = layers_of(run)
    for (layer, constraints), expected in zip(layers, run["layers"], strict=True):
        spatial = _spatial_of(layer, accelerator, constraints, expected["spatial_int"]).unrollings
        yield expected, RandomProblem(layer, accelerator, constraints, spatial, [], expected["temporal"])


def _spatial_of(
    layer: Layer, accelerator: Accelerator, constraints: MappingConstraints, levels: dict[str, Any]
) -> SpatialMapping:
    """Our spatial candidate whose integer form a golden file printed.

    Raises:
        LookupError: none of them has it.
    """
    for spatial in spatial_mappings(layer, accelerator, constraints):
        _, integer = unroll(layer, accelerator, constraints.operand_links, spatial)
        if all(_sorted(integer.levels[op]) == _sorted(levels[op]) for op in layer.operands):
            return spatial
    raise LookupError(f"none of our spatial candidates for {layer.name} has the levels {levels}")


def _sorted(levels: Any) -> list[list[tuple[str, float]]]:
    """Loops per level; their order within one follows from a Python set in zigzag-dse, and means nothing."""
    return [sorted(level) for level in levels]
