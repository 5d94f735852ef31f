"""Fuzzing by hand: ``python -m tests.fuzz MINUTES [--seed N] [--kind KIND]``; ``--case N`` runs one case here.

Each case spoils an accelerator, a mapping, a YAML workload or an ONNX model and runs it with random options; or reads a
spoilt sweep file, an expression, a folder of dumps or a question in SQL. ``--kind`` names those wanted. Faults are
exceptions other than the two that a user may see, warnings, more than 10 CPU seconds, and more than 1 GB.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz import seeds
from tests.fuzz.cases import KINDS, made
from tests.fuzz.child import endings

_BATCH = 200
_SEED_STEP = 10**7


def _numbers(seed: int, minutes: float) -> Iterator[list[int]]:
    end = time.monotonic() + 60 * minutes
    for start in itertools.count(seed * _SEED_STEP, _BATCH):
        if time.monotonic() > end:
            return
        yield list(range(start, start + _BATCH))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("minutes", type=float, nargs="?", default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", type=int)
    parser.add_argument("--kind", choices=KINDS, action="append", help="only cases of this kind; may be repeated")
    given = parser.parse_args()
    kinds = tuple(given.kind or KINDS)
    if given.case is not None:
        with tempfile.TemporaryDirectory() as folder:
            case = made(given.case, Path(folder), kinds)
            print(case.kind, case.shown[:6000].encode(errors="backslashreplace").decode())
            print(case.run())
        return 0
    outcomes: Counter[str] = Counter()
    slowest, largest, known = (0.0, 0), (0.0, 0), set[str]()
    seeds.load()
    for numbers in _numbers(given.seed, given.minutes):
        for ending in endings(numbers, kinds):
            outcomes[ending.outcome] += 1
            slowest = max(slowest, (ending.seconds, ending.number))
            largest = max(largest, (ending.megabytes, ending.number))
            kind = "\n".join(ending.detail.splitlines()[-4:])
            if ending.outcome == "fault" and kind not in known:
                known.add(kind)
                print(f"--- case {ending.number}\n{ending.detail}", flush=True)
    print(
        f"{outcomes.total()} cases: {dict(outcomes)}; slowest {slowest[0]:.1f} CPU s (case {slowest[1]}), "
        f"most memory {largest[0]:.0f} MB (case {largest[1]})"
    )
    return 1 if outcomes["fault"] else 0


if __name__ == "__main__":
    sys.exit(main())
