"""Simulated annealing beside ZigZag's: what each finds, and what an iteration costs.

``python -m tests.benchmarks.salsa [ITERATIONS] [SEEDS] [energy|latency]``, by default 200, 5, energy: the distinct
layers of ResNet-18 on tpu_like and eyeriss_like under the same spatial mapping, the same number of iterations for both
(one worker there, one chain here); then the same search here with its default of 16 chains. Times are CPU times.
ZigZag searches for the cycles without loading (its ``latency_total0``); what is compared is its whole latency.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from tests.oracle.bridge import reference_price
from tests.oracle.salsa import reference_salsa
from zigzag_lab.cost import price
from zigzag_lab.inputs import read_accelerator, read_any_workload, read_mapping
from zigzag_lab.inputs.presets import preset_path
from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.search.salsa import SalsaSettings, salsa_mapping
from zigzag_lab.search.spatial import spatial_mappings

ACCELERATORS = ("tpu_like", "eyeriss_like")
TERMS = {"energy": "energy_total", "latency": "latency_total2"}


@dataclass
class Spent:
    """Seconds of CPU time, and the iterations they were spent on."""

    seconds: float = 0.0
    n_iterations: int = 0

    @property
    def each_us(self) -> float:
        """Microseconds an iteration."""
        return self.seconds / self.n_iterations * 1e6


@dataclass
class Row:
    """One layer: what each seed found."""

    layer: str
    theirs: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    wide: list[float] = field(default_factory=list)

    @property
    def is_never_worse(self) -> bool:
        """Whether no seed of ours is worse than the same seed of theirs."""
        return all(a <= b * (1 + 1e-9) for a, b in zip(self.ours, self.theirs, strict=True))


def problems(accelerator_name: str) -> Iterator[Problem]:
    """The layers that differ, each under our first spatial mapping."""
    accelerator = read_accelerator(preset_path("accelerator", accelerator_name))
    rules = read_mapping(preset_path("mapping", accelerator_name))
    seen = set()
    for layer in read_any_workload(preset_path("workload", "resnet18")).layers:
        if (meaning := json.dumps(layer.meaning())) in seen:
            continue
        seen.add(meaning)
        constraints = rules.for_layer(layer)
        yield Problem.of(layer, accelerator, constraints, spatial_mappings(layer, accelerator, constraints)[0])


def compared(problem: Problem, n_iterations: int, seeds: range, objective: str, spent: tuple[Spent, ...]) -> Row:
    """One layer, searched by both."""
    scene = problem.layer, problem.accelerator, problem.constraints, problem.spatial_mapping.unrollings

    def value(batch: MappingBatch) -> np.ndarray:
        prices = price(batch)
        return prices.energy_pj if objective == "energy" else prices.latency_cycles

    def ours(n_chains: int, seed: int, cost: Spent) -> float:
        start = time.process_time()
        found = salsa_mapping(problem, value, SalsaSettings(n_iterations, n_chains, seed=seed))
        cost.seconds += time.process_time() - start
        cost.n_iterations += n_iterations * n_chains
        return float(value(found)[0])

    row = Row(problem.layer.name.strip("/"))
    for seed in seeds:
        start = time.process_time()
        levels = reference_salsa(*scene, n_iterations=n_iterations, seed=seed, criterion=objective)
        spent[0].seconds += time.process_time() - start
        spent[0].n_iterations += n_iterations
        row.theirs.append(reference_price(*scene, levels)[TERMS[objective]])
        row.ours.append(ours(1, seed, spent[1]))
        row.wide.append(ours(SalsaSettings().n_chains, seed, spent[2]))
    return row


def main(n_iterations: int = 200, n_seeds: int = 5, objective: str = "energy") -> int:
    """Print both tables; status 1 where a layer of ours is worse."""
    all_well = True
    for name in ACCELERATORS:
        spent = Spent(), Spent(), Spent()
        print(f"\nResNet-18 on {name}, {objective}, {n_iterations} iterations, seeds 0 to {n_seeds - 1}")
        heads = f"{'ZigZag: best, worst':>27} {'one chain: best, worst':>27} {'all chains':>13}  ours of theirs"
        print(f"{'layer':42} {heads}")
        for problem in problems(name):
            row = compared(problem, n_iterations, range(n_seeds), objective, spent)
            all_well &= row.is_never_worse
            gains = [a / b for a, b in zip(row.ours, row.theirs, strict=True)]
            print(
                f"{row.layer:42} {min(row.theirs):13.6g} {max(row.theirs):13.6g} {min(row.ours):13.6g} "
                f"{max(row.ours):13.6g} {max(row.wide):13.6g}  {min(gains):.4f} to {max(gains):.4f}"
                f"{'' if row.is_never_worse else '  WORSE'}",
                flush=True,
            )
        theirs, one, wide = (cost.each_us for cost in spent)
        print(
            f"CPU time an iteration: ZigZag {theirs:.0f} us; one chain {one:.0f} us, {theirs / one:.0f} times faster;"
        )
        print(f"{SalsaSettings().n_chains} chains (our default) {wide:.1f} us, {theirs / wide:.0f} times faster")
    print("\nnever worse, in any layer and seed" if all_well else "\nWORSE somewhere")
    return int(not all_well)


if __name__ == "__main__":
    given = [int(word) if word.isdigit() else word for word in sys.argv[1:]]
    sys.exit(main(*given))  # type: ignore[arg-type]
