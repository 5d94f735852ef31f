"""Paths into files: the unit of what stands there, and plain numbers in place of quantities."""

from __future__ import annotations

import copy

import pytest

from tests.inputs import samples
from zigzag_lab.inputs.checked import open_source
from zigzag_lab.inputs.formats.accelerator import ACCELERATOR
from zigzag_lab.inputs.formats.mapping import MAPPING
from zigzag_lab.inputs.formats.paths import is_text_at, unit_at, without_units
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.units import AREA, BITS, CYCLES, ENERGY, POWER, Unit


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("memories.any.size", BITS), ("memories.any.ports[3].bandwidth_min", BITS), ("memories.any.r_cost", ENERGY),
        ("memories.any.latency", CYCLES), ("memories.any.area", AREA), ("operational_array.unit_energy", ENERGY),
        ("operational_array.input_precision[0]", BITS), ("operational_array.input_precision", BITS),
        ("operational_array.unit_static_power", POWER), ("clock", None),
        ("operational_array.sizes[0]", None), ("memories.any.mem_type", None), ("memories.any", None),
        ("nothing.like.it", None), ("operational_array.weight_bits", None),
    ],
)  # fmt: skip
def test_the_unit_at_a_path(path: str, unit: Unit | None) -> None:
    assert unit_at(ACCELERATOR.top, path) is unit


def test_text_that_reads_like_a_quantity_is_text() -> None:
    paths = ("technology", "clock", "memories.any.mem_type", "memories.any.size", "memories.any")
    assert [is_text_at(ACCELERATOR.top, path) for path in paths] == [True, True, True, False, False]


def test_a_list_at_the_top() -> None:
    assert unit_at(MAPPING.top, "[0].name") is None


def test_quantities_become_numbers_and_the_rest_stays() -> None:
    plain = samples.accelerator()
    with_units = copy.deepcopy(plain)
    plain["name"] = with_units["name"] = "8 KiB"
    with_units["memories"]["sram"].update(size="8 KiB", r_cost="500 fJ")
    with_units["operational_array"]["unit_energy"] = "40 fJ"
    place = open_source(with_units, "accelerator")
    assert without_units(with_units, ACCELERATOR.top, place) == plain


def test_a_wrong_unit_names_its_place() -> None:
    data = samples.accelerator()
    data["memories"]["sram"]["ports"][0]["bandwidth_max"] = "8 pJ"
    with pytest.raises(InputError, match=r"memories\.sram\.ports\[0\]\.bandwidth_max: '8 pJ' is in 'pJ'"):
        without_units(data, ACCELERATOR.top, open_source(data, "accelerator"))
