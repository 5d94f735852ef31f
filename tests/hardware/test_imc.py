"""Circuits of in-memory arrays: areas and delays of every part against the reference, and what cannot be built."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle.imc import reference_array
from tests.strategies.random_imc import random_imc
from zigzag_lab.hardware import Accelerator, ImcArray, ImcKind, OperationalArray
from zigzag_lab.vocab import InputError

AIMC = ImcArray(ImcKind.ANALOG, 8, 8, 2, 8, "D1", "D2", 128, 128, 1, 8, 0.0)
DIMC = replace(AIMC, kind=ImcKind.DIGITAL, serial_bits=1, adc_bits=0)


@given(
    seed=st.integers(0, 2**32),
    kind=st.sampled_from(ImcKind),
    n_columns=st.integers(1, 300),
    depth=st.integers(0, 9),
    n_banks=st.integers(1, 5),
    grouped=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_every_part_is_as_large_and_slow_as_the_references(
    seed: int, kind: ImcKind, n_columns: int, depth: int, n_banks: int, grouped: bool
) -> None:
    n_rows = 2**depth if kind is ImcKind.DIGITAL else 2**depth + seed % 7
    sizes = {"D1": n_columns, "D2": n_rows, "D3": n_banks}
    imc = random_imc(Random(seed), kind, sizes, grouped=grouped)
    theirs = reference_array(imc)
    assert list(imc.area_mm2_by_part) == list(theirs.area_breakdown)
    assert imc.area_mm2_by_part == pytest.approx(theirs.area_breakdown, rel=1e-9, abs=1e-15)
    assert imc.clock_ns_by_part == pytest.approx(theirs.tclk_breakdown, rel=1e-9, abs=1e-15)
    assert imc.area_mm2 == pytest.approx(theirs.area, rel=1e-9)
    assert imc.clock_ns == pytest.approx(theirs.tclk, rel=1e-9)


def test_figures_of_the_arrays_that_zigzag_ships() -> None:
    assert AIMC.clock_ns == pytest.approx(14.07244, rel=1e-9)
    assert AIMC.area_mm2 == pytest.approx(2.2878123152749223, rel=1e-9)
    assert AIMC.cycles_per_op == 4
    assert DIMC.cycles_per_op == 8
    assert DIMC.area_mm2_by_part["adcs"] == 0
    assert AIMC.area_mm2_by_part["adders_regular"] == 0


@pytest.mark.parametrize(
    ("imc", "changes", "where", "found"),
    [
        (AIMC, {"activation_bits": 6}, "input_precision", "activations of 6 bits"),
        (AIMC, {"weight_bits": 0}, "input_precision", "weights of 0 bits"),
        (AIMC, {"serial_bits": 3}, "bit_serial_precision", "3 bits"),
        (AIMC, {"serial_bits": 16}, "bit_serial_precision", "16 bits in a cycle, of activations of 8 bits"),
        (AIMC, {"adc_bits": -1}, "adc_resolution", "-1 bits"),
        (DIMC, {"adc_bits": 4}, "adc_resolution", "4 bits"),
        (DIMC, {"n_rows": 100}, "sizes", "100 rows along D2"),
        (AIMC, {"group_bits": 12}, "cells", "cells of 12 bits"),
        (AIMC, {"group_bits": 0}, "cells", "cells of 0 bits"),
    ],
)
def test_what_cannot_be_built_is_refused_once(imc: ImcArray, changes: dict[str, Any], where: str, found: str) -> None:
    with pytest.raises(InputError) as caught:
        replace(imc, **changes)
    assert caught.value.where == where
    assert found in caught.value.found


def test_an_analog_array_has_rows_of_any_number() -> None:
    assert replace(AIMC, n_rows=100).clock_ns < AIMC.clock_ns


def test_the_meaning_leaves_areas_out_and_nothing_that_costs() -> None:
    assert replace(AIMC, cells_mm2=1.0).meaning() == AIMC.meaning()
    changes: list[dict[str, Any]] = [
        {"activation_bits": 16},
        {"weight_bits": 4},
        {"serial_bits": 4},
        {"adc_bits": 7},
        {"wordline_dim": "D2", "bitline_dim": "D1"},
        {"group_bits": 16},
    ]
    meanings = [str(replace(AIMC, **change).meaning()) for change in changes]
    assert len({*meanings, str(AIMC.meaning()), str(DIMC.meaning())}) == len(changes) + 2


def test_only_in_memory_arrays_say_so_in_the_accelerators_meaning() -> None:
    plain = OperationalArray({"D1": 128, "D2": 128}, 0.0, 0.0)
    assert "imc" not in Accelerator("plain", (), plain).meaning()["array"]
    in_memory = Accelerator("imc", (), replace(plain, imc=AIMC)).meaning()["array"]
    assert in_memory["imc"] == AIMC.meaning()
    assert plain.cycles_per_op == 1
    assert replace(plain, imc=AIMC).cycles_per_op == 4
