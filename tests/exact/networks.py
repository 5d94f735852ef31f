"""A layer of a network on an accelerator that ships with the package."""

from __future__ import annotations

from dataclasses import replace

from zigzag_lab.inputs import read_accelerator, read_mapping, read_workload
from zigzag_lab.inputs.presets import preset_path
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.search.spatial import spatial_mappings
from zigzag_lab.workload import Layer

CONV = {
    "id": 0,
    "operator_type": "Conv",
    "equation": "O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]",
    "dimension_relations": ["ix=1*ox+1*fx", "iy=1*oy+1*fy"],
    "loop_dims": ["B", "K", "C", "OY", "OX", "FY", "FX"],
    "loop_sizes": [1, 64, 64, 14, 14, 3, 3],
    "operand_precision": {"W": 8, "I": 8, "O": 16, "O_final": 8},
    "operand_source": {"W": 0},
}


def layer_problem(accelerator: str, wishes: MappingConstraints | None = None, layer: Layer | None = None) -> Problem:
    """A convolution (or another layer) under the first spatial mapping."""
    array = read_accelerator(preset_path("accelerator", accelerator))
    what = layer or read_workload([CONV]).layers[0]
    of_file = read_mapping(preset_path("mapping", accelerator)).for_layer(what)
    constraints = replace(of_file, temporal_ordering=wishes.temporal_ordering if wishes else ())
    return Problem.of(what, array, constraints, spatial_mappings(what, array, constraints)[0])
