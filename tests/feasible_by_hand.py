"""Tight random designs against brute force and the live ZigZag: ``python -m tests.feasible_by_hand 0 300``.

Prints what differs, then what was compared; exits with 1 where something differs.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter

from tests.exact.tight import differences


def main(arguments: list[str]) -> int:
    """Compare the designs of some seeds, and sum up."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("first", type=int)
    parser.add_argument("last", type=int)
    given = parser.parse_args(arguments)
    logging.disable(logging.WARNING)
    counts: Counter[str] = Counter()
    n_different = 0
    for seed in range(given.first, given.last):
        found = differences(seed, counts)
        n_different += bool(found)
        if found:
            print(f"seed {seed}: {'; '.join(found)}", flush=True)
    for name, count in sorted(counts.items()):
        print(f"{count:>8,}  {name}")
    print(f"{given.last - given.first:,} designs, {n_different} of them different")
    return int(bool(n_different))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
