"""Which of many points no other point beats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def pareto_front(figures: Sequence[Sequence[float]]) -> list[int]:
    """The places of the points that no other is at least as good as in all figures and better in one.

    Args:
        figures: for each point two or three figures, all to be small; none may be infinite or no number.

    Returns:
        The places, by the first figure, then the second; of points that are equal in all, each.
    """
    order = sorted(range(len(figures)), key=lambda i: tuple(figures[i]))
    front: list[int] = []
    if figures and len(figures[0]) <= 2:
        best: Any = None
        for i in order:
            last = figures[i][-1]
            if best is None or last < best or tuple(figures[i]) == tuple(figures[front[-1]]):
                best = last
                front.append(i)
        return front
    for i in order:  # those before have a lower or equal first figure
        if not any(_beats(figures[j], figures[i]) for j in front):
            front.append(i)
    return front


def _beats(first: Sequence[float], second: Sequence[float]) -> bool:
    is_as_good = all(a <= b for a, b in zip(first, second, strict=True))
    return is_as_good and tuple(first) != tuple(second)
