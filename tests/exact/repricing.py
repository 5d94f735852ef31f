"""The winner of an exact search, priced again by zigzag-dse itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tests.exact.cases import Case
from tests.exact.comparison import winner
from tests.exact.features import features_of
from tests.oracle.bridge import reference_price
from zigzag_lab.cost import Certificate, CostModelEvaluation
from zigzag_lab.vocab import Objective

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Repriced:
    """How far zigzag-dse's price is from ours.

    Attributes:
        energy: as a share of the energy.
        cycles: of the latency.
        is_proven: whether the mapping is proven best.
        error: what it raised instead of giving a price.
    """

    energy: float = 0.0
    cycles: float = 0.0
    is_proven: bool = False
    error: str = ""

    @property
    def differs(self) -> bool:
        """Whether the prices are not the same."""
        return self.energy > TOLERANCE or self.cycles > 0


def repriced(found: CostModelEvaluation) -> Repriced:
    """Ask for the price of a mapping; memories that everyone skips are left out, as the reference knows none such."""
    problem = found.problem
    design = replace(problem.accelerator, memories=tuple(m for m in problem.accelerator.memories if m.operands))
    spatial = {dim: dict(loops) for dim, loops in problem.spatial_mapping.unrollings.items()}
    levels: Any = {op: [list(level) for level in of_op] for op, of_op in found.temporal_mapping.levels.items()}
    scene = problem.layer, design, problem.constraints
    theirs = reference_price(*scene, spatial, levels, problem.skip_repeated_reads)
    if "error" in theirs:
        return Repriced(error=f"{theirs['error']}: {theirs['message']}")
    energy = abs(theirs["energy_total"] / found.energy_total - 1) if found.energy_total else theirs["energy_total"]
    is_proven = isinstance(found.certificate, Certificate) and found.certificate.is_proven
    return Repriced(energy, abs(theirs["latency_total2"] - found.latency_total2), is_proven)


def repriced_case(case: Case, objective: Objective) -> Repriced | None:
    """The same for a random case; None where the reference knows nothing of the kind.

    Raises:
        InfeasibleError: nothing fits.
    """
    return None if "layers of one input" in features_of(case) else repriced(winner(case, objective))
