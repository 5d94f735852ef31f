"""The winners of exact search over whole networks, priced again by zigzag-dse itself.

By hand: ``python -m tests.exact_by_zigzag [network...]``. Every distinct layer on six accelerators, for energy; where a
price differs, it says by how much, and exits with 1. A small form runs in CI (``tests/exact/test_oracle.py``).
"""

from __future__ import annotations

import sys

from tests.benchmarks.exact import ACCELERATORS, NETWORKS, problems
from tests.oracle.bridge import reference_price
from zigzag_lab.exact.solve import solve
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.vocab import Objective

TOLERANCE = 1e-9


def difference(problem: Problem) -> float:
    """How far zigzag-dse's energy of the winner is from ours, as a share of it."""
    answer = solve(problem, Objective.ENERGY, seconds=None)
    levels = {op: [list(level) for level in of_op] for op, of_op in answer.batch.allocated(answer.index).items()}
    spatial = {dim: dict(loops) for dim, loops in problem.spatial_mapping.unrollings.items()}
    theirs = reference_price(problem.layer, problem.accelerator, problem.constraints, spatial, levels, True)
    return abs(theirs["energy_total"] / answer.energy_pj - 1)


def main(networks: tuple[str, ...]) -> int:
    """Compare, and say how many layers were compared and what differs most."""
    n_different = 0
    for network in networks:
        for accelerator in ACCELERATORS:
            found = [difference(problem) for problem in problems(network, accelerator)]
            n_different += sum(d > TOLERANCE for d in found)
            print(f"{network} on {accelerator}: {len(found)} layers, largest difference {max(found):.1e}", flush=True)
    print(f"{n_different} differ by more than {TOLERANCE:g}")
    return int(n_different > 0)


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:]) or NETWORKS))
