"""Search targets and their incumbents: the least of one objective, or the front of two. Axes: ``m`` walk or mapping."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.vocab import Objective

_EPSILON = 1e-12


class Target(ABC):
    """The incumbent, and the test of what may still improve on it.

    Attributes:
        asks_for_energy: whether less energy makes a difference.
    """

    asks_for_energy = True

    @abstractmethod
    def value(self, energy: np.ndarray, latency: np.ndarray) -> np.ndarray:
        """[m] by what to rank walks, from bounds or prices; less is better."""

    @abstractmethod
    def cannot_improve(self, energy: np.ndarray, latency: np.ndarray) -> np.ndarray:
        """[m] whether these lower bounds cannot improve on the incumbent, so that the partial mappings are pruned."""

    @property
    def too_much(self) -> float:
        """The least rank that prunes: nothing of this rank or a higher one can change what was found."""
        return np.inf

    def is_safe_from(self, rank: float) -> bool:
        """Whether nothing of this rank or a higher one can change what was found."""
        return bool(rank >= self.too_much)

    @property
    @abstractmethod
    def has_found(self) -> bool:
        """Whether a mapping was found, here or elsewhere."""

    @abstractmethod
    def offer(self, batch: MappingBatch, energy: np.ndarray, latency: np.ndarray) -> None:
        """Consider priced mappings."""


class Best(Target):
    """The least energy, latency or product of both; of equal latencies the lower energy, and the other way round.

    Args:
        to_beat: what was found elsewhere; nothing worse is looked for.
    """

    def __init__(self, objective: Objective, to_beat: float = np.inf) -> None:
        self.objective, self.to_beat = objective, to_beat
        self.asks_for_energy = objective is not Objective.LATENCY
        self.best = np.inf
        self.rank: tuple[float, float] = (np.inf, np.inf)
        self.prices: tuple[float, float] = (np.inf, np.inf)
        self.batch: MappingBatch | None = None
        self.index = 0

    def value(self, energy: np.ndarray, latency: np.ndarray) -> np.ndarray:
        """The objective."""
        if self.objective is Objective.ENERGY:
            return energy
        return latency if self.objective is Objective.LATENCY else energy * latency

    def cannot_improve(self, energy: np.ndarray, latency: np.ndarray) -> np.ndarray:
        """Whether the objective cannot be less, or is more than what is to be beaten."""
        return self.value(energy, latency) >= self.too_much

    @property
    def too_much(self) -> float:
        """What prunes: an incumbent from elsewhere may be equalled, to settle a tie, but not exceeded."""
        return min(self.best * (1 - _EPSILON), self.to_beat * (1 + _EPSILON))

    @property
    def has_found(self) -> bool:
        """Whether there is a best one, or one to be beaten."""
        return self.batch is not None or self.to_beat < np.inf

    def offer(self, batch: MappingBatch, energy: np.ndarray, latency: np.ndarray) -> None:
        """Keep the best."""
        if not len(energy):
            return
        values = self.value(energy, latency)
        second = energy if self.objective is Objective.LATENCY else latency
        index = int(np.lexsort((second, values))[0])
        rank = float(values[index]), float(second[index])
        if rank < self.rank:
            self.rank, self.best, self.batch, self.index = rank, rank[0], batch, index
            self.prices = float(energy[index]), float(latency[index])


class Tie(Target):
    """Of the best mappings, that of least energy where latency was minimised, and the fastest where energy was.

    Args:
        found: the best mapping so far; improved in place.
    """

    def __init__(self, found: Best) -> None:
        self.found = found
        self._second = int(found.objective is Objective.ENERGY)
        self.asks_for_energy = found.objective is not Objective.ENERGY

    def value(self, energy: np.ndarray, latency: np.ndarray) -> np.ndarray:
        """The second figure."""
        return (energy, latency)[self._second]

    def cannot_improve(self, energy: np.ndarray, latency: np.ndarray) -> np.ndarray:
        """Whether the first figure must be more, or the second cannot be less."""
        first, second = (latency, energy) if self._second == 0 else (energy, latency)
        return (first > self.found.best * (1 + _EPSILON)) | (second >= self.too_much)

    @property
    def too_much(self) -> float:
        """The second figure that the best mapping has."""
        return self.found.prices[self._second] * (1 - _EPSILON)

    @property
    def has_found(self) -> bool:
        """Whether there is a mapping, which is so."""
        return self.found.has_found

    def offer(self, batch: MappingBatch, energy: np.ndarray, latency: np.ndarray) -> None:
        """Keep the best."""
        self.found.offer(batch, energy, latency)


class Front(Target):
    """All trade-offs of energy and latency that no mapping beats in both.

    Attributes:
        points: (energy, latency, batch, index in it), energy ascending.
    """

    def __init__(self) -> None:
        self.points: list[tuple[float, float, MappingBatch, int]] = []
        self._energy = self._latency = np.empty(0)

    def value(self, energy: np.ndarray, latency: np.ndarray) -> np.ndarray:
        """The product, as the one figure that favours neither."""
        return energy * latency

    def cannot_improve(self, energy: np.ndarray, latency: np.ndarray) -> np.ndarray:
        """Whether some point of the front is at least as good in both."""
        if not self.points:
            return np.zeros(len(energy), dtype=bool)
        at = np.searchsorted(self._energy, energy * (1 + _EPSILON), side="right") - 1
        return (at >= 0) & (self._latency[np.maximum(at, 0)] <= latency * (1 + _EPSILON))

    @property
    def has_found(self) -> bool:
        """Whether the front has a point."""
        return bool(self.points)

    def offer(self, batch: MappingBatch, energy: np.ndarray, latency: np.ndarray) -> None:
        """Add mappings that no point beats, and drop those that are beaten now."""
        for i in np.lexsort((latency, energy)):
            if not self.cannot_improve(energy[i : i + 1], latency[i : i + 1])[0]:
                self._insert(float(energy[i]), float(latency[i]), batch, int(i))

    def _insert(self, energy: float, latency: float, batch: MappingBatch, index: int) -> None:
        worse = [p for p in self.points if p[0] < energy or p[1] < latency * (1 - _EPSILON)]
        self.points = sorted([*worse, (energy, latency, batch, index)], key=lambda p: p[0])
        self._energy = np.array([p[0] for p in self.points])
        self._latency = np.array([p[1] for p in self.points])


# -- trade-offs of a whole network: one mapping for each layer, energies and latencies added up ------------------------

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
