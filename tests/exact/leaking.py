"""Exact search with static power against brute force without: what leaks is added by hand, power times time.

By hand: ``python -m tests.exact.leaking 0 200``; it exits with 1 where something differs.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from math import prod
from random import Random
from statistics import median

from tests.exact.brute import Everything
from tests.exact.cases import Case, random_case
from tests.exact.comparison import differences_from, truth_of
from zigzag_lab.hardware import Accelerator

CLOCK_NS = 1.25
SHARES = (0.02, 0.3, 1.0, 5.0)
"""Static energy of a case in the middle of its mappings, as a share of the dynamic energy there."""


def leaking(case: Case, truth: Everything, rng: Random) -> tuple[Case, Everything]:
    """A case with static power on some of its memories and its units, and what its mappings cost then."""
    pj_per_cycle = rng.choice(SHARES) * median(e for e, _ in truth.prices) / median(n for _, n in truth.prices)
    whole = _with_static_power(case.given.accelerator, pj_per_cycle / CLOCK_NS, rng)
    powers = {memory.name: memory.static_mw for memory in whole.memories}
    problems = []
    for problem in case.problems:
        design = problem.accelerator
        memories = tuple(replace(m, static_mw=powers[m.name]) for m in design.memories)
        held = {memory.name for memory in memories}
        gone = sum(_instances(whole, m.name) * m.static_mw for m in whole.memories if m.name not in held)
        part = replace(whole, memories=memories, left_out_mw=gone)
        problems.append(replace(problem, accelerator=part))
    prices = {(energy + pj_per_cycle * latency, latency) for energy, latency in truth.prices}
    given = replace(case.given, accelerator=whole)
    return replace(case, given=given, problems=tuple(problems)), replace(truth, prices=prices)


def _instances(design: Accelerator, name: str) -> int:
    memory = design.memory_named(name)
    return prod(n for dim, n in design.array.sizes.items() if dim not in memory.served_dimensions)


def _with_static_power(design: Accelerator, total_mw: float, rng: Random) -> Accelerator:
    """The design with a power shared out at random."""
    weights = [rng.choice((0, 1, 2, 5)) for _ in design.memories]
    shares = [weight * total_mw / (sum(weights) + 1) for weight in weights]
    memories = tuple(
        replace(memory, static_mw=share / _instances(design, memory.name))
        for memory, share in zip(design.memories, shares, strict=True)
    )
    array = replace(design.array, unit_static_mw=(total_mw - sum(shares)) / prod(design.array.sizes.values()))
    return replace(design, memories=memories, array=array, given_clock_ns=CLOCK_NS)


def compared(seed: int, counts: Counter[str], *, limit: int, sizes: tuple[int, int] | None = None) -> list[str]:
    """In what exact search and brute force differ on the case of a seed, made to leak."""
    case = random_case(seed, sizes)
    truth = truth_of(case, limit, scalar=False)
    if truth is None or not truth.prices:
        counts["nothing to compare"] += 1
        return []
    leaky, expected = leaking(case, truth, Random(seed))
    counts["compared"] += 1
    counts["another mapping is best"] += min(truth.prices)[1] != min(expected.prices)[1]
    counts["arrays that compute in memory"] += case.given.accelerator.array.imc is not None
    counts["several designs or spatial mappings"] += not case.is_plain
    return list(differences_from(expected, leaky, counts))


def main(first: int, last: int) -> int:
    """Compare the cases of some seeds."""
    counts: Counter[str] = Counter()
    differences = {seed: found for seed in range(first, last) if (found := compared(seed, counts, limit=12_000))}
    for seed, found in differences.items():
        print(f"seed {seed}: {'; '.join(found)}")
    for name, count in counts.most_common():
        print(f"{count:>8,}  {name}")
    return int(bool(differences))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
