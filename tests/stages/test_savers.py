"""Stages that save: whole files, where and when they were asked for."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.stages import small
from tests.stages.caches import ListSink
from zigzag_lab.inputs import read_accelerator, read_mapping, read_workload
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CompleteSaveStage,
    CostModelStage,
    DumpStage,
    LomaStage,
    MinimalEnergyStage,
    PickleSaveStage,
    PlotTemporalMappingsStage,
    Result,
    SimpleSaveStage,
    SpatialMappingGeneratorStage,
    Stage,
    SumStage,
    VisualizationStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.stages.protocols import RunFiles

FILES = [WorkloadParserStage, AcceleratorParserStage]
SEARCH = [MinimalEnergyStage, SpatialMappingGeneratorStage, MinimalEnergyStage, LomaStage, CostModelStage]


class NothingStage(Stage):
    """Yields nothing, like a stage that skips what is there already."""

    def run(self) -> Iterator[Result]:
        yield from ()


class FailingStage(Stage):
    """Fails after its first result."""

    def run(self) -> Iterator[Result]:
        yield next(iter(self.substage().run()))
        raise RuntimeError("in the middle")


class TwiceStage(Stage):
    """Yields everything twice."""

    def run(self) -> Iterator[Result]:
        for _ in range(2):
            yield from self.substage().run()


class FirstStage(Stage):
    """Takes one result and asks for no more."""

    def run(self) -> Iterator[Result]:
        yield next(iter(self.substage().run()))


def run(folder: Path, listed: list[Any], **keywords: Any) -> Any:
    return MainStage(listed, **{"loma_lpf_limit": 2, **small.written(folder), **keywords}).run()


def test_a_pickle_may_lie_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ((_, layers),) = run(tmp_path, [*FILES, PickleSaveStage, SumStage, WorkloadStage, *SEARCH], pickle_filename="p.pkl")
    kept = pickle.loads((tmp_path / "p.pkl").read_bytes())
    assert [cme.energy_total for cme in kept] == [cme.energy_total for cme, _ in layers]


def test_a_pickle_of_nothing_is_an_empty_list(tmp_path: Path) -> None:
    given = {"pickle_filename": tmp_path / "p.pkl", "dump_folder": tmp_path / "dump"}
    run(tmp_path, [*FILES, CompleteSaveStage, PickleSaveStage, SumStage, NothingStage, *SEARCH], **given)
    assert pickle.loads((tmp_path / "p.pkl").read_bytes()) == []
    complete = json.loads((tmp_path / "dump" / "overall_complete.json").read_text())
    assert complete["outputs"]["energy"]["energy_total"] == 0


def test_a_pickle_stage_saves_what_passes_it_though_its_file_holds_what_is_beside_it(tmp_path: Path) -> None:
    sink = ListSink()
    listed = [*FILES, WorkloadStage, PickleSaveStage, *SEARCH]
    results = run(tmp_path, listed, pickle_filename=tmp_path / "p.pkl", sink=sink)
    assert sink.saved == [cme for cme, _ in results]
    assert pickle.loads((tmp_path / "p.pkl").read_bytes()) == []


def test_a_dump_stage_saves_what_passes_it(tmp_path: Path) -> None:
    sink = ListSink()
    listed = [*FILES, WorkloadStage, DumpStage, *SEARCH]
    results = run(tmp_path, listed, dump_filename_pattern=tmp_path / "dump_{layer}.pickle", sink=sink)
    assert sink.saved == [cme for cme, _ in results]


def test_a_failure_leaves_no_pickle(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="in the middle"):
        run(
            tmp_path,
            [*FILES, PickleSaveStage, SumStage, FailingStage, WorkloadStage, *SEARCH],
            pickle_filename=tmp_path / "p.pkl",
        )
    assert not (tmp_path / "p.pkl").exists()


def test_every_list_that_passes_is_in_the_pickle(tmp_path: Path) -> None:
    """In zigzag-dse the last list alone."""
    listed = [*FILES, PickleSaveStage, TwiceStage, SumStage, WorkloadStage, *SEARCH]
    assert len(run(tmp_path, listed, pickle_filename=tmp_path / "p.pkl")) == 2
    assert len(pickle.loads((tmp_path / "p.pkl").read_bytes())) == 2 * 3


def test_runs_that_are_given_the_same_files_overwrite_nothing(tmp_path: Path) -> None:
    """Whoever hands the files of a run to another gets numbered names; a run of its own begins afresh."""
    together = RunFiles()
    listed = [
        *FILES, SimpleSaveStage, CompleteSaveStage, DumpStage, PickleSaveStage, SumStage, PlotTemporalMappingsStage,
        WorkloadStage, *SEARCH,
    ]  # fmt: skip
    names = {
        "dump_folder": tmp_path / "out",
        "dump_filename_pattern": tmp_path / "out" / "all.dump",
        "pickle_filename": tmp_path / "out" / "list.pickle",
        "plot_filename_pattern": tmp_path / "out" / "bars.svg",
    }
    first = {"overall_simple.json", "overall_complete.json", "all.dump", "all.json", "list.pickle", "bars.svg"}
    for run_files in (RunFiles(), together):
        run(tmp_path, listed, workload=[small.layer(0, "stem")], run_files=run_files, **names)
        assert {path.name for path in (tmp_path / "out").iterdir()} == first
    run(tmp_path, listed, workload=[small.layer(0, "stem")], run_files=together, **names)
    second = {f"{name.partition('.')[0]}_2.{name.partition('.')[2]}" for name in first}
    assert {path.name for path in (tmp_path / "out").iterdir()} == first | second


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    """Layers and accelerators that a script makes hold them; JSON knows none."""
    sizes = list(np.array([1, 8, 4, 4, 4, 1, 3]))
    odd = {"workload": [small.layer(0, "stem", loop_sizes=sizes)], "accelerator": small.accelerator()}
    odd["accelerator"]["memories"]["sram"] |= {"size": np.int64(4096), "r_cost": np.float32(1.5)}
    listed = [*FILES, WorkloadStage, SimpleSaveStage, CompleteSaveStage, *SEARCH]
    plain = run(tmp_path, listed, workload=[small.layer(0, "stem", loop_sizes=[1, 8, 4, 4, 4, 1, 3])])
    ((cme, _),) = run(tmp_path, listed, dump_folder=tmp_path / "dump", **odd)
    assert cme.energy_total == plain[0][0].energy_total
    simple = json.loads((tmp_path / "dump" / "stem_simple.json").read_text())
    assert simple == {"energy": cme.energy_total, "latency": cme.latency_total2}
    assert (tmp_path / "dump" / "stem_complete.json").exists()


def test_layers_of_one_input_are_saved_and_drawn(tmp_path: Path) -> None:
    alone = {
        "equation": "O[b][k][oy][ox]+=I[b][k][oy][ox]",
        "dimension_relations": [],
        "loop_dims": ["B", "K", "OY", "OX"],
        "loop_sizes": [1, 8, 4, 4],
        "operand_precision": {"I": 8, "O": 16, "O_final": 8},
        "operand_source": {},
    }
    listed = [*FILES, WorkloadStage, VisualizationStage, CompleteSaveStage, *SEARCH]
    run(tmp_path, listed, workload=[small.layer(0, "copy", **alone)], dump_folder=tmp_path / "dump")
    assert "Loop ordering for copy" in (tmp_path / "dump" / "loop_ordering.txt").read_text()
    assert (tmp_path / "dump" / "copy_complete.json").exists()


def test_what_was_read_once_can_be_searched_again(tmp_path: Path) -> None:
    """In zigzag-dse the second run of a parsed workload fails: its layers were written on by the first."""
    workload, accelerator = read_workload(small.network()), read_accelerator(small.accelerator())
    records = {"workload": workload, "accelerator": accelerator, "mapping": read_mapping(small.mapping())}
    first, again = (run(tmp_path, [SumStage, WorkloadStage, *SEARCH], **records)[0][0] for _ in range(2))
    assert (first.energy_total, first.latency_total2) == (again.energy_total, again.latency_total2)
    fresh = run(tmp_path, [*FILES, SumStage, WorkloadStage, *SEARCH])[0][0]
    assert fresh.energy_total == first.energy_total


def test_what_is_read_early_is_saved_early(tmp_path: Path) -> None:
    """A stage above that asks for one result only gets one, and what was priced is there."""
    listed = [*FILES, FirstStage, WorkloadStage, SimpleSaveStage, *SEARCH]
    assert len(run(tmp_path, listed, dump_folder=tmp_path / "dump")) == 1
    assert [path.name for path in (tmp_path / "dump").iterdir()] == ["stem_simple.json"]
