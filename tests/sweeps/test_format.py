"""Sweep files: reader, page and schema know the same keys and the same limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.inputs.formats import pages
from tests.inputs.formats.readers import keys_that_a_reader_names
from tests.inputs.formats.schemas import complaints, keys_of, validator
from tests.inputs.samples import accelerator, mapping, written
from tests.sweeps.small import SIZE, sweep_file
from tests.sweeps.test_sweep_file import BROKEN
from zigzag_lab.inputs.formats.shipped import schema_line
from zigzag_lab.sweeps import points, read_sweep
from zigzag_lab.sweeps.format import TOP

ROOT = Path(__file__).parents[2]
EXPERIMENTS = sorted((ROOT / "experiments").glob("*/experiment.yaml"))
AXES: dict[str, Any] = {
    "values": {"values": [1, 2]},
    "range": {"range": [1, 5], "step": 2},
    "log_range": {"log_range": [1, 8]},
}
PLACES: list[tuple[str, dict[str, Any], tuple[Any, ...]]] = [
    ("", {}, ()),
    *(("space.*", {"space": {"x": axis}}, ("space", "x")) for axis in AXES.values()),
    ("tables.*", {"tables": {"t": {"x": [1, 2], "y": [1, 2]}}}, ("tables", "t")),
    ("sampling", {"sampling": {"optuna": 3}}, ("sampling",)),
]


def test_reader_schema_and_page_have_the_same_keys(tmp_path: Path) -> None:
    def read(data: Any) -> Any:
        return read_sweep(written(tmp_path, data, "experiment.yaml"))

    found = {("sampling", "random")}  # the only key beside which there may be none
    for path, keys, place in PLACES:
        data = yaml.safe_load(sweep_file(tmp_path, **keys).read_text())
        found |= {(path, key) for key in keys_that_a_reader_names(read, data, place)}
    assert len(found) == 13 + 7 + 3 + 5
    varied = {key for path, key in found if path == "space.*"}
    elsewhere = ("workloads", "accelerators", "mappings", "zipped[].*")
    found |= {(path, key) for path in elsewhere for key in varied}
    in_schema, in_page = set(keys_of(validator("sweep").schema)), set(pages.keys_of("sweep"))
    assert {pair for pair in in_schema if pair[0] != "options"} == found
    assert {pair for pair in in_page if pair[0] != "options"} == found


def test_schema_and_page_have_the_options_of_the_page_of_options() -> None:
    page = (ROOT / "docs" / "options.md").read_text("utf-8")
    options = {line.split("`")[1] for line in page.partition("\n## ")[0].splitlines() if line.startswith("| `")}
    assert len(options) > 8
    for keys in (keys_of(validator("sweep").schema), pages.keys_of("sweep")):
        assert {key for path, key in keys if path == "options"} == options


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.parent.name)
def test_experiments_name_a_schema_that_accepts_them(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.splitlines()[0] == schema_line("sweep", path.parent)
    assert complaints("sweep", yaml.safe_load(text)) == []


def test_the_schema_accepts_the_examples_of_the_documents() -> None:
    large = (ROOT / "docs" / "sweeps.md").read_text("utf-8").partition("```yaml\n")[2].partition("```")[0]
    assert complaints("sweep", yaml.safe_load(large)) == []
    assert complaints("sweep", pages.example_of("sweep")) == []


def test_the_example_of_the_page_is_a_sweep(tmp_path: Path) -> None:
    file = written(tmp_path, pages.example_of("sweep"), "experiment.yaml")
    assert len(list(points(read_sweep(file)))) == 7  # of 4 sizes and 2 numbers of rows, one is too small


@pytest.mark.parametrize("key", TOP.keys, ids=lambda key: key.name)
def test_the_schema_accepts_the_example_of_a_key(key: Any) -> None:
    assert complaints("sweep", {key.name: key.example}) == []


IN_SCHEMA = {
    "unknown key", "empty list", "wrong sampling", "no trials", "unknown key of a search", "unknown objective",
    "twice the same objective", "unknown sampler", "no batch", "time limit", "unknown option", "wrong shape",
    "wrong name",
}  # fmt: skip
"""Broken files that a schema finds; the others are broken by what paths, files and expressions mean."""


def test_the_schema_refuses_the_broken_files_that_a_schema_can_refuse(tmp_path: Path) -> None:
    refused = set()
    for name, (keys, _) in BROKEN.items():
        if complaints("sweep", yaml.safe_load(sweep_file(tmp_path, **keys).read_text())):
            refused.add(name)
    assert refused == IN_SCHEMA


def test_a_base_file_may_have_units(tmp_path: Path) -> None:
    """Its points are those of the same file with plain numbers, and expressions see numbers."""
    keys = []
    for size in (65536, "8 KiB"):
        data = accelerator()
        data["memories"]["sram"]["size"] = size
        written(tmp_path, data, "mine.yaml")
        written(tmp_path, mapping(), "mapping.yaml")
        double = {"accelerator.memories.dram.size": "2 * accelerator.memories.sram.size"}
        file = sweep_file(tmp_path, accelerators=["mine.yaml"], mappings=["mapping.yaml"], space=None, derived=double)
        [point] = points(read_sweep(file))
        assert point.values == {"accelerator.memories.dram.size": 131072}
        keys.append(point.key)
    assert keys[0] == keys[1]


@pytest.mark.parametrize(("given", "seconds"), [("2 min", 120), ("500 ms", 0.5), (3, 3), ("none", None)])
def test_a_time_limit_may_have_a_unit(tmp_path: Path, given: Any, seconds: float | None) -> None:
    listed = read_sweep(sweep_file(tmp_path, space={"options.time_limit": [given]}))
    assert [point.values["options.time_limit"] for point in points(listed)] == [seconds]
    assert read_sweep(sweep_file(tmp_path, options={"time_limit": given})).options["time_limit"] == seconds


def test_cycles_have_a_unit(tmp_path: Path) -> None:
    path = SIZE.replace("size", "latency")
    assert [p.values[path] for p in points(read_sweep(sweep_file(tmp_path, space={path: ["2 cycles"]})))] == [2]
