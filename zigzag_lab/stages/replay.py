"""A temporal mapping from elsewhere, checked before it is priced."""

from __future__ import annotations

from math import ceil

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.cost.capacity import capacity_misses
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.search.pinned import PinnedLevels, pinned_mapping
from zigzag_lab.vocab import InfeasibleError, TemporalMappingType


def replayed(
    problem: Problem, levels: PinnedLevels, kind: TemporalMappingType, where: str = "user_temporal_mapping"
) -> TemporalMapping:
    """A mapping from elsewhere, checked against the layer and the sizes of the memories.

    Raises:
        InputError: it does not speak of this layer and this accelerator.
        InfeasibleError: it does not belong to the spatial mapping, or a memory is too small for it.
    """
    mapping = pinned_mapping(problem, levels, kind, where)
    misses = capacity_misses(CostModelEvaluation(problem, mapping))
    if misses:
        said = "; ".join(
            f"memory {m.memory} is {ceil(m.missing_bits):,} bits too small for {' and '.join(m.operands)}"
            for m in misses
        )
        raise InfeasibleError(
            problem.layer.name,
            f"{said} in the temporal mapping of {where} under the spatial mapping {problem.spatial_mapping}",
            "Keep fewer loops there, or enlarge the memory.",
        )
    return mapping
