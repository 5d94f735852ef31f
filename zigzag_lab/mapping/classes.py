"""Classes of equal columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_KEY_BITS = 62


def classes_of(words: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the first of each class of columns that are equal in every word, and [m] the class of each.

    Args:
        words: [m] each.

    >>> first, classes = classes_of([np.array([7, 5, 7]), np.array([1, 1, 1])])
    >>> first.tolist(), classes.tolist()
    ([1, 0], [1, 0, 1])
    """
    order = np.lexsort(words)
    starts = np.zeros(len(order), dtype=bool)
    starts[:1] = True
    for ranked in (word[order] for word in words):
        starts[1:] |= ranked[1:] != ranked[:-1]
    classes = np.empty(len(order), dtype=np.int64)
    classes[order] = np.cumsum(starts) - 1
    return order[starts], classes


def packed(columns: np.ndarray, radix: int) -> list[np.ndarray]:
    """[m] each: as few words as hold [k, m] numbers from 0 to below a radix."""
    width = 1
    while (width + 1) * np.log2(max(radix, 2)) <= _KEY_BITS:
        width += 1
    weights = max(radix, 2) ** np.arange(width, dtype=np.int64)
    parts = (columns[i : i + width] for i in range(0, len(columns), width))
    return [weights[: len(part)] @ part for part in parts]
