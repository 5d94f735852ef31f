"""Lines and paths of the values that advice is about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.stages.small import accelerator, port
from zigzag_lab.inputs import read_accelerator
from zigzag_lab.reports.places import Places

MAPPING = b"""
- name: Conv
  spatial_mapping: {D1: ["K, 4"]}
- name: default
  spatial_mapping:
    D1: ["K, 4"]
    D2: ["C, 4"]
"""


def with_an_unused_port() -> dict[str, object]:
    """A file whose DRAM has a port before the other, which a later one takes all transfers from."""
    data = accelerator()
    data["memories"]["dram"]["ports"].insert(0, port("r_port_1", "read", 16, "I1, tl"))
    return data


def test_a_port_is_found_in_the_file_whatever_the_record_leaves_out(tmp_path: Path) -> None:
    text = yaml.safe_dump(with_an_unused_port(), sort_keys=False)
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    design = read_accelerator(path)
    assert [p.name for p in design.memory_named("dram").ports] == ["rw_port_1"]
    places = Places.of((str(path), text.encode()), None)
    found = places.width(design, ("dram", "rw_port_1"), 64)
    assert (found.path, found.before, found.after) == ("memories.dram.ports[1].bandwidth_max", 32, 64)
    lines = text.splitlines()
    assert found.line == max(n for n, line in enumerate(lines, 1) if line.strip() == "bandwidth_max: 32")
    assert found.words == f"bandwidth_max: 64 in line {found.line}"
    assert places.name == "mine.yaml"


@pytest.mark.parametrize("file", [None, ("broken.yaml", b"a: [")])
def test_without_a_file_values_go_by_their_paths(file: tuple[str, bytes] | None) -> None:
    design = read_accelerator(accelerator())
    places = Places.of(file, file)
    assert places.size(design, "sram", 1000).words == "memories.sram.size: 1000"
    assert places.width(design, ("sram", "w_port_1"), 8).where == "memories.sram.ports[1].bandwidth_max"
    assert [one.words for one in places.costs(design, "sram", 0.5)] == ["memories.sram.r_cost: 0.75"]
    assert places.unrolling("default", "D1") is None
    assert places.name == ""


def test_costs_that_a_tool_gives_stand_in_no_file() -> None:
    design = read_accelerator(accelerator())
    asked = replace(design, memories=tuple(replace(m, auto_cost_extraction=True) for m in design.memories))
    assert Places().costs(asked, "sram", 0.5, 0.5) == ()


def test_the_line_that_fixes_an_unrolling_is_that_of_its_entry() -> None:
    places = Places.of(None, (r"C:\work\mapping.yaml", MAPPING))
    assert [places.unrolling(*of) for of in (("Conv", "D1"), ("default", "D2"), ("other", "D1"))] == [3, 7, None]
