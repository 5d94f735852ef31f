"""Values of keywords that several stages read: checked, and in one form."""

from __future__ import annotations

from collections.abc import Mapping

from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import UnrolledLoops
from zigzag_lab.vocab import InputError, Objective, TemporalMappingType
from zigzag_lab.vocab.options import OBJECTIVE, TEMPORAL_MAPPING_TYPE
from zigzag_lab.workload import Layer

LAYER_RECORDS: Mapping[str, type] = {"accelerator": Accelerator, "layer": Layer}
"""What stages below WorkloadStage work on."""

UNROLLED_RECORDS: Mapping[str, type] = {**LAYER_RECORDS, "spatial_mapping": UnrolledLoops}
"""What stages below a spatial mapping work on."""


def check_count(name: str, value: int | None) -> None:
    """Refuse what is no whole number from 1 on, nor None, which stands for all."""
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise InputError(name, f"found {value!r}", "a whole number of at least 1, or None for all")


def objective_named(name: str, value: Objective | str) -> Objective:
    """Return an objective from the enum or its value, in any case.

    Args:
        name: the keyword, for the message.
        value: what it was given as.
    """
    found: Objective = OBJECTIVE.checked(value, name)
    return found


def kind_of_mapping(text: TemporalMappingType | str) -> TemporalMappingType:
    """Return uneven or even, from the enum or its value, in any case."""
    found: TemporalMappingType = TEMPORAL_MAPPING_TYPE.checked(text)
    return found


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
