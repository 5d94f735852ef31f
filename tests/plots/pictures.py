"""Pictures to compare: each kind drawn from the same records, and seen coarsely, so that fonts do not matter.

After a change that is meant, ``python -m tests.plots.pictures`` draws the stored ones anew.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from tests.stages import small
from zigzag_lab import plots
from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.inputs import read_accelerator, read_workload
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import SpatialMapping
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.workload import Workload

STORED = Path(__file__).parent / "baselines"
COARSE = (96, 72)
TOLERANCE = 2.0
"""Mean difference of grey levels (of 255) that another version of fonts may make."""


@cache
def network(n_layers: int) -> tuple[Workload, tuple[CostModelEvaluation, ...]]:
    """A chain of layers of growing height, and their prices under one mapping."""
    sizes = [2 + (5 * i) % 11 for i in range(n_layers)]
    workload = read_workload(
        [
            small.layer(i, f"/block{i // 4}/part{i % 4}/conv", loop_sizes=[1, 8, 4, height, 4, 1, 3])
            for i, height in enumerate(sizes)
        ]
    )
    accelerator = read_accelerator(small.accelerator(sram_bits=10**6))
    spatial = SpatialMapping({"D1": {"K": 4}, "D2": {"C": 4}})
    cmes = []
    for layer, height in zip(workload.layers, sizes, strict=True):
        fx, ox, oy, k = ("FX", 3), ("OX", 4), ("OY", height), ("K", 2)
        levels = {"O": ((fx,), (ox, oy), (k,)), "W": ((), (fx, ox, oy, k), ()), "I": ((fx, ox), (oy, k))}
        problem = Problem.of(layer, accelerator, MappingConstraints(), spatial)
        cmes.append(CostModelEvaluation(problem, TemporalMapping(levels)))
    return workload, tuple(cmes)


def points(n: int) -> list[plots.DesignMark]:
    return [
        plots.DesignMark(f"design {i}", 10 + (37 * i) % 101, 5 + (53 * i) % 89 + 900 / (1 + i % 13)) for i in range(n)
    ]


def _compare(path: Path) -> Path:
    _, cmes = network(21)
    return plots.plot_comparison({"a": cmes, "b": cmes[:9], "c": cmes[:2]}, path, "three runs")


def _search(path: Path) -> Path:
    traces = {"one": [(0.1, 9.0), (1.0, 4.0)], "two": [(0.3, 6.0), (2.0, 3.0)]}
    return plots.plot_search_quality(traces, path)


DRAWN: dict[str, Callable[[Path], Path]] = {
    "energy": lambda path: plots.plot_energy(network(21)[1], path, "energy"),
    "latency": lambda path: plots.plot_latency(network(21)[1], path, "latency"),
    "latency-120": lambda path: plots.plot_latency(network(120)[1], path),
    "roofline": lambda path: plots.plot_roofline(network(21)[1], path),
    "memories": lambda path: plots.plot_memory_utilisation(network(21)[1], path),
    "nest": lambda path: plots.plot_loop_nest(network(1)[1][0], path),
    "hierarchy": lambda path: plots.plot_memory_hierarchy(network(1)[1][0].accelerator, path, network(1)[1]),
    "workload": lambda path: plots.plot_workload(network(21)[0], network(21)[1], path),
    "compare": _compare,
    "pareto": lambda path: plots.plot_pareto(points(40), path),
    "search": _search,
}


def seen(path: Path) -> np.ndarray:
    """A picture as grey levels on a coarse grid."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L").resize(COARSE, Image.Resampling.BOX), dtype=float)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).mean())


def stored(name: str) -> np.ndarray:
    with Image.open(STORED / f"{name}.png") as picture:
        return np.asarray(picture, dtype=float)


if __name__ == "__main__":
    import tempfile

    STORED.mkdir(exist_ok=True)
    for kind, draw in DRAWN.items():
        with tempfile.TemporaryDirectory() as folder:
            grey = seen(draw(Path(folder) / "picture.png"))
        Image.fromarray(grey.round().astype(np.uint8)).save(STORED / f"{kind}.png")
