"""Exact search against brute force on the random problems of many seeds.

By hand: ``python -m tests.exact_by_hand 0 1000 [most mappings] [most prime factors]``. Where something differs, it says
what, and exits with 1.
"""

from __future__ import annotations

import sys
from collections import Counter

from tests.exact.comparison import compared


def main(first: int, last: int, limit: int = 100_000, max_factors: int = 6) -> int:
    """Compare the random problems of some seeds."""
    counts: Counter[str] = Counter()
    n_different = 0
    for seed in range(first, last):
        found = compared(seed, limit, counts, max_factors=max_factors)
        n_different += bool(found)
        if found:
            print(f"seed {seed}: {'; '.join(found)}", flush=True)
        if (seed - first) % 100 == 99:
            print(f"up to seed {seed}: {dict(counts)}", flush=True)
    print(f"{n_different} of {last - first} random problems differ from brute force; {dict(counts)}")
    return int(n_different > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
