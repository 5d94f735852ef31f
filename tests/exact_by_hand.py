"""Exact search against brute force on the random cases of many seeds.

By hand: ``python -m tests.exact_by_hand 0 5200 --into brute.jsonl``. Each block of seeds that is done is a line of that
file, and is not done again: a run that was stopped goes on, and ``--large`` adds cases of up to some 10^5 mappings to
the same file. Where something differs, it says what, and exits with 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.exact.cases import LARGE
from tests.exact.comparison import compared

BLOCK, LARGE_BLOCK = 50, 10
SCALAR_EVERY = 5
"""Of so many cases, all mappings of one are priced by the scalar model; of the others some, and all by the kernel."""

MOST_MAPPINGS = 130_000


def block(first: int, last: int, *, large: bool) -> dict[str, Any]:
    """What a block of seeds gives: counts, and what differs on which seed."""
    counts: Counter[str] = Counter()
    differences: dict[int, list[str]] = {}
    started = time.process_time()
    for seed in range(first, last):
        scalar = seed % SCALAR_EVERY == 0
        found = compared(seed, counts, limit=MOST_MAPPINGS, sizes=LARGE if large else None, scalar=scalar)
        if found:
            differences[seed] = found
    counts["CPU seconds"] = round(time.process_time() - started)
    return {"first": first, "last": last, "large": large, "counts": counts, "differences": differences}


def blocks(first: int, last: int, *, large: bool, into: Path) -> Iterator[dict[str, Any]]:
    """The blocks of some seeds, those of the file as they are there, and before them all others of the file."""
    known = [json.loads(line) for line in into.read_text(encoding="utf-8").splitlines()] if into.exists() else []
    yield from known
    done = {(b["first"], b["last"], b["large"]) for b in known}
    step = LARGE_BLOCK if large else BLOCK
    for start in range(first, last, step):
        end = min(start + step, last)
        if (start, end, large) not in done:
            found = block(start, end, large=large)
            with into.open("a", encoding="utf-8") as file:
                file.write(json.dumps(found) + "\n")
            print(f"seeds {start} to {end}: {found['differences'] or 'no difference'}", flush=True)
            yield found


def main(arguments: list[str]) -> int:
    """Compare the cases of some seeds, and sum up."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("first", type=int)
    parser.add_argument("last", type=int)
    parser.add_argument("--large", action="store_true", help="cases of up to some 100,000 mappings each")
    parser.add_argument("--into", type=Path, default=Path("brute-force.jsonl"), help="what is done, and will be")
    given = parser.parse_args(arguments)
    counts: Counter[str] = Counter()
    differences: dict[str, list[str]] = {}
    for found in blocks(given.first, given.last, large=given.large, into=given.into):
        counts.update(found["counts"])
        kind = "large seed" if found["large"] else "seed"
        differences |= {f"{kind} {seed}": said for seed, said in found["differences"].items()}
    for seed, said in differences.items():
        print(f"{seed}: {'; '.join(said)}")
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        print(f"{count:>12,}  {name}")
    print(
        f"{counts['compared']:,} problems compared and {counts['nothing fits']:,} in which nothing fits; "
        f"{counts['mappings']:,} mappings, {len(differences)} differences"
    )
    return int(bool(differences))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
