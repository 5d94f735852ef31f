"""Loop prime factors: temporal loops split as finely as the search may reorder them.

LOMA (Symons et al., "LOMA: Fast Auto-Scheduling on DNN Accelerators through Loop-Order-based Memory Allocation",
AICAS 2021) searches the orders of the prime factors of the temporal loops; a limit on their number merges the smallest
factors of the dimension that has most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

Factor = tuple[str, int]


def prime_factors(number: int) -> Counter[int]:
    """Prime factor -> multiplicity, ascending."""
    factors: Counter[int] = Counter()
    divisor = 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            factors[divisor] += 1
            number //= divisor
        divisor += 1 if divisor == 2 else 2
    if number > 1:
        factors[number] += 1
    return factors


def loop_prime_factors(sizes: dict[str, int], limit: int | None, fixed: Sequence[tuple[str, int]] = ()) -> list[Factor]:
    """The temporal loops to reorder.

    Args:
        sizes: loop dimension -> temporal iterations, none of them 1.
        limit: the most factors wanted; never below the number of dimensions. None for all prime factors.
        fixed: (dimension, size) loops that constraints ask for; prime factors are merged into them first.

    Returns:
        (dimension, size), grouped by dimension, ascending in size.
    """
    per_dim = {dim: prime_factors(size) for dim, size in sizes.items()}
    for dim, size in fixed:
        _reserve(per_dim[dim], size)
    if limit is not None:
        _merge_down(per_dim, max(limit, len(sizes)), fixed)
    return [(dim, factor) for dim, counts in per_dim.items() for factor in counts.elements()]


def _reserve(counts: Counter[int], size: int) -> None:
    """Merge prime factors so that a loop of this size exists."""
    for factor, multiplicity in prime_factors(size).items():
        counts[factor] -= multiplicity
    counts[size] += 1
    _tidy(counts)


def _merge_down(per_dim: dict[str, Counter[int]], limit: int, fixed: Sequence[tuple[str, int]]) -> None:
    """Merge the two smallest factors of the dimension that has most, again and again, those fixed apart; in place."""
    mergeable = {dim: sorted((counts - _wanted(dim, fixed)).elements()) for dim, counts in per_dim.items()}
    n_factors = {dim: counts.total() for dim, counts in per_dim.items()}
    for _ in range(sum(n_factors.values()) - limit):
        dim = max(per_dim, key=lambda d: n_factors[d] if len(mergeable[d]) > 1 else -1)
        if len(mergeable[dim]) < 2:
            break
        first, second, *others = mergeable[dim]
        mergeable[dim] = sorted([first * second, *others])
        n_factors[dim] -= 1
    for dim, free in mergeable.items():
        counts = Counter(free) + (_wanted(dim, fixed) & per_dim[dim])
        per_dim[dim].clear()
        per_dim[dim].update(counts)
        _tidy(per_dim[dim])


def _wanted(dim: str, fixed: Sequence[tuple[str, int]]) -> Counter[int]:
    return Counter(size for d, size in fixed if d == dim)


def _tidy(counts: Counter[int]) -> None:
    """Drop absent factors and sort ascending, in place."""
    kept = sorted((f, n) for f, n in counts.items() if n > 0)
    counts.clear()
    counts.update(dict(kept))
