"""Trade-offs of a whole network: one mapping for each layer, energies and latencies added up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_EPSILON = 1e-12

LayerFront = Sequence[tuple[float, float]]
"""(energy in pJ, latency in cycles) of mappings of one layer that none beats in both."""


def combined(fronts: Sequence[LayerFront]) -> list[tuple[float, float, tuple[int, ...]]]:
    """The front of a network: every sum of one point a layer that no other sum beats in both.

    A sum of points is on the front of the network only if its part over any of the layers is on the front of those,
    so layers are added one after the other and beaten sums are dropped at once.

    Args:
        fronts: per layer, its front.

    Returns:
        (energy, latency, number of the point taken in each layer), energy ascending.
    """
    energy, latency = np.zeros(1), np.zeros(1)
    chosen = np.zeros((1, 0), dtype=np.int64)
    for front in fronts:
        of_layer = np.array(front, dtype=np.float64).reshape(-1, 2)
        total_energy = (energy[:, None] + of_layer[:, 0]).ravel()
        total_latency = (latency[:, None] + of_layer[:, 1]).ravel()
        kept = unbeaten(total_energy, total_latency)
        before, point = np.divmod(kept, len(of_layer))
        energy, latency = total_energy[kept], total_latency[kept]
        chosen = np.concatenate([chosen[before], point[:, None]], axis=1)
    rows = zip(energy.tolist(), latency.tolist(), chosen.tolist(), strict=True)
    return [(e, t, tuple(points)) for e, t, points in rows]


def unbeaten(energy: np.ndarray, latency: np.ndarray) -> np.ndarray:
    """Indices of the points that none beats in both, energy ascending."""
    order = np.lexsort((latency, energy))
    best_before = np.concatenate([[np.inf], np.minimum.accumulate(latency[order])[:-1]])
    return order[latency[order] < best_before * (1 - _EPSILON)]
