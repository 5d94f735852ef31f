"""The winners of exact search over whole networks, priced again by zigzag-dse itself.

By hand: ``python -m tests.exact_by_zigzag [network...] [--objective energy|latency|edp] [--all-spatial]
[--double-buffered] [--seconds N]``. Every distinct layer on six accelerators: under its first spatial mapping or the
best of all of them, with double buffering as the accelerators have it or forced between registers and the outermost
memories. Where a price differs, it says by how much, and exits with 1. A small form runs in CI
(``tests/exact/test_oracle.py``).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.benchmarks.exact import ACCELERATORS, NETWORKS, problems
from tests.exact.comparison import REDUCTIONS
from tests.oracle.bridge import reference_price
from zigzag_lab.cost import Certificate, CostModelEvaluation
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.stages import CostModelStage, ExactStage, SpatialMappingConversionStage, SpatialMappingGeneratorStage
from zigzag_lab.vocab import InfeasibleError, Objective

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Repriced:
    """A winner's price by us and by zigzag-dse.

    Attributes:
        energy: how far the energies are apart, as a share of ours.
        cycles: how far the latencies are apart.
        is_proven: whether the winner is proven best.
    """

    energy: float
    cycles: float
    is_proven: bool


def repriced(problem: Problem, objective: Objective, *, all_spatial: bool, seconds: float | None) -> Repriced:
    """Search, and price what is found again.

    Raises:
        InfeasibleError: nothing fits.
    """
    choosing = SpatialMappingGeneratorStage if all_spatial else SpatialMappingConversionStage
    given = {"user_spatial_mapping": problem.spatial_mapping} if not all_spatial else {"nb_mappings_generated": None}
    ((best, extra),) = REDUCTIONS[objective](
        [choosing, ExactStage, CostModelStage],
        layer=problem.layer,
        accelerator=problem.accelerator,
        constraints=problem.constraints,
        exact_objective=objective,
        exact_time_limit=seconds,
        **given,
    ).run()
    assert isinstance(best, CostModelEvaluation)
    assert isinstance(best.certificate, Certificate)
    mapping = extra[0] if all_spatial else problem.spatial_mapping
    spatial = {dim: dict(loops) for dim, loops in mapping.unrollings.items()}
    levels = {op: [list(level) for level in of_operand] for op, of_operand in best.temporal_mapping.levels.items()}
    theirs = reference_price(problem.layer, problem.accelerator, problem.constraints, spatial, levels, True)
    energy = abs(theirs["energy_total"] / best.energy_total - 1)
    return Repriced(energy, abs(theirs["latency_total2"] - best.latency_total2), best.certificate.is_proven)


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
            yield repriced(asked, given.objective, all_spatial=given.all_spatial, seconds=given.seconds)
        except InfeasibleError:
            yield None


def main(arguments: list[str]) -> int:
    """Compare, and say how many layers were compared and what differs most."""
    parser = argparse.ArgumentParser(description="Exact search's winners, priced again by zigzag-dse.")
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    parser.add_argument("--objective", type=Objective, default=Objective.ENERGY)
    parser.add_argument("--accelerators", nargs="*", default=ACCELERATORS)
    parser.add_argument("--all-spatial", action="store_true", help="the best of all spatial mappings, not the first")
    parser.add_argument("--double-buffered", action="store_true", help="force double buffering")
    parser.add_argument("--seconds", type=float, default=None, help="limit for each spatial mapping")
    given = parser.parse_args(arguments)
    n_different = 0
    for network in given.networks:
        for accelerator in given.accelerators:
            layers = list(of_network(network, accelerator, given))
            found = [layer for layer in layers if layer is not None]
            n_different += sum(layer.energy > TOLERANCE or layer.cycles > 0 for layer in found)
            print(
                f"{network} on {accelerator}: {len(found)} layers, {sum(x.is_proven for x in found)} proven; largest "
                f"difference {max((x.energy for x in found), default=0):.1e} of the energy, "
                f"{max((x.cycles for x in found), default=0):g} cycles; nothing fits in {len(layers) - len(found)}",
                flush=True,
            )
    print(f"{n_different} differ by more than {TOLERANCE:g} of the energy or in cycles")
    return int(n_different > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
