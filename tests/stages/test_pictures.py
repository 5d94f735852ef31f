"""Stages that draw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.stages import small
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CostModelStage,
    LomaStage,
    MinimalEnergyStage,
    PlotTemporalMappingsStage,
    SpatialMappingGeneratorStage,
    SumStage,
    VisualizationStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.stages.protocols import RunFiles
from zigzag_lab.vocab import InputError

LAYERS = [WorkloadParserStage, AcceleratorParserStage, SumStage, WorkloadStage]
SEARCH = [MinimalEnergyStage, SpatialMappingGeneratorStage, MinimalEnergyStage, LomaStage, CostModelStage]
PNG = b"\x89PNG\r\n"


def run(folder: Path, listed: list[Any], **keywords: Any) -> Any:
    return MainStage(listed, loma_lpf_limit=4, **small.written(folder), **keywords).run()


def test_loops_are_written_afresh_in_each_run(tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    for _ in range(2):
        run(tmp_path, [*LAYERS, VisualizationStage, *SEARCH], dump_folder=str(dump))
    text = (dump / "loop_ordering.txt").read_text()
    titles = [line for line in text.splitlines() if line.startswith("Loop ordering for")]
    assert [title.split(";")[0].rpartition(" ")[2] for title in titles] == ["stem", "wide", "again"]
    assert (dump / "mem_hierarchy.png").read_bytes().startswith(PNG)


def test_above_the_workload_it_writes_the_same(tmp_path: Path) -> None:
    for folder, listed in (
        ("below", [*LAYERS, VisualizationStage, *SEARCH]),
        ("above", [*LAYERS[:2], VisualizationStage, WorkloadStage, *SEARCH]),
    ):
        run(tmp_path, listed, dump_folder=tmp_path / folder)
    texts = [(tmp_path / folder / "loop_ordering.txt").read_text() for folder in ("below", "above")]
    assert texts[0] == texts[1]


def test_stages_that_are_given_the_same_files_write_on_together(tmp_path: Path) -> None:
    together = RunFiles()
    for run_files in (together, together, RunFiles()):
        listed = [*LAYERS[:2], VisualizationStage, WorkloadStage, *SEARCH]
        run(tmp_path, listed, dump_folder=tmp_path / "dump", run_files=run_files)
        text = (tmp_path / "dump" / "loop_ordering.txt").read_text()
        assert text.count("Loop ordering for") == sum(len(parts) for parts in run_files.texts.values())
    assert [sum(len(parts) for parts in files.texts.values()) for files in (together, run_files)] == [6, 3]


def test_nothing_is_written_without_a_folder(tmp_path: Path) -> None:
    run(tmp_path, [*LAYERS, VisualizationStage, *SEARCH])
    assert {path.suffix for path in tmp_path.iterdir()} == {".yaml"}


def test_mappings_are_drawn_for_each_layer(tmp_path: Path) -> None:
    listed = [*LAYERS, PlotTemporalMappingsStage, *SEARCH]
    results = run(tmp_path, listed, plot_filename_pattern=str(tmp_path / "plots" / "{layer}.png"))
    assert len(results) == 1
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == ["again.png", "stem.png", "wide.png"]
    assert (tmp_path / "plots" / "stem.png").read_bytes().startswith(PNG)


def test_only_the_first_of_very_many_mappings_are_drawn(tmp_path: Path) -> None:
    listed = [*LAYERS, PlotTemporalMappingsStage, SpatialMappingGeneratorStage, LomaStage, CostModelStage]
    main = MainStage(
        listed[:2] + listed[3:],
        loma_lpf_limit=5,
        nb_mappings_generated=1,
        plot_filename_pattern=str(tmp_path / "many.svg"),
        **small.written(tmp_path, workload=[small.layer(0, "stem")]),
    )
    assert len(main.run()) > 40
    assert (tmp_path / "many.svg").exists()


def test_a_name_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ends in"):
        run(tmp_path, [PlotTemporalMappingsStage, *LAYERS, *SEARCH], plot_filename_pattern="bars")


def test_a_picture_may_lie_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(tmp_path, [PlotTemporalMappingsStage, *LAYERS[:2], WorkloadStage, *SEARCH], plot_filename_pattern="bars.png")
    assert (tmp_path / "bars.png").read_bytes().startswith(PNG)
