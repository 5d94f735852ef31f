"""Networks of distinct layers, priced as the standard pipeline prices them: what the sink is fed in benchmarks."""

from __future__ import annotations

import random
from itertools import islice
from typing import Any

from zigzag_lab.api.run import RunRequest, run
from zigzag_lab.cost.evaluation import CostModelEvaluation
from zigzag_lab.inputs.presets import resolve

N_LAYERS = 50
ACCELERATORS = ("tpu_like", "eyeriss_like", "ascend_like", "edge_tpu_like", "meta_prototype")
CHANNELS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
ROWS = (7, 8, 14, 16, 20, 28, 32, 40, 56, 64, 80, 112)

Network = list[CostModelEvaluation]


def networks(n_networks: int, seed: int = 0) -> list[Network]:
    """Networks of :data:`N_LAYERS` convolutions, no two alike, each on one accelerator, with all terms worked out."""
    draw = random.Random(seed)
    sizes = set[tuple[int, ...]]()
    while len(sizes) < n_networks * N_LAYERS:
        kernel, stride = draw.choice((1, 1, 3, 3, 5, 7)), draw.choice((1, 1, 2))
        channels = draw.choice(CHANNELS), draw.choice(CHANNELS)
        sizes.add((draw.choice((1, 2, 4, 8)), *channels, draw.choice(ROWS), draw.choice(ROWS), kernel, stride))
    layers = iter(sorted(sizes, key=lambda _: draw.random()))
    return [_priced(list(islice(layers, N_LAYERS)), ACCELERATORS[i % len(ACCELERATORS)]) for i in range(n_networks)]


def _priced(sizes: list[tuple[int, ...]], accelerator: str) -> Network:
    files = [str(resolve(kind, accelerator)) for kind in ("accelerator", "mapping")]
    workload = [_convolution(i, *size) for i, size in enumerate(sizes)]
    found = run(RunRequest(workload, *files, lpf_limit=3, n_spatial_mappings=1), store=None)
    for cme in found.layers:
        if not (cme.breakdown.memory_energy_pj and cme.breakdown.latency_cycles):  # worked out when asked for
            raise ValueError(f"{cme.layer} costs nothing")
    return list(found.layers)


def _convolution(i: int, *sizes: int) -> dict[str, Any]:
    batch, out, into, rows, columns, kernel, stride = sizes
    return {
        "id": i,
        "name": f"layer_{i}",
        "operator_type": "Conv",
        "equation": "O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]",
        "dimension_relations": [f"ix={stride}*ox+1*fx", f"iy={stride}*oy+1*fy"],
        "loop_dims": ["B", "K", "C", "OY", "OX", "FY", "FX"],
        "loop_sizes": [batch, out, into, rows, columns, kernel, kernel],
        "operand_precision": {"O": 16, "O_final": 8, "W": 8, "I": 8},
        "operand_source": {"W": i, "I": i},
    }
