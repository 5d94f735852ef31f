"""Accelerator files with in-memory arrays."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests.inputs import oracle, samples
from zigzag_lab.hardware import Accelerator, ImcKind
from zigzag_lab.inputs import read_accelerator
from zigzag_lab.inputs.memory_costs import MemoryCostRequest, MemoryCosts
from zigzag_lab.inputs.presets import preset_path
from zigzag_lab.vocab import InputError

ARRAY: dict[str, Any] = {
    "is_imc": True,
    "imc_type": "analog",
    "input_precision": [8, 4],
    "bit_serial_precision": 2,
    "adc_resolution": 6,
    "dimensions": ["D1", "D2", "D3"],
    "sizes": [8, 64, 3],
}


def sample(**array: Any) -> dict[str, Any]:
    """An in-memory design; keys of the array changed, ... removes one."""
    data = samples.accelerator()
    cells = samples.memory(8, ["I2"], [samples.port("rw_port_1", "read_write", 8, 8, "I2, tl", "I2, fh")], [])
    data["memories"] = {"cells": cells | {"area": 0.5}, **data["memories"]}
    del data["memories"]["rf_w"]
    data["operational_array"] = {key: value for key, value in (ARRAY | array).items() if value is not ...}
    return data


def with_cells(**changes: Any) -> dict[str, Any]:
    """An in-memory design with other cells; ... removes a key."""
    data = sample()
    cells = data["memories"]["cells"] | changes
    data["memories"]["cells"] = {key: value for key, value in cells.items() if value is not ...}
    return data


def test_every_field_arrives() -> None:
    read = read_accelerator(sample())
    imc = read.array.imc
    assert imc is not None
    assert (imc.kind, imc.activation_bits, imc.weight_bits) == (ImcKind.ANALOG, 8, 4)
    assert (imc.serial_bits, imc.adc_bits, imc.group_bits) == (2, 6, 8)
    assert (imc.wordline_dim, imc.bitline_dim) == ("D1", "D2")
    assert (imc.n_columns, imc.n_rows, imc.n_banks) == (8, 64, 3)
    assert imc.cells_mm2 == 0.5 * 8 * 64 * 3
    assert (read.array.unit_energy_pj, read.array.unit_area_mm2, read.array.systolic_dimensions) == (0, 0, ())


def test_the_wordline_is_the_first_dimension_by_name_whatever_the_order_of_the_file() -> None:
    imc = read_accelerator(sample(dimensions=["D3", "D2", "D1"], sizes=[3, 64, 8])).array.imc
    assert imc == read_accelerator(sample()).array.imc


def test_bits_may_be_written_as_decimals_and_converters_left_out() -> None:
    imc = read_accelerator(sample(bit_serial_precision=2.0, adc_resolution=6.0)).array.imc
    assert imc == read_accelerator(sample()).array.imc
    digital = read_accelerator(sample(imc_type="digital", adc_resolution=...)).array.imc
    assert digital is not None
    assert digital.adc_bits == 0


@pytest.mark.parametrize("name", ["aimc", "dimc"])
def test_shipped_designs_are_read_as_the_reference_reads_them(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = next(p for p in oracle.shipped("hardware") if p.stem == name)
    ours, theirs = read_accelerator(path), oracle.accelerator(path).operational_array
    imc = ours.array.imc
    assert imc is not None
    assert imc.clock_ns == pytest.approx(theirs.tclk, rel=1e-9)
    assert imc.area_mm2 == pytest.approx(theirs.area, rel=1e-9)
    assert imc.is_analog == theirs.is_aimc
    assert unnamed(ours) == unnamed(read_accelerator(preset_path("accelerator", name)))


def unnamed(accelerator: Accelerator) -> Accelerator:
    return replace(accelerator, memories=tuple(replace(m, name=str(i)) for i, m in enumerate(accelerator.memories)))


@pytest.mark.parametrize(
    ("data", "place", "remedy"),
    [
        (sample(imc_type=...), "operational_array: key 'imc_type' is missing", "analog or digital"),
        (sample(input_precision=...), "key 'input_precision' is missing", "of activations and weights"),
        (sample(bit_serial_precision=...), "key 'bit_serial_precision' is missing", "fed in one cycle"),
        (sample(imc_type="analogue"), "imc_type: found the text 'analogue'", "Did you mean 'analog'?"),
        (sample(imc_type="digital"), "adc_resolution: 6 bits", "a digital array has no converters"),
        (sample(input_precision=[8, 5]), "input_precision: weights of 5 bits", "a power of 2"),
        (sample(input_precision=[8]), "input_precision: found 1 widths", "two: activations and weights"),
        (sample(bit_serial_precision=16), "bit_serial_precision: 16 bits in a cycle", "at most 8"),
        (sample(bit_serial_precision=1.5), "bit_serial_precision: found the number 1.5", "a whole number"),
        (sample(adc_resolution=2000), "adc_resolution: found the number 2000", "at most 64"),
        (sample(adc_resolution=-2), "adc_resolution: found the number -2", "0 or more"),
        (
            sample(imc_type="digital", adc_resolution=0, sizes=[8, 60, 3]),
            "sizes: 60 rows along D2",
            "a power of 2 in a digital array",
        ),
        (sample(dimensions=["D1"], sizes=[8]), "dimensions: an in-memory array has one dimension", "size 1"),
        (sample(systolic_dimensions=["D1"]), "an in-memory array is not systolic", "remove the key"),
        (sample(is_imc="yes"), "is_imc: found the text 'yes'", "true or false"),
        (sample(is_imc=False), "'imc_type' belongs to in-memory computing", "add is_imc: true"),
        (with_cells(operands=["I1"]), "memories.cells.operands", "hold weights only: [I2]"),
        (with_cells(served_dimensions=["D1"]), "memories.cells.served_dimensions", "one at each unit: []"),
        (with_cells(size=6), "memories.cells.size: cells of 6 bits", "a multiple of the weights' 4 bits"),
        (with_cells(size=...), "memories.cells: key 'size' is missing", "Add a line"),
        (with_cells(area=...), "the cells have no 'area'", "auto_cost_extraction: true"),
        (with_cells(r_cost=...), "memories.cells: key 'r_cost' is missing", "Add a line"),
    ],
)
def test_bad_input(data: dict[str, Any], place: str, remedy: str) -> None:
    message = samples.refusal(read_accelerator, data)
    assert place in message
    assert remedy in message


def test_a_design_without_cells() -> None:
    data = sample()
    data["memories"]["weights"] = data["memories"].pop("cells")
    assert "memories: no memory is called 'cells'" in samples.refusal(read_accelerator, data)


@given(data=samples.spoilt(sample()))
@settings(max_examples=80, deadline=None)
def test_spoilt_data_is_read_or_refused(data: Any) -> None:
    before = copy.deepcopy(data)
    message = samples.refusal(read_accelerator, data)
    assert not message or message.startswith("accelerator")
    assert repr(data) == repr(before)


class OneAnswer:
    """Says the same of every memory, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[MemoryCostRequest] = []

    def costs(self, request: MemoryCostRequest) -> MemoryCosts:
        self.asked.append(request)
        return MemoryCosts(read_pj=2.0, write_pj=3.0, area_mm2=0.25, access_ns=0.1)


def test_cells_are_asked_for_as_one_bank_of_sram() -> None:
    provider = OneAnswer()
    read = read_accelerator(with_cells(auto_cost_extraction=True, r_cost=..., w_cost=..., area=...), provider)
    (asked,) = provider.asked
    # 64 rows of 2 weights of 4 bits are 128 words of 8 columns by 4 bits
    assert asked == MemoryCostRequest("sram", 128 * 4, 4, 32, 0, 0, 1, 1, technology_nm=32, temperature_k=300)
    assert read.array.imc is not None
    assert read.array.imc.cells_mm2 == pytest.approx(0.25 * 0.81 * 2 * 3)
    cells = read.memory_named("cells")
    assert (cells.read_cost_pj, cells.write_cost_pj, cells.area_mm2) == (0.0, pytest.approx(3.0 * 0.81 / 8), 0.0)
    assert cells.auto_cost_extraction


def test_cells_too_small_to_be_asked_for_are_refused() -> None:
    data = with_cells(auto_cost_extraction=True)
    data["operational_array"]["sizes"] = [8, 8, 3]
    with pytest.raises(
        InputError, match=r"cells\.auto_cost_extraction.*16 words of 32 bits; expected 32 or more words"
    ):
        read_accelerator(data, OneAnswer())


def test_nothing_is_asked_where_the_file_says_it_all() -> None:
    provider = OneAnswer()
    read_accelerator(sample(), provider)
    assert provider.asked == []
