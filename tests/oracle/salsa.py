"""zigzag-dse's simulated annealing, asked with our records, in this process and from a seed."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from zigzag.mapping.temporal_mapping import TemporalMappingType
from zigzag.opt.salsa.engine import SalsaEngine

from tests.oracle.answers import plain_levels
from tests.oracle.bridge import Levels, Spatial, _accelerator, _spatially_mapped
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.workload import Layer


class _Kept(list[Any]):
    """Takes what the engine would send to another process."""

    put = list.append


def reference_salsa(
    layer: Layer,
    accelerator: Accelerator,
    constraints: MappingConstraints,
    spatial: Spatial,
    *,
    n_iterations: int,
    seed: int,
    criterion: str = "energy",
) -> Levels:
    """The best mapping of one worker, as the loops of each level (before irrelevant loops are merged down)."""
    node, fractional, _ = _spatially_mapped(layer, accelerator, constraints, spatial)
    engine: Any = SalsaEngine(
        accelerator=_accelerator(accelerator),
        layer=node,
        spatial_mapping=fractional,
        mapping_type=TemporalMappingType.UNEVEN,
        salsa_iteration_number=n_iterations,
        salsa_opt_criterion=criterion,
    )
    random.seed(seed)
    np.random.seed(seed)
    found = _Kept()
    engine.run(found)
    return plain_levels(found[0].mapping.temporal_mapping.mapping_dic_origin)
