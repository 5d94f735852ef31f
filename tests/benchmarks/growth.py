"""How the cost of a search grows with loop prime factors, memory levels and layers.

``python -m tests.benchmarks.growth``; a few seconds. Mappings priced count whole classes of orders of equal prices, of
which one is priced (:mod:`zigzag_lab.search.order_classes`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from tests.benchmarks.files import ACCELERATOR, LPF_LIMIT, MAPPING, N_SPATIAL, WORKLOAD
from zigzag_lab.hardware import Accelerator, Memory, Port
from zigzag_lab.inputs import read_accelerator, read_mapping, read_onnx
from zigzag_lab.inputs.presets import preset_path
from zigzag_lab.mapping.constraints import MappingRules
from zigzag_lab.stages import (
    CostModelStage,
    LomaStage,
    MinimalLatencyStage,
    SearchTally,
    SpatialMappingGeneratorStage,
    SumStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.vocab import INPUT_MEMORY_OPERANDS, MEMORY_OPERANDS, Direction
from zigzag_lab.workload import Workload

Row = tuple[str, float, int, int]
"""What was varied, CPU seconds, mappings priced, searches."""

SIZES_BITS = (2**9, 2**18, 2**21, 2**24)
"""Of the memories below the outermost."""

NETWORKS = ("alexnet", "resnet18", "mobilenetv2", "resnet50")


def searched(name: str, workload: Workload, accelerator: Accelerator, rules: MappingRules, lpf_limit: int) -> Row:
    """Search one network and measure it."""
    stages = [SumStage, WorkloadStage, MinimalLatencyStage, SpatialMappingGeneratorStage, MinimalLatencyStage]
    tally = SearchTally()
    started = time.process_time()
    MainStage(
        [*stages, LomaStage, CostModelStage],
        workload=workload,
        accelerator=accelerator,
        mapping=rules,
        loma_lpf_limit=lpf_limit,
        nb_mappings_generated=N_SPATIAL,
        tally=tally,
    ).run()
    return name, time.process_time() - started, tally.n_mappings_evaluated, tally.n_searches


def with_levels(n_levels: int) -> Accelerator:
    """The array of tpu_like under a plain hierarchy: one memory a level, wider and larger upwards."""
    array = read_accelerator(ACCELERATOR).array
    return Accelerator(f"{n_levels} levels", tuple(_memory(level, n_levels) for level in range(n_levels)), array)


def _memory(level: int, n_levels: int) -> Memory:
    is_top = level == n_levels - 1
    inputs = [(op, way) for op in INPUT_MEMORY_OPERANDS for way in (Direction.TO_LOW, Direction.FROM_HIGH)]
    serves = (*inputs, *(("O", way) for way in Direction))
    width = 8 * 64 * 2**level
    port = Port("rw_port_1", "read_write", 8, width, serves)
    size = 10**12 if is_top else SIZES_BITS[level]
    served = () if level == 0 and n_levels > 1 else ("D1", "D2")
    return Memory(f"level{level}", size, 1.0 + level, 1.0 + level, 0.0, 1, MEMORY_OPERANDS, (port,), served)


def by_factors() -> Iterator[Row]:
    """ResNet-18 on tpu_like under limits of 6 to 10."""
    given = read_onnx(WORKLOAD), read_accelerator(ACCELERATOR), read_mapping(MAPPING)
    for lpf_limit in range(6, 11):
        yield searched(str(lpf_limit), *given, lpf_limit)


def by_levels() -> Iterator[Row]:
    """ResNet-18 on the array of tpu_like under two to five memory levels."""
    workload, rules = read_onnx(WORKLOAD), read_mapping(MAPPING)
    for n_levels in range(2, 6):
        yield searched(str(n_levels), workload, with_levels(n_levels), rules, LPF_LIMIT)


def by_layers() -> Iterator[Row]:
    """Parts of ResNet-18 and whole networks on tpu_like."""
    accelerator, rules = read_accelerator(ACCELERATOR), read_mapping(MAPPING)
    resnet = read_onnx(WORKLOAD)
    for n in (1, 5, 10):
        part = Workload("part", tuple(replace(layer, sources={}) for layer in resnet.layers[:n]))
        yield searched(f"{n} of resnet18", part, accelerator, rules, LPF_LIMIT)
    for name in NETWORKS:
        workload = read_onnx(preset_path("workload", name))
        yield searched(f"{len(workload.layers)}, {name}", workload, accelerator, rules, LPF_LIMIT)


def main() -> None:
    """Measure and print three tables."""
    console = Console()
    for title, rows in (("loop prime factors", by_factors()), ("memory levels", by_levels()), ("layers", by_layers())):
        table = Table(title=f"Cost by {title}")
        for heading in (title, "CPU seconds", "mappings priced", "searches", "us a mapping"):
            table.add_column(heading, justify="right")
        for name, seconds, n_mappings, n_searches in rows:
            per_mapping = f"{1e6 * seconds / n_mappings:.2f}"
            table.add_row(name, f"{seconds:.3f}", f"{n_mappings:,}", str(n_searches), per_mapping)
        console.print(table)


if __name__ == "__main__":
    main()
