"""What inner loops add at least to walks that differ in settled things only.

Such walks become one, as good as any of them in each respect. Grown to the start and made one again and again, these
few show what the inner loops cannot save, long before the walks themselves come to it.
Axes: ``m`` label, ``g`` group.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from zigzag_lab.exact.dominance import Dominance
from zigzag_lab.exact.groups import Groups
from zigzag_lab.exact.labels import Labels

MOST = 200_000
"""Labels of a length that are still looked at."""

Children = Callable[[Labels, int], Iterator[tuple[int, Labels]]]
"""Labels one loop longer, part by part: those that may still beat what was found."""


class Foresight:
    """Bounds for groups of labels.

    Args:
        dominance: says which labels are comparable.
        children: see :data:`Children`.
    """

    def __init__(self, dominance: Dominance, children: Children) -> None:
        self.dominance, self.children = dominance, children
        self._known: dict[int, tuple[Groups, np.ndarray]] = {}

    def look(self, start: Labels, n_layers: int, deadline: float) -> np.ndarray:
        """[m] bounds of some labels; those of all that may grow from them are remembered, as far as could be seen."""
        self._known.clear()
        labels, trail = start, []
        for layer in reversed(range(n_layers)):
            children = self._grown(labels, layer)
            if children is None or time.monotonic() > deadline:
                break
            groups = self.dominance.groups(children)
            trail.append((layer, groups, len(labels), children.parent))
            labels = self.dominance.relaxed(children, groups)
            if not len(labels):
                break
        bound = labels.bound
        for layer, groups, n, parent in reversed(trail):
            self._known[layer] = groups, bound
            of_children, bound = bound[groups.of_rows()], np.full(n, np.inf)
            np.minimum.at(bound, parent, of_children)
        return bound

    def _grown(self, labels: Labels, layer: int) -> Labels | None:
        """All labels one loop longer; None where they are too many."""
        parts, n = [], 0
        for _, part in self.children(labels, layer):
            parts.append(part)
            n += len(part)
            if n > MOST:
                return None
        return Labels.joined(parts)

    def applied(self, labels: Labels, layer: int) -> Labels:
        """Labels with the bounds foreseen for them, without those of which nothing better can grow."""
        if layer not in self._known or not len(labels):
            return labels
        known, bounds = self._known[layer]
        if not len(known):
            return labels.take(np.zeros(0, dtype=np.int64))
        groups = self.dominance.groups(labels)
        at, is_there = groups.found_in(known)
        foreseen = np.where(is_there, bounds[at], np.where(at < 0, -np.inf, np.inf))[groups.of_rows()]
        raised = replace(labels, bound=np.maximum(labels.bound, foreseen))
        return raised.take(np.flatnonzero(foreseen < np.inf))
