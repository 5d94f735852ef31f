"""Accelerator files: reader, page and schema know the same keys and the same limits."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
import zigzag
from hypothesis import given, settings

from tests.cli.test_bad_inputs import BAD
from tests.inputs import samples
from tests.inputs.formats import pages
from tests.inputs.formats.readers import bad_files, keys_that_a_reader_names
from tests.inputs.formats.schemas import complaints, keys_of, validator
from tests.inputs.test_imc import sample
from zigzag_lab.inputs import read_accelerator
from zigzag_lab.inputs.accelerator import declared
from zigzag_lab.inputs.formats.shipped import schema_line
from zigzag_lab.inputs.presets import preset_names, preset_path
from zigzag_lab.keys import meaning_digest

SHIPPED = [preset_path("accelerator", name) for name in preset_names("accelerator")]
THEIRS = sorted((Path(zigzag.__file__).parent / "inputs" / "hardware").glob("*.yaml"))
PLACES: dict[str, tuple[Any, ...]] = {
    "": (),
    "operational_array": ("operational_array",),
    "memories.*": ("memories", "sram"),
    "memories.*.ports[]": ("memories", "sram", "ports", 0),
}


def test_reader_schema_and_page_have_the_same_keys() -> None:
    read = {
        (path, key)
        for path, place in PLACES.items()
        for key in keys_that_a_reader_names(read_accelerator, samples.accelerator(), place)
    }
    assert len(read) == 38
    assert set(keys_of(validator("accelerator").schema)) == read
    assert set(pages.keys_of("accelerator")) == read


@pytest.mark.parametrize("path", [*SHIPPED, *THEIRS], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_schema_accepts_what_ships(path: Path) -> None:
    assert complaints("accelerator", yaml.safe_load(path.read_text("utf-8"))) == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_presets_name_their_schema(path: Path) -> None:
    assert path.read_text("utf-8").splitlines()[0] == schema_line("accelerator", path.parent)


def test_the_first_line_is_no_part_of_a_key(tmp_path: Path) -> None:
    [preset] = [path for path in SHIPPED if path.stem == "tpu_like"]
    without = samples.written(tmp_path, preset.read_text("utf-8").partition("\n")[2], preset.name)
    assert meaning_digest(read_accelerator(without)) == meaning_digest(read_accelerator(preset))


IN_NO_SCHEMA = {"served dimension"}
"""Bad accelerators that only a reader finds: the rest of the file decides what is right."""


def test_the_schema_refuses_the_bad_files_that_a_schema_can_refuse() -> None:
    bad = bad_files(BAD, "accelerator")
    assert len(bad) >= 7
    assert {name for name, data in bad.items() if not complaints("accelerator", data)} == IN_NO_SCHEMA


CHANGES: list[tuple[tuple[Any, ...], Any]] = [
    (("name",), ...), (("name",), 3), (("memories",), []), (("memories",), {}), (("memorys",), {}),
    (("memories", "sram", "sise"), 3), (("memories", "sram", "size"), ...), (("memories", "sram", "size"), 0),
    (("memories", "sram", "size"), 1.5), (("memories", "sram", "size"), "big"), (("memories", "sram", "size"), "8 pJ"),
    (("memories", "sram", "size"), "-8 KiB"), (("memories", "sram", "r_cost"), ...),
    (("memories", "sram", "w_cost"), None), (("memories", "sram", "area"), -1), (("memories", "sram", "latency"), ...),
    (("memories", "sram", "operands"), []), (("memories", "sram", "operands", 1), "I3"),
    (("memories", "sram", "force_double_buffering"), 1), (("memories", "sram", "ports", 0, "type"), "rw"),
    (("memories", "sram", "ports", 0, "name"), "first"), (("memories", "sram", "ports", 0, "bandwidth_min"), "64 KB/s"),
    (("memories", "sram", "ports", 0, "allocation", 0), "I1, down"), (("operational_array", "unit_energy"), ...),
    (("operational_array", "unit_area"), -1), (("operational_array", "dimensions", 1), "D1"),
    (("operational_array", "unit_static_power"), "1 pJ"), (("memories", "sram", "static_power"), -1), (("clock",), 1),
    (("clock",), "0 GHz"), (("clock",), "-1 ns"), (("clock",), "1 GB"), (("technology",), 28),
    (("operational_array", "dimensions", 1), "X"), (("operational_array", "dimensions"), []),
    (("operational_array", "sizes", 0), 0), (("operational_array", "systolic_dimensions"), ["X"]),
    (("operational_array", "is_imc"), True), (("operational_array", "input_precision"), [8]),
    (("dataflows", "D1"), ["K 8"]),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value"), CHANGES, ids=str)
def test_schema_and_reader_refuse_the_same(place: tuple[Any, ...], value: Any) -> None:
    data = copy.deepcopy(samples.accelerator())
    holder: Any = data
    for step in place[:-1]:
        holder = holder[step]
    if value is ...:
        del holder[place[-1]]
    else:
        holder[place[-1]] = value
    assert samples.refusal(read_accelerator, data)
    assert complaints("accelerator", data)


@given(data=samples.spoilt(samples.accelerator()))
@settings(max_examples=150, deadline=None)
def test_the_schema_accepts_what_the_reader_accepts(data: Any) -> None:
    if samples.refusal(read_accelerator, data):
        return
    assert complaints("accelerator", data) == []


def test_the_schema_speaks_of_in_memory_arrays() -> None:
    data = sample()
    assert read_accelerator(data)
    assert complaints("accelerator", data) == []
    del data["operational_array"]["imc_type"]
    assert any("'imc_type' is a required property" in said for said in complaints("accelerator", data))


def test_a_model_of_an_installed_package_may_have_keys_of_its_own() -> None:
    data = samples.accelerator()
    data["operational_array"] = {"dimensions": ["D1"], "sizes": [8], "model": "serial", "weight_bits": 8}
    assert complaints("accelerator", data) == []
    data["operational_array"]["model"] = "units"
    assert complaints("accelerator", data)


def test_the_examples_of_the_keys_are_a_file() -> None:
    example = declared.TOP.example()
    assert read_accelerator(example).memory_named("scratchpad").size_bits == 256 * 1024 * 8
    assert complaints("accelerator", example) == []


def test_the_example_of_the_page_is_a_file() -> None:
    made = read_accelerator(pages.example_of("accelerator"))
    assert [memory.name for memory in made.memories] == ["registers", "scratchpad", "dram"]
    assert complaints("accelerator", pages.example_of("accelerator")) == []


def test_a_quantity_is_the_number_that_it_is() -> None:
    plain, with_units = samples.accelerator(), samples.accelerator()
    plain["memories"]["sram"].update(size=65536, r_cost=500.0, w_cost=0.25, area=0.5, latency=2)
    with_units["memories"]["sram"].update(
        size="8 KiB", r_cost="0.5 nJ", w_cost="250 fJ", area="500000 um2", latency="2 cycles"
    )
    plain["memories"]["sram"]["ports"][0].update(bandwidth_min=64, bandwidth_max=512)
    with_units["memories"]["sram"]["ports"][0].update(bandwidth_min="8 B", bandwidth_max="512 bits")
    plain["operational_array"].update(unit_energy=2.5, unit_area=0.001, unit_static_power=0.002)
    with_units["operational_array"].update(unit_energy="2.5pJ", unit_area="1000 um2", unit_static_power="2 uW")
    plain["clock"], with_units["clock"] = "2 ns", "500 MHz"
    assert read_accelerator(with_units) == read_accelerator(plain)
    assert meaning_digest(read_accelerator(with_units)) == meaning_digest(read_accelerator(plain))
    assert complaints("accelerator", with_units) == []


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("size", "64 KB/s", "a whole number: capacity in bits, or with a unit as '64 KiB'"),
        ("size", "64 KiBi", "'64 KiBi' is in 'KiBi'; expected one of"),
        ("size", "0.3 B", "found the text '0.3 B', which is 2.4 bits; expected a whole number"),
        ("size", "-1 B", "found the text '-1 B'; expected capacity in bits, 1 or more"),
        ("r_cost", "8 KiB", "'8 KiB' is in 'KiB'; expected one of fJ, pJ, nJ, uJ"),
        ("r_cost", "1e3", "YAML reads 1e3 as text: write 1.0e+3."),
        ("area", "1e400 mm2", "a number that floating point can hold"),
        ("mem_type", 3, "found the number 3"),
    ],
)
def test_a_bad_quantity_is_refused_with_its_unit(key: str, value: Any, said: str) -> None:
    data = samples.accelerator()
    data["memories"]["sram"][key] = value
    assert said in samples.refusal(read_accelerator, data)
