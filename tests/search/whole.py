"""One layer's whole search, asked of us as the oracle is asked in :func:`tests.oracle.bridge.reference_run`."""

from __future__ import annotations

from typing import Any

from zigzag_lab.cost import CostModelEvaluationABC
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.stages import (
    CostModelStage,
    LomaStage,
    MinimalEDPStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    SpatialMappingGeneratorStage,
)
from zigzag_lab.vocab import InfeasibleError, Objective
from zigzag_lab.workload import Layer

REDUCTIONS = {
    Objective.LATENCY: MinimalLatencyStage,
    Objective.ENERGY: MinimalEnergyStage,
    Objective.EDP: MinimalEDPStage,
}


def our_search(
    layer: Layer,
    accelerator: Accelerator,
    constraints: MappingConstraints,
    objective: Objective,
    *,
    lpf_limit: int | None = 6,
    n_spatial: int | None = 3,
    **options: Any,
) -> CostModelEvaluationABC | None:
    """The best mapping of a layer; None where nothing fits."""
    reduction = REDUCTIONS[objective]
    search = reduction(
        [SpatialMappingGeneratorStage, reduction, LomaStage, CostModelStage],
        layer=layer,
        accelerator=accelerator,
        constraints=constraints,
        loma_lpf_limit=lpf_limit,
        nb_mappings_generated=n_spatial,
        **options,
    )
    try:
        ((best, _),) = search.run()
    except InfeasibleError:
        return None
    return best
