"""Exact search over networks: ``python -m tests.benchmarks.exact [network|all] [seconds a layer] [accelerator...]``.

Every distinct layer of a network, under its first spatial mapping, for each objective: how many layers are proven, the
largest gap of the others, the gain over LOMA at 6 loop prime factors (its own time is not counted), CPU seconds, and
the most memory of a process that does all three objectives.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from json import dumps
from multiprocessing import get_context

import numpy as np
from rich.console import Console
from rich.table import Table

from zigzag_lab.cost import Prices, price
from zigzag_lab.exact.solve import Solution, solve
from zigzag_lab.inputs import read_accelerator, read_mapping, read_onnx
from zigzag_lab.inputs.presets import preset_path
from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.search.spatial import spatial_mappings
from zigzag_lab.search.temporal import temporal_mappings
from zigzag_lab.vocab import Objective

ACCELERATORS = ("tpu_like", "edge_tpu_like", "meta_prototype", "tesla_npu_like", "ascend_like", "eyeriss_like")
NETWORKS = ("resnet18", "mobilenetv2", "alexnet")
HEADINGS = ("accelerator", "objective", "proven", "largest gap", "gain: mean", "gain: most", "CPU s", "peak MB")
LPF_LIMIT = 6


def problems(network: str, accelerator: str) -> Iterator[Problem]:
    """The distinct layers of a network."""
    array = read_accelerator(preset_path("accelerator", accelerator))
    rules = read_mapping(preset_path("mapping", accelerator))
    known: set[str] = set()
    for layer in read_onnx(preset_path("workload", network)).layers:
        key = dumps(layer.meaning())
        if key not in known:
            known.add(key)
            wishes = rules.for_layer(layer)
            yield Problem.of(layer, array, wishes, spatial_mappings(layer, array, wishes)[0])


def figure(objective: Objective, prices: Prices) -> np.ndarray:
    """[m] what an objective minimises."""
    if objective is Objective.ENERGY:
        return prices.energy_pj
    return prices.latency_cycles if objective is Objective.LATENCY else prices.edp_pj_cycles


def searched(problem: Problem, objective: Objective, seconds: float) -> tuple[Solution, float, float]:
    """The answer, LOMA's best, and the CPU seconds of the exact search."""
    known: list[MappingBatch] = list(temporal_mappings(problem, LPF_LIMIT))
    loma = min(float(figure(objective, price(batch)).min()) for batch in known)
    started = time.process_time()
    answer = solve(problem, objective, seconds=seconds, known=known)
    return answer, loma, time.process_time() - started


def rows(network: str, seconds: float, accelerator: str) -> list[tuple[str, ...]]:
    """What is said of one network on one accelerator, a line for each objective."""
    cases, lines = list(problems(network, accelerator)), []
    for objective in Objective:
        found = [searched(problem, objective, seconds) for problem in cases]
        gains = [1 - answer.certificate.best / loma for answer, loma, _ in found]
        lines.append(
            (
                accelerator,
                objective.value,
                f"{sum(a.certificate.is_proven for a, _, _ in found)} of {len(found)}",
                f"{max(a.certificate.gap for a, _, _ in found):.2%}",
                f"{sum(gains) / len(gains):.2%}",
                f"{max(gains):.2%}",
                f"{sum(cpu for *_, cpu in found):.1f}",
            )
        )
    peak = f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}"
    return [(*line, peak) for line in lines]


def main(networks: tuple[str, ...], seconds: float = 10.0, accelerators: tuple[str, ...] = ACCELERATORS) -> None:
    """Measure and print a table for each network."""
    console = Console(width=120)
    for network in networks:
        table = Table(title=f"{network}, exact search, {seconds:g} s a layer at most")
        for heading in HEADINGS:
            table.add_column(heading, justify="left" if heading in HEADINGS[:2] else "right")
        for accelerator in accelerators:
            with ProcessPoolExecutor(1, get_context("spawn")) as own_process:
                for line in own_process.submit(rows, network, seconds, accelerator).result():
                    table.add_row(*line)
        console.print(table)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    name = arguments[0] if arguments else "resnet18"
    main(
        NETWORKS if name == "all" else (name,),
        float(arguments[1]) if len(arguments) > 1 else 10.0,
        tuple(arguments[2:]) or ACCELERATORS,
    )
