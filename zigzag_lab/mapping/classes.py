"""Classes of equal columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

_MOST_VALUES = 2**62


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


def packed(columns: Iterable[np.ndarray], sizes: Iterable[int]) -> list[np.ndarray]:
    """Return columns [m] packed into as few integers [m] as possible; each column holds 0 to below its size."""
    words: list[np.ndarray] = []
    n_values = 1
    for row, size in zip(columns, sizes, strict=False):
        if not words or n_values * size > _MOST_VALUES:
            words.append(row)
            n_values = size
        else:
            words[-1], n_values = words[-1] * size + row, n_values * size
    return words
