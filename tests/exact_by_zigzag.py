"""The winners of exact search priced again by zigzag-dse itself, over whole networks or random cases.

By hand: ``python -m tests.exact_by_zigzag [network...] [--objective energy|latency|edp] [--all-spatial]
[--double-buffered]``. Every distinct layer on six accelerators: under its first spatial mapping or the best of all that
the mapping file allows, with double buffering as the accelerators have it or forced between registers and the outermost
memories. Or ``--random 0 1000``: the cases of ``tests.exact_by_hand``, for all objectives. Where a price differs, it
says by how much, and exits with 1. A small form runs in CI (``tests/exact/test_oracle.py``).
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from tests.benchmarks.exact import ACCELERATORS, NETWORKS, problems
from tests.exact.cases import Case, random_case
from tests.exact.comparison import winner
from tests.exact.features import features_of
from tests.exact.repricing import TOLERANCE, Repriced, repriced, repriced_case
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.vocab import InfeasibleError, Objective


def double_buffered(accelerator: Accelerator) -> Accelerator:
    """The accelerator with double buffering forced in between: registers hold too little, the outermost all."""
    ends = {levels[end] for levels in accelerator.levels.values() for end in (0, -1)}
    memories = tuple(replace(m, force_double_buffering=i not in ends) for i, m in enumerate(accelerator.memories))
    return replace(accelerator, memories=memories)


def of_network(network: str, accelerator: str, given: argparse.Namespace) -> Iterator[Repriced | None]:
    """Each distinct layer; None where nothing fits."""
    for problem in problems(network, accelerator):
        design = double_buffered(problem.accelerator) if given.double_buffered else problem.accelerator
        asked = Problem.of(problem.layer, design, problem.constraints, problem.spatial_mapping)
        try:
            yield repriced(winner(Case(asked, (), all_spatial=given.all_spatial), given.objective))
        except InfeasibleError:
            yield None


def networks(given: argparse.Namespace) -> int:
    """Compare layer by layer; how many differ."""
    n_different = 0
    for network in given.networks:
        for accelerator in given.accelerators:
            layers = list(of_network(network, accelerator, given))
            found = [layer for layer in layers if layer is not None]
            n_different += sum(layer.differs or bool(layer.error) for layer in found)
            print(
                f"{network} on {accelerator}: {len(found)} layers, {sum(x.is_proven for x in found)} proven; largest "
                f"difference {max((x.energy for x in found), default=0):.1e} of the energy, "
                f"{max((x.cycles for x in found), default=0):g} cycles; nothing fits in {len(layers) - len(found)}",
                flush=True,
            )
    return n_different


def at_random(first: int, last: int) -> int:
    """Compare random cases; how many differ."""
    n_different = 0
    counts: Counter[str] = Counter()
    for seed in range(first, last):
        case = random_case(seed)
        for objective in Objective:
            try:
                found = repriced_case(case, objective)
            except InfeasibleError:
                counts["nothing fits"] += 1
                continue
            if found is None or found.error:
                counts[f"zigzag-dse: {found.error}" if found else "zigzag-dse takes no layers of one input"] += 1
                continue
            counts["priced again"] += 1
            counts.update(features_of(case))
            if found.differs:
                n_different += 1
                print(f"seed {seed}, {objective}: {found}", flush=True)
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        print(f"{count:>8,}  {name}")
    return n_different


def main(arguments: list[str]) -> int:
    """Compare, and say how many were compared and what differs most."""
    parser = argparse.ArgumentParser(description="Exact search's winners, priced again by zigzag-dse.")
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    parser.add_argument("--objective", type=Objective, default=Objective.ENERGY)
    parser.add_argument("--accelerators", nargs="*", default=ACCELERATORS)
    parser.add_argument("--all-spatial", action="store_true", help="the best of all spatial mappings, not the first")
    parser.add_argument("--double-buffered", action="store_true", help="force double buffering")
    parser.add_argument("--random", nargs=2, type=int, metavar=("FIRST", "LAST"), help="random cases, no networks")
    given = parser.parse_args(arguments)
    n_different = at_random(*given.random) if given.random else networks(given)
    print(f"{n_different} differ by more than {TOLERANCE:g} of the energy or in cycles")
    return int(n_different > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
