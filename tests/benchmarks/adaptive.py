"""Whether the search beats chance: ``python -m tests.benchmarks.adaptive [--trials 300] [--seeds 5]``.

Energy against latency over a space of more than a million variants of tpu_like: as many trials of each of Optuna's
samplers as points drawn at random, for each seed. Compared are the hypervolumes of the fronts, below the worst energy
and the worst latency that anybody found: as shares of that rectangle, and as areas on logarithmic axes.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from zigzag_lab.api.sweep import run_sweep
from zigzag_lab.api.sweep_answers import front_of, sweep_points
from zigzag_lab.store.sweep_questions import SweepPointRecord
from zigzag_lab.sweeps import read_sweep

MEMORIES = "accelerator.memories"
BUFFER, REGISTER, ACCUMULATOR = f"{MEMORIES}.sram_2MB", f"{MEMORIES}.rf_128B", f"{MEMORIES}.rf_2B"
SPACE: dict[str, Any] = {
    f"{BUFFER}.size": {"log_range": ["32 KiB", "16 MiB"], "count": 19},
    "width": [256, 512, 1024, 2048, 4096],
    f"{REGISTER}.size": {"log_range": ["32 B", "1 KiB"], "count": 11},
    f"{ACCUMULATOR}.size": ["2 B", "4 B", "8 B", "16 B"],
    "rows": [4, 8, 12, 16, 24, 32, 48, 64, 96, 128],
    "columns": [4, 8, 12, 16, 24, 32, 48, 64, 96, 128],
    "channel": [64, 96, 128, 192, 256],
}
DERIVED = {
    "accelerator.operational_array.sizes": "[rows, columns]",
    "mapping[0].spatial_mapping.D1": "[text('K, ', rows)]",
    "mapping[0].spatial_mapping.D2": "[text('C, ', columns)]",
    f"{BUFFER}.ports[0].bandwidth_max": "width",
    f"{BUFFER}.ports[1].bandwidth_max": "width",
    "growth": f"sqrt({BUFFER}.size / (2 * MiB)) * width / 2048",
    f"{BUFFER}.r_cost": "416.16 * growth",
    f"{BUFFER}.w_cost": "378.4 * growth",
    f"{REGISTER}.r_cost": f"0.095 * sqrt({REGISTER}.size / 1024)",
    f"{REGISTER}.w_cost": f"0.095 * sqrt({REGISTER}.size / 1024)",
    f"{ACCUMULATOR}.r_cost": f"0.021 * sqrt({ACCUMULATOR}.size / 16)",
    f"{ACCUMULATOR}.w_cost": f"0.021 * sqrt({ACCUMULATOR}.size / 16)",
    f"{MEMORIES}.dram.ports[0].bandwidth_max": "channel",
    f"{MEMORIES}.dram.r_cost": "700 * (channel / 64) ** 1.2",
    f"{MEMORIES}.dram.w_cost": "750 * (channel / 64) ** 1.2",
}
RANDOM = "random"


def sweep_file(folder: Path, name: str, workload: str, sampling: dict[str, Any], seed: int) -> Path:
    """A sweep of that space."""
    file = folder / f"{name}.yaml"
    said = {"name": name, "workloads": [workload], "accelerators": ["tpu_like"], "sampling": sampling, "seed": seed}
    file.write_text(yaml.safe_dump({**said, "space": SPACE, "derived": DERIVED}, sort_keys=False))
    return file


class Nobody:
    """A listener that hears nothing and lets all go on."""

    def progressed(self, progress: Any) -> None:
        """Nothing."""

    def is_stopped(self) -> bool:
        return False


def priced(file: Path, database: str) -> list[SweepPointRecord]:
    """The points of a sweep."""
    outcome = run_sweep(file, store=database, listener=Nobody())
    found = sweep_points(outcome.name, database)
    n = outcome.progress.n_done
    print(f"{outcome.name}: {n} points, {len(found)} of them fit, {outcome.seconds:.0f} s", flush=True)
    return found


def figures(points: Sequence[SweepPointRecord]) -> list[tuple[float, float]]:
    """Energy and latency of points."""
    return [(float(point.energy_pj or 0), float(point.latency_cycles or 0)) for point in points]


def hypervolume(front: Sequence[tuple[float, float]], worst: tuple[float, float]) -> float:
    """The area that a front covers below the worst point."""
    area, ceiling = 0.0, worst[1]
    for energy, latency in front:
        area += max(0.0, worst[0] - energy) * max(0.0, ceiling - latency)
        ceiling = min(ceiling, latency)
    return area


def compare(folder: Path, workload: str, n: int, n_seeds: int, samplers: Sequence[str]) -> None:
    """Print the hypervolumes, and their medians."""
    database = f"sqlite:///{folder / 'lab.db'}"
    fronts: dict[tuple[str, int], list[tuple[float, float]]] = {}
    everything: list[tuple[float, float]] = []
    for seed in range(n_seeds):
        for sampler in (RANDOM, *samplers):
            search = {"optuna": n, "objectives": ["energy", "latency"], "sampler": sampler}
            sampling = {RANDOM: n} if sampler == RANDOM else search
            file = sweep_file(folder, f"{sampler} {seed}", workload, sampling, seed)
            points = priced(file, database)
            fronts[sampler, seed] = figures(front_of(points, ["energy", "latency"]))
            everything += figures(points)
    print(f"space: {read_sweep(file).n_combinations:,} combinations, {n} points each")
    worst = max(e for e, _ in everything), max(c for _, c in everything)
    logs = {key: [(math.log10(e), math.log10(c)) for e, c in some] for key, some in fronts.items()}
    for title, area, table in (
        ("share of the rectangle", worst[0] * worst[1], fronts),
        ("area in decades squared", 1.0, logs),
    ):
        corner = worst if table is fronts else (math.log10(worst[0]), math.log10(worst[1]))
        for sampler in (RANDOM, *samplers):
            each = [hypervolume(table[sampler, seed], corner) / area for seed in range(n_seeds)]
            listed = " ".join(f"{value:.4f}" for value in each)
            print(f"hypervolume, {title}: {sampler:7} median {median(each):.4f}  ({listed})")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--workload", default="resnet18")
    parser.add_argument("--sampler", action="append", help="tpe or nsga2; by default both")
    given = parser.parse_args()
    started, cpu = time.monotonic(), time.process_time()
    with TemporaryDirectory() as folder:
        samplers = given.sampler or ["tpe", "nsga2"]
        compare(Path(folder), given.workload, given.trials, given.seeds, samplers)
    print(f"{time.monotonic() - started:.0f} s, {time.process_time() - cpu:.0f} CPU s of this process")


if __name__ == "__main__":
    main()
