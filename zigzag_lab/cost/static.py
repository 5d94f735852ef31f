"""Costs of the array."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import numpy as np

from zigzag_lab.cost.imc import array_energy_by_part_pj, precharge_pj, precharges, reuse_run
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.temporal import TemporalMapping


def mac_energy_pj(problem: Problem) -> float:
    """Energy of all operations of the layer that no temporal mapping changes."""
    array = problem.accelerator.array
    if array.imc is not None:
        return sum(array_energy_by_part_pj(problem, array.imc).values())
    return array.unit_energy_pj * problem.layer.n_macs


def mac_energies_pj(problem: Problem, weight_runs: Callable[[], np.ndarray]) -> np.ndarray | float:
    """Energy of all operations of the layer: one number, or [m] where it depends on the order of the loops.

    Args:
        problem: what runs.
        weight_runs: asked where it matters for [m] iterations for which a weight is used again at once.
    """
    energy = mac_energy_pj(problem)
    if not precharges(problem):
        return energy
    return energy + precharge_pj(problem, weight_runs())


def mac_energy_by_part_pj(problem: Problem, temporal: TemporalMapping) -> dict[str, float]:
    """Energy of all operations of the layer, by part of the array: ``units``, or the circuits of an in-memory array."""
    imc = problem.accelerator.array.imc
    if imc is None:
        return {"units": mac_energy_pj(problem)}
    parts = array_energy_by_part_pj(problem, imc)
    if precharges(problem):
        parts["local_bl_precharging"] = precharge_pj(problem, reuse_run(problem, temporal))
    return parts


def ideal_cycles(problem: Problem, cycles_per_op: float | None = None) -> int:
    """Cycles if every unit of the array were busy all the time."""
    cycles_per_op = problem.accelerator.array.cycles_per_op if cycles_per_op is None else cycles_per_op
    return ceil(ceil(problem.layer.n_macs / problem.accelerator.array.n_units) * cycles_per_op)


def systolic_drain_cycles(problem: Problem) -> int:
    """Cycles until the last results have left the array, one unit a cycle along each systolic dimension."""
    spatial = problem.spatial_mapping
    return sum(
        max(ceil(spatial.utilisation_of(dim)) - 1, 0)
        for dim in problem.accelerator.array.systolic_dimensions
        if dim in spatial.unrollings
    )
