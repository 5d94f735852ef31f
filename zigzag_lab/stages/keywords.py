"""Values of keywords that several stages read: checked, and in one form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np

from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import UnrolledLoops
from zigzag_lab.vocab import InputError, Objective
from zigzag_lab.workload import Layer

Figures = TypeVar("Figures", float, np.ndarray)

LAYER_RECORDS: Mapping[str, type] = {"accelerator": Accelerator, "layer": Layer}
"""What stages below WorkloadStage work on."""

UNROLLED_RECORDS: Mapping[str, type] = {**LAYER_RECORDS, "spatial_mapping": UnrolledLoops}
"""What stages below a spatial mapping work on."""


def check_count(name: str, value: int | None) -> None:
    """Refuse what is no whole number from 1 on, nor None, which stands for all."""
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise InputError(name, f"found {value!r}", "a whole number of at least 1, or None for all")


def ranks(objective: Objective, energy: Figures, latency: Figures) -> tuple[Figures, ...]:
    """Return what results are compared by: the objective, then the other of energy (pJ) and latency (cycles)."""
    if objective is Objective.EDP:
        return (latency * energy,)
    return (latency, energy) if objective is Objective.LATENCY else (energy, latency)


def keywords_of(problem: Problem) -> dict[str, object]:
    """Return a problem, and the records that it was made of, as the keywords of stages below a spatial mapping."""
    return {
        "layer": problem.layer,
        "accelerator": problem.accelerator,
        "constraints": problem.constraints,
        "spatial_mapping": problem.fractional.loops,
        "spatial_mapping_int": problem.integer.loops,
        "problem": problem,
    }


def problem_of(
    problem: Problem | None,
    layer: Layer,
    accelerator: Accelerator,
    constraints: MappingConstraints | None,
    fractional: UnrolledLoops,
    integer: UnrolledLoops | None,
) -> Problem:
    """Return the prepared problem, if no stage in between has changed what it was prepared from; else a new one."""
    if problem is not None:
        same = problem.layer is layer and problem.accelerator is accelerator
        if same and problem.fractional.loops is fractional and integer in (None, problem.integer.loops):
            return problem
    return Problem.of_unrolled(
        layer, accelerator, constraints or MappingConstraints(), fractional, integer or fractional
    )
