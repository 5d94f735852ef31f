"""Costs of the array: energy of a layer's operations and of its leakage, cycles to fill and drain it.

On an array that computes in memory, only circuits in use take energy: the columns and rows that the spatial mapping
fills, each time a bank is activated. Formulas are those of ZigZag 3.9.1, mended where it fails
(``tests/golden/DEPARTURES.md``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, prod
from typing import TypeVar

import numpy as np

from zigzag_lab.hardware.imc import ImcArray
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.temporal import TemporalMapping, leading_run
from zigzag_lab.vocab import Direction
from zigzag_lab.workload import Layer

Run = TypeVar("Run", int, np.ndarray)
Figure = TypeVar("Figure", float, np.ndarray)


def mac_energy_pj(problem: Problem) -> float:
    """Energy of all operations of the layer that no temporal mapping changes."""
    return sum(_fixed_energy_by_part_pj(problem).values())


def with_static(problem: Problem, energy_pj: Figure, latency_cycles: Figure) -> Figure:
    """Add what leaks while a layer runs to the energy of its operations and accesses.

    Static energy is static power times latency, so that lower bounds of both give one of their sum. Without static
    power the energy is handed back as it is.
    """
    static = problem.accelerator.static_pj_per_cycle
    return energy_pj + static * latency_cycles if static else energy_pj


def _fixed_energy_by_part_pj(problem: Problem) -> dict[str, float]:
    """Energy of all operations of the layer that no temporal mapping changes, by part of the array."""
    array, n_macs = problem.accelerator.array, problem.layer.n_macs
    if array.imc is not None:
        return array_energy_by_part_pj(problem, array.imc)
    if array.costs is not None:
        return {part: energy_pj * n_macs for part, energy_pj in array.costs.energy_pj_by_part.items()}
    return {"units": array.unit_energy_pj * n_macs}


def mac_energies_pj(problem: Problem, weight_runs: Callable[[], np.ndarray]) -> np.ndarray | float:
    """Energy of all operations of the layer: one number, or [m] where it depends on the order of the loops.

    Args:
        problem: what runs.
        weight_runs: called where it matters, for [m] iterations for which a weight is used again at once.
    """
    energy = mac_energy_pj(problem)
    if not precharges(problem):
        return energy
    return energy + precharge_pj(problem, weight_runs())


def mac_energy_by_part_pj(problem: Problem, temporal: TemporalMapping) -> dict[str, float]:
    """Energy of all operations of the layer, by part of the array: ``units``, or those of its model."""
    parts = _fixed_energy_by_part_pj(problem)
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


# -- arrays that compute in memory -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BankUse:
    """How a spatial mapping uses one bank.

    Attributes:
        n_columns: columns of weights in use.
        n_rows: rows that are driven; more than are summed at a time where the mapping runs diagonally.
        n_activations: how often a bank computes, all banks together.
    """

    n_columns: int
    n_rows: int
    n_activations: float


def bank_use(problem: Problem, imc: ImcArray) -> BankUse:
    """How a problem's spatial mapping uses a bank."""
    unrollings = problem.spatial_mapping.unrollings
    columns, rows = unrollings.get(imc.wordline_dim, {}), unrollings.get(imc.bitline_dim, {})
    n_columns, n_used = prod(columns.values()), ceil(prod(rows.values()))
    n_macs_at_once = n_columns * prod(rows.values())
    weights = weight_operand(problem.layer)
    reused = problem.layer.relevancy.irrelevant[weights] if weights else ()
    if n_used > 1 and any(dim in reused for dim in columns):
        n_used = _diagonal_rows(problem.layer, columns, rows, reused)
    return BankUse(n_columns, n_used, problem.layer.n_macs / float(n_macs_at_once))


def _diagonal_rows(layer: Layer, columns: dict[str, int], rows: dict[str, int], reused: tuple[str, ...]) -> int:
    """Rows that are driven where columns hold the same weights for different outputs (OX, OY beside one another).

    A window of FX rows that slides over OX columns touches FX + OX - 1 rows. Loops that slide over nothing on the
    bitline (C, K, B...) add none.
    """
    activations = activation_operand(layer)
    extra: dict[str, int] = {}  # window loop -> columns that it slides over, less one
    for relation in layer.relevancy.partial[activations] if activations else ():
        a, b = relation.loop_dims
        output, window = (a, b) if a in reused else (b, a)
        if output in reused:
            extra[window] = columns.get(output, 1) - 1
    return ceil(prod(n + extra.get(dim, 0) for dim, n in rows.items()))


def weight_operand(layer: Layer) -> str | None:
    """The input that lies in the cells: the constant one; the first input where none is; none without inputs."""
    constants = layer.constant_operands
    if len(constants) == 1:
        return constants[0]
    if not constants:
        return layer.input_operands[0] if layer.input_operands else None
    activations = activation_operand(layer)
    return next((op for op in reversed(constants) if op != activations), None)


def activation_operand(layer: Layer) -> str | None:
    """The input that is fed to the rows; none where there is only one input, which lies in the cells."""
    inputs, constants = layer.input_operands, layer.constant_operands
    if len(constants) == 1:
        others = [op for op in inputs if op != constants[0]]
        return others[-1] if others else None
    if not constants:
        return inputs[1] if len(inputs) > 1 else None
    if not layer.relations:
        return inputs[0]
    sliding = [op for op in layer.operands if layer.relations[0].data_dim in layer.operand_dims[op]]
    return sliding[-1] if sliding else inputs[0]


def array_energy_by_part_pj(problem: Problem, imc: ImcArray) -> dict[str, float]:
    """Energy of a layer in each part of an in-memory array, under ZigZag's names; precharging is left at 0."""
    use, gates = bank_use(problem, imc), imc.gates
    n_passes = imc.cycles_per_op * use.n_activations
    if imc.is_analog:
        multipliers = imc.weight_bits * imc.n_columns * use.n_rows
    else:
        multipliers = imc.serial_bits * imc.weight_bits * imc.n_columns * imc.n_rows
    bitline_pj = gates.switch_pj(gates.line_pf) * imc.weight_bits * use.n_columns * imc.n_rows
    accumulated_pj = (gates.adder_pj + gates.register_pj) * imc.accumulator_bits * use.n_columns
    return {
        "local_bl_precharging": 0.0,
        "dacs": imc.dac_pj * use.n_rows * n_passes if imc.is_analog else 0.0,
        "adcs": imc.adc_pj * imc.weight_bits * use.n_columns * n_passes if imc.is_analog else 0.0,
        "mults": gates.multiplier_pj * multipliers * n_passes,
        "analog_bl_addition": bitline_pj * n_passes if imc.is_analog else 0.0,
        "adders_regular": 0.0 if imc.is_analog else _tree_pj(imc, use) * n_passes,
        "adders_pv": gates.adder_pj * imc.place_adders * use.n_columns * n_passes,
        "accumulators": accumulated_pj * n_passes,
    }


def _tree_pj(imc: ImcArray, use: BankUse) -> float:
    """Energy of the adder trees of all columns in use, once."""
    full, half = _adders_in_use(imc, use.n_rows, imc.n_rows)
    tree_pj = full * imc.gates.adder_pj + half * imc.gates.half_used_adder_pj
    return tree_pj * imc.serial_bits * use.n_columns


def _adders_in_use(imc: ImcArray, n_inputs: int, n_places: int) -> tuple[int, int]:
    """Full adders of a tree that see data on both inputs, and on one, when its first places are filled.

    A tree is two halves and the adder that joins them; the second half is idle until the first is full.
    """
    if n_inputs >= n_places:
        return imc.tree_adders(n_places), 0
    half_places = n_places // 2
    joint = imc.weight_bits + half_places.bit_length() - 1
    if n_inputs <= half_places:
        full, half = _adders_in_use(imc, n_inputs, half_places)
        return full, half + joint
    full, half = _adders_in_use(imc, n_inputs - half_places, half_places)
    return full + imc.tree_adders(half_places) + joint, half


def precharges(problem: Problem) -> bool:
    """Whether bitlines inside a cell group are precharged, because it holds several weights."""
    imc = problem.accelerator.array.imc
    return imc is not None and imc.weights_a_group > 1 and weight_operand(problem.layer) is not None


def precharge_pj(problem: Problem, run: Run) -> Run | float:
    """Energy to precharge the bitlines inside cell groups, each time another weight of a group is selected.

    It is the only part that depends on the order of the temporal loops.

    Args:
        problem: what runs.
        run: iterations for which one weight is used again at once, of one mapping or [m] of many.
    """
    imc, weights = problem.accelerator.array.imc, weight_operand(problem.layer)
    if imc is None or weights is None or imc.weights_a_group <= 1:
        return 0.0
    gates = imc.gates
    once_pj = (gates.switch_pj(gates.line_pf) * (1 + imc.weights_a_group)) * imc.weight_bits
    n_reads = round(problem.layer.n_macs / problem.fractional.operands[weights].split[0].n_reuse)
    if problem.skip_repeated_reads and _read_at_once(problem, weights):
        return once_pj * (n_reads // run) / run
    return once_pj * n_reads / run


def _read_at_once(problem: Problem, weights: str) -> bool:
    """Whether the innermost port of the weights is wide enough for what one instance feeds."""
    unrolled = problem.fractional.operands[weights]
    unique = [prod(s.n_relevant for s in unrolled.split[a:]) for a in (0, 1)]
    memory = problem.accelerator.memories[problem.memories[weights][0]]
    port = memory.port_of(problem.memory_operand(weights), Direction.TO_LOW)
    needed = round(unique[0]) * problem.precision(weights) // unique[1]
    return port is not None and port.bandwidth_max_bits >= needed


def reuse_run(problem: Problem, temporal: TemporalMapping) -> int:
    """Iterations for which a weight is used again at once: the innermost loops that do not address weights."""
    weights = weight_operand(problem.layer)
    if weights is None:
        return 1
    return leading_run(temporal.levels[weights][0], problem.layer.relevancy.irrelevant[weights])
