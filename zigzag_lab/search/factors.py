"""Loop prime factors: temporal loops split as finely as the search may reorder them.

LOMA (Symons et al., "LOMA: Fast Auto-Scheduling on DNN Accelerators through Loop-Order-based Memory Allocation",
AICAS 2021) searches the orders of the prime factors of the temporal loops; a limit on their number merges the smallest
factors of the dimension that has most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from zigzag_lab.mapping.lattice import Factor


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
        fixed: (dimension, size) loops that constraints require; prime factors are merged into them first.

    Returns:
        (dimension, size), grouped by dimension, ascending in size.
    """
    return list(_split(tuple(sizes.items()), limit, tuple(fixed)))


@lru_cache(maxsize=1024)
def _split(sizes: tuple[Factor, ...], limit: int | None, fixed: tuple[Factor, ...]) -> tuple[Factor, ...]:
    free = {dim: list(prime_factors(size).elements()) for dim, size in sizes}
    kept: dict[str, list[int]] = {dim: [] for dim in free}
    for dim, size in fixed:
        for factor in prime_factors(size).elements():
            if factor in free[dim]:
                free[dim].remove(factor)
        kept[dim].append(size)
    if limit is not None:
        _merge_down(free, kept, max(limit, len(free)))
    return tuple((dim, factor) for dim, factors in free.items() for factor in sorted([*factors, *kept[dim]]))


def _merge_down(free: dict[str, list[int]], kept: dict[str, list[int]], limit: int) -> None:
    """Merge the two smallest free factors of the dimension that has most factors, again and again; in place."""
    n_factors = {dim: len(factors) + len(kept[dim]) for dim, factors in free.items()}
    for _ in range(sum(n_factors.values()) - limit):
        dim = max(free, key=lambda d: n_factors[d] if len(free[d]) > 1 else -1)
        if len(free[dim]) < 2:
            return
        first, second, *others = sorted(free[dim])
        free[dim] = [first * second, *others]
        n_factors[dim] -= 1
