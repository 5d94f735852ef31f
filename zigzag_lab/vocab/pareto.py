"""Which of many points no other point beats."""

from __future__ import annotations

from collections.abc import Sequence


def pareto_front(figures: Sequence[Sequence[float]]) -> list[int]:
    """The places of the points that no other is at least as good as in all figures and better in one.

    Each point has two or three finite figures, all to be small. The places are ordered by the first figure, then the
    second; of points that are equal in all, each is among them.
    """
    order = sorted(range(len(figures)), key=lambda i: tuple(figures[i]))
    front: list[int] = []
    for i in order:  # those before have a lower or equal first figure: of two figures, the last of them is the lowest
        rivals = front if len(figures[i]) > 2 else front[-1:]
        if not any(_beats(figures[j], figures[i]) for j in rivals):
            front.append(i)
    return front


def _beats(first: Sequence[float], second: Sequence[float]) -> bool:
    is_as_good = all(a <= b for a, b in zip(first, second, strict=True))
    return is_as_good and tuple(first) != tuple(second)
