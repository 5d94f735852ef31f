"""Costs that no temporal mapping changes."""

from __future__ import annotations

from math import ceil

from zigzag_lab.mapping.problem import Problem


def mac_energy_pj(problem: Problem) -> float:
    """Energy of all operations of the layer."""
    return problem.accelerator.array.unit_energy_pj * problem.layer.n_macs


def ideal_cycles(problem: Problem, cycles_per_op: float = 1.0) -> int:
    """Cycles if every unit of the array were busy all the time."""
    return ceil(ceil(problem.layer.n_macs / problem.accelerator.array.n_units) * cycles_per_op)


def systolic_drain_cycles(problem: Problem) -> int:
    """Cycles until the last results have left the array, one unit a cycle along each systolic dimension."""
    spatial = problem.spatial_mapping
    return sum(
        max(ceil(spatial.utilisation_of(dim)) - 1, 0)
        for dim in problem.accelerator.array.systolic_dimensions
        if dim in spatial.unrollings
    )
