"""Pictures and tables from records."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.stages import small
from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.inputs import read_accelerator, read_workload
from zigzag_lab.inputs.presets import preset_names, preset_path
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import SpatialMapping
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.plots import loop_nest_text, plot_breakdowns, plot_memory_hierarchy
from zigzag_lab.plots.bars import energy_parts, latency_by_term
from zigzag_lab.vocab import Direction, ZigzagLabError

NEST = """\
Loop ordering for stem; O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]
==============================================
Temporal loops               O       W       I
==============================================
for K in [0, 2):             dram    sram    dram
----------------------------------------------
"""


@cache
def cme() -> CostModelEvaluation:
    (layer,) = read_workload([small.layer(0, "stem")]).layers
    accelerator = read_accelerator(small.accelerator(sram_bits=10**6))
    spatial = SpatialMapping({"D1": {"K": 4}, "D2": {"C": 4}})
    problem = Problem.of(layer, accelerator, MappingConstraints(), spatial)
    fx, ox, oy, k = ("FX", 3), ("OX", 4), ("OY", 4), ("K", 2)
    levels = {
        "O": ((fx,), (ox, oy), (k,)),
        "W": ((), (fx, ox, oy, k), ()),
        "I": ((fx, ("OX", 2), ("OX", 2)), (oy, k)),
    }
    return CostModelEvaluation(problem, TemporalMapping(levels))


def test_each_loop_names_the_memory_of_every_operand() -> None:
    rows = [line.split() for line in loop_nest_text(cme()).splitlines() if line.strip().startswith(("for", "parfor"))]
    assert [(row[1], row[4], *row[-3:]) for row in rows[:5]] == [
        ("K", "2):", "dram", "sram", "dram"),
        ("OY", "4):", "sram", "sram", "dram"),
        ("OX", "2):", "sram", "sram", "sram"),
        ("OX", "2):", "sram", "sram", "sram"),
        ("FX", "3):", "rf_o", "sram", "sram"),
    ]
    assert [row[1] for row in rows[5:]] == ["K", "C"]


def test_the_table_is_titled_and_aligned() -> None:
    lines = loop_nest_text(cme()).splitlines()
    assert lines[0] == NEST.splitlines()[0]
    assert lines[2].split() == ["Temporal", "loops", "O", "W", "I"]
    column = lines[2].index("W")
    assert all(line[column : column + 4] == "sram" for line in lines if line.strip().startswith("for"))


def test_a_layer_without_loops_has_a_table() -> None:
    problem = cme().problem
    (layer,) = read_workload([small.layer(0, "tiny", loop_sizes=[1, 4, 4, 1, 1, 1, 1])]).layers
    tiny = Problem.of(layer, problem.accelerator, problem.constraints, problem.spatial_mapping)
    empty = CostModelEvaluation(tiny, TemporalMapping({"O": ((), (), ()), "W": ((), (), ()), "I": ((), ())}))
    assert "(none)" in loop_nest_text(empty)


def test_bars_add_up() -> None:
    parts = list(energy_parts(cme()))
    assert sum(energy[way] for _, _, energy in parts for way in Direction) == pytest.approx(cme().mem_energy)
    assert sum(latency_by_term(cme()).values()) == cme().latency_total2
    assert {memory for memory, _, _ in parts} == {"rf_w", "rf_o", "sram", "dram"}


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_bars_are_drawn(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"bars.{suffix}"
    plot_breakdowns([cme()] * 3, path, "three of a kind")
    assert path.stat().st_size > 1000


def test_nothing_cannot_be_drawn(tmp_path: Path) -> None:
    with pytest.raises(ZigzagLabError, match="no result"):
        plot_breakdowns([], tmp_path / "bars.png")


@pytest.mark.parametrize("name", preset_names("accelerator"))
def test_every_preset_has_a_picture_with_all_its_memories_and_their_widths(tmp_path: Path, name: str) -> None:
    accelerator = read_accelerator(preset_path("accelerator", name))
    path = tmp_path / "picture.svg"
    plot_memory_hierarchy(accelerator, path)
    text = path.read_text()
    assert all(f"<!-- {memory.name} -->" in text for memory in accelerator.memories)
    widths = {port.bandwidth_max_bits for memory in accelerator.memories for port in memory.ports}
    assert widths == {int(bits) for bits in re.findall(r"<!-- (\d+) bits: .* pJ", text)}


def test_the_hierarchy_shows_batch_and_precision_of_layers(tmp_path: Path) -> None:
    path = tmp_path / "picture.svg"
    plot_memory_hierarchy(cme().accelerator, path, [cme()] * 2)
    text = path.read_text()
    for words in ("batch 1;", "<!-- W 8 -->", "<!-- I 8 -->", "<!-- O 16 (8 when finished) -->"):
        assert words in text
