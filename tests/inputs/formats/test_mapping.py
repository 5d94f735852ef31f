"""Mapping files: reader, page and schema know the same keys and the same limits."""

from __future__ import annotations

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
from zigzag_lab.inputs import read_mapping
from zigzag_lab.inputs.formats.mapping import ENTRY
from zigzag_lab.inputs.formats.shipped import schema_line
from zigzag_lab.inputs.presets import preset_names, preset_path

SHIPPED = [preset_path("mapping", name) for name in preset_names("mapping")]
THEIRS = sorted((Path(zigzag.__file__).parent / "inputs" / "mapping").glob("*.yaml"))


def test_reader_schema_and_page_have_the_same_keys() -> None:
    read = {("[]", key) for key in keys_that_a_reader_names(read_mapping, samples.mapping(), (0,))}
    assert len(read) == 7
    assert set(keys_of(validator("mapping").schema)) == read
    assert set(pages.keys_of("mapping")) == read


@pytest.mark.parametrize("path", [*SHIPPED, *THEIRS], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_schema_accepts_what_ships(path: Path) -> None:
    assert complaints("mapping", yaml.safe_load(path.read_text("utf-8"))) == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_presets_name_their_schema(path: Path) -> None:
    assert path.read_text("utf-8").splitlines()[0] == schema_line("mapping", path.parent)


IN_NO_SCHEMA = {"dimension not in the array", "link of an unknown operand"}
"""Bad mappings that are bad beside their accelerator and workload alone."""


def test_the_schema_refuses_the_bad_files_that_a_schema_can_refuse() -> None:
    bad = bad_files(BAD, "mapping")
    assert len(bad) >= 4
    assert {name for name, data in bad.items() if not complaints("mapping", data)} == IN_NO_SCHEMA


def default(**fields: Any) -> list[dict[str, Any]]:
    return [{"name": "default", **fields}]


@pytest.mark.parametrize(
    "data",
    [
        {}, [], [{"name": "Conv"}], [{}], default(core_allocation=[0]), default(spatial_maping={}),
        default(spatial_mapping={"d1": []}), default(spatial_mapping={"D1": "K, 4"}),
        default(spatial_mapping={"D1": ["K 4"]}), default(spatial_mapping_hint={"D1": ["K, 4"]}),
        default(memory_operand_links={"O": "O", "W": "I3"}), default(memory_operand_links={}),
        default(temporal_ordering=["K"]), default(temporal_ordering=[["K"]]), default(temporal_ordering=[["K", 0]]),
        default(temporal_ordering=[["K", "all"]]), default(temporal_mapping={"W": [["K", 4]]}),
        default(temporal_mapping={"W": [[["K", "*"]]]}), default(bypass={"I": "sram"}),
    ],
    ids=str,
)  # fmt: skip
def test_schema_and_reader_refuse_the_same(data: Any) -> None:
    assert samples.refusal(read_mapping, data)
    assert complaints("mapping", data)


@given(data=samples.spoilt(samples.mapping()))
@settings(max_examples=150, deadline=None)
def test_the_schema_accepts_what_the_reader_accepts(data: Any) -> None:
    if samples.refusal(read_mapping, data):
        return
    assert complaints("mapping", data) == []


@pytest.mark.parametrize("key", [key for key in ENTRY.keys if key.name != "name"], ids=lambda key: key.name)
def test_the_example_of_a_key_is_read(key: Any) -> None:
    data = default(**{key.name: key.example})
    assert samples.refusal(read_mapping, data) == ""
    assert complaints("mapping", data) == []


def test_the_example_of_the_page_is_a_file() -> None:
    assert list(read_mapping(pages.example_of("mapping")).entries) == ["default", "Add", "fc"]
    assert complaints("mapping", pages.example_of("mapping")) == []
