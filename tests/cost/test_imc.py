"""Prices on in-memory arrays: groups of weights against the reference, mended where it fails, and parts by hand.

Every term of arrays with one weight a group is compared in ``test_differential.py``.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from math import log2
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.differential_kinds import imc_differences
from tests.strategies.problems import RandomProblem
from tests.strategies.random_imc import random_imc_problem
from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.cost.array import _adders_in_use, activation_operand, bank_use, weight_operand
from zigzag_lab.cost.kernel import price
from zigzag_lab.cost.scalar import evaluate
from zigzag_lab.hardware import Accelerator, ImcArray, ImcKind, OperationalArray
from zigzag_lab.inputs import read_accelerator
from zigzag_lab.inputs.presets import preset_path
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import SpatialMapping
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.search.temporal import temporal_mappings
from zigzag_lab.workload import DimensionRelation, Layer

SEEDS = st.integers(0, 2**32)


def merged(random: RandomProblem) -> RandomProblem:
    """With the loops that the reference would move down moved down, so that both see the same innermost loops."""
    levels = {op: tuple(tuple(level) for level in random.levels[op]) for op in random.layer.operands}
    done = TemporalMapping.of(random.layer, levels).levels
    return replace(random, levels={op: [list(level) for level in done[op]] for op in done})


@given(seed=SEEDS, keep_pins=st.booleans())
@settings(max_examples=80, deadline=None)
def test_groups_of_several_weights_are_precharged_as_the_reference_meant(seed: int, keep_pins: bool) -> None:
    assert list(imc_differences(merged(random_imc_problem(seed, grouped=True)), keep_pins=keep_pins)) == []


def conv(*, b: int = 1, k: int = 8, c: int = 4, ox: int = 6, fx: int = 3) -> Layer:
    return Layer(
        id=0,
        name="conv",
        operator_type="Conv",
        operand_dims={"O": ("B", "K", "OX"), "W": ("K", "C", "FX"), "I": ("B", "C", "IX")},
        loop_sizes={"B": b, "K": k, "C": c, "OX": ox, "FX": fx},
        relations=(DimensionRelation("IX", "OX", 1, "FX", 1),),
        precision_bits={"O": 16, "O_final": 8, "W": 8, "I": 8},
        constant_operands=("W",),
    )


def array(**changes: Any) -> OperationalArray:
    imc = ImcArray(ImcKind.DIGITAL, 8, 8, 1, 0, "D1", "D2", 8, 16, 1, 8, 0.0)
    return OperationalArray({"D1": 8, "D2": 16}, 0.0, 0.0, imc=replace(imc, **changes))


def problem(layer: Layer, unrolled: dict[str, dict[str, int]], imc: OperationalArray) -> Problem:
    memories = read_accelerator(preset_path("accelerator", "dimc")).memories
    cells = replace(memories[0], size_bits=imc.imc.group_bits if imc.imc else 8)
    accelerator = Accelerator("small", (cells, *memories[1:]), imc)
    return Problem.of(layer, accelerator, MappingConstraints(), SpatialMapping(unrolled))


@pytest.mark.parametrize(
    ("layer", "unrolled", "n_columns", "n_rows"),
    [
        (conv(), {"D1": {"K": 8}, "D2": {"C": 4, "FX": 3}}, 8, 12),
        (conv(), {"D1": {}, "D2": {}}, 1, 1),
        (conv(), {}, 1, 1),
        (conv(), {"D1": {"OX": 2}, "D2": {"C": 4, "FX": 3}}, 2, 4 * (3 + 2 - 1)),
        (conv(), {"D1": {"OX": 2}, "D2": {"FX": 3, "C": 4}}, 2, 4 * (3 + 2 - 1)),
        (conv(), {"D1": {"OX": 3, "K": 2}, "D2": {"FX": 3}}, 6, 3 + 3 - 1),  # IndexError in zigzag-dse
        (conv(), {"D1": {"OX": 3}, "D2": {"C": 4}}, 3, 4),  # IndexError in zigzag-dse
        (conv(b=4), {"D1": {"OX": 3}, "D2": {"C": 2, "FX": 3}}, 3, 2 * (3 + 3 - 1)),  # KeyError in zigzag-dse
        (conv(b=4), {"D1": {"B": 4}, "D2": {"C": 2, "FX": 3}}, 4, 6),  # KeyError in zigzag-dse
    ],
)
def test_rows_and_columns_in_use(layer: Layer, unrolled: dict[str, Any], n_columns: int, n_rows: int) -> None:
    oa = array()
    assert oa.imc is not None
    use = bank_use(problem(layer, unrolled, oa), oa.imc)
    in_bank = n_columns
    for size in unrolled.get("D2", {}).values():
        in_bank *= size
    assert (use.n_columns, use.n_rows, use.n_activations) == (n_columns, n_rows, layer.n_macs / in_bank)


def test_which_operand_lies_in_the_cells() -> None:
    layer = conv()
    assert (weight_operand(layer), activation_operand(layer)) == ("W", "I")
    dynamic = replace(layer, constant_operands=())  # as in zigzag-dse: the first input lies in the cells
    assert (weight_operand(dynamic), activation_operand(dynamic)) == ("W", "I")
    both = replace(layer, constant_operands=("W", "I"))
    assert (weight_operand(both), activation_operand(both)) == ("W", "I")
    alone = replace(layer, operand_dims={"O": ("B",), "W": ("K",)}, relations=(), constant_operands=())
    assert (weight_operand(alone), activation_operand(alone)) == ("W", None)


@given(depth=st.integers(0, 7), filled=st.integers(1, 140), bits=st.sampled_from([1, 2, 4, 8]))
@settings(max_examples=100, deadline=None)
def test_adders_in_use_are_those_on_the_way_of_a_filled_place(depth: int, filled: int, bits: int) -> None:
    """Level by level: an adder of ``bits`` + level full adders works fully if both its inputs carry data."""
    n_rows = 2**depth
    imc = array(n_rows=n_rows, weight_bits=bits, group_bits=bits).imc
    assert imc is not None
    busy, full, half = [place < filled for place in range(n_rows)], 0, 0
    for level in range(int(log2(n_rows))):
        pairs = [(busy[i], busy[i + 1]) for i in range(0, len(busy), 2)]
        full += sum((bits + level) for a, b in pairs if a and b)
        half += sum((bits + level) for a, b in pairs if a and not b)
        busy = [a or b for a, b in pairs]
    assert _adders_in_use(imc, filled, n_rows) == (full, half)


def test_the_kernel_and_the_scalar_model_agree_where_the_order_of_loops_decides_precharging() -> None:
    given = problem(conv(b=2), {"D1": {"K": 8}, "D2": {"C": 2}}, array(group_bits=32))
    for skipped in (True, False):
        precharging, p = set(), given.with_repeated_reads(skipped=skipped)
        for batch in islice(temporal_mappings(p, 6), 2):
            prices = price(batch)
            for i in range(0, len(batch), 7):
                temporal = TemporalMapping.of(p.layer, batch.allocated(i))
                ours = evaluate(p, temporal)
                assert prices.energy_pj[i] == pytest.approx(ours.energy_pj, rel=1e-12)
                assert prices.latency_cycles[i] == ours.latency_cycles
                cme = CostModelEvaluation(p, temporal)
                assert sum(cme.mac_energy_breakdown.values()) == ours.mac_energy_pj == cme.mac_energy
                precharging.add(cme.mac_energy_breakdown["local_bl_precharging"])
        assert len(precharging) > 1
        assert min(precharging) > 0


def test_bit_serial_arrays_take_as_many_cycles_as_an_activation_has_parts() -> None:
    unrolled = {"D1": {"K": 8}, "D2": {"C": 4, "FX": 3}}
    serial, parallel = (problem(conv(), unrolled, array(serial_bits=bits)) for bits in (1, 8))
    cycles = []
    for p in (serial, parallel):
        batch = next(iter(temporal_mappings(p, 6)))
        prices = price(batch)
        assert np.array_equal(
            prices.latency_cycles, price(batch, cycles_per_op=8 / p.accelerator.array.imc.serial_bits).latency_cycles
        )  # type: ignore[union-attr]
        ours = evaluate(p, TemporalMapping.of(p.layer, batch.allocated(0)))
        assert prices.latency_cycles[0] == ours.latency_cycles
        cycles.append((ours.temporal_cycles, ours.ideal_cycles))
    assert cycles[0][0] == 8 * cycles[1][0]
    assert cycles[0][1] == 8 * cycles[1][1]
