"""Every run can be done again from its record, with every number equal, or says why not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.api import own_stages
from tests.stages.small import accelerator, layer, written
from zigzag_lab import MainStage
from zigzag_lab.api.rerun import Rerun, rerun, stages_of_modules
from zigzag_lab.inputs import read_accelerator
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CacheStage,
    CompleteSaveStage,
    CostModelStage,
    ExactStage,
    HardwareSearchStage,
    ListifyStage,
    LomaStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    MultiProcessingGatherStage,
    MultiProcessingSpawnStage,
    RemoveExtraInfoStage,
    SimpleSaveStage,
    SpatialMappingGeneratorStage,
    SumStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.sweeps import GeneralParameterIteratorStage as Iterating
from zigzag_lab.store import Lab
from zigzag_lab.vocab import InputError, ZigzagLabError

PARSERS = [WorkloadParserStage, AcceleratorParserStage]
LOOKS = [SpatialMappingGeneratorStage, MinimalLatencyStage, LomaStage, CostModelStage]
BASE = [WorkloadStage, CompleteSaveStage, MinimalLatencyStage, *LOOKS]
LIMITS = {"general_parameter_iterations": {"loma_lpf_limit": [2, 3]}}
BOTH = {"general_parameter_iterations": {("loma_lpf_limit", "nb_mappings_generated"): [(2, 1), (3, 2)]}}
OWN = stages_of_modules(["tests.api.own_stages"])


@pytest.fixture
def lab_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Lab]]:
    """Runs a list of stages on the small network, and opens the database, with the files of the run gone."""
    labs: list[Lab] = []

    def run(stages: list[Any], *, fails: bool = False, keep_files: bool = False, **keywords: Any) -> Lab:
        files = tmp_path / "files"
        files.mkdir()
        url = f"sqlite:///{tmp_path / 'lab.db'}"
        monkeypatch.setenv("ZIGZAG_LAB_DB", url)
        given = {**written(files), "loma_lpf_limit": 3, **keywords}
        given = {name: value(files) if callable(value) else value for name, value in given.items()}
        try:
            MainStage(stages, store=url, mlflow="off", cache=False, **given).run()
            assert not fails
        except (ZigzagLabError, ValueError):
            assert fails
        if not keep_files:
            shutil.rmtree(files)
        labs.append(Lab(url))
        return labs[0]

    yield run
    for lab in labs:
        lab.close()


def all_again(lab: Lab, **keywords: Any) -> list[Rerun]:
    """Every run of a database done again, children by themselves too; the first one first."""
    ids = [run.run_id for run in reversed(lab.runs(children=True, limit=None))]
    answers = [rerun(lab, run_id, stages=OWN, **keywords) for run_id in ids]
    for one in answers:
        assert one.agrees, (lab.run(one.run_id).name, one.disagreements[:3], one.reason)
        assert one.n_compared > (5 if one.status == "finished" else 1)
        assert (one.is_same_engine, one.changed_stages, one.unknown_stages) == (True, (), ())
    return answers


LISTS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "iterator above the sum": ([*PARSERS, Iterating, SumStage, *BASE], BOTH),
    "iterator at the top": ([Iterating, *PARSERS, SumStage, *BASE], BOTH),
    "iterator below the sum": ([*PARSERS, SumStage, Iterating, *BASE], LIMITS),
    "the best of an iterator": ([*PARSERS, MinimalEnergyStage, Iterating, SumStage, *BASE], LIMITS),
    "iterator below the layers": ([*PARSERS, SumStage, WorkloadStage, MinimalEnergyStage, Iterating, *BASE[1:]], BOTH),
    "iterator below the spatial mappings": (
        [*PARSERS, WorkloadStage, SpatialMappingGeneratorStage, Iterating, LomaStage, CostModelStage],
        LIMITS,
    ),
    "iterator over ranges": (
        [*PARSERS, Iterating, SumStage, *BASE],
        {"general_parameter_iterations": {"loma_lpf_limit": range(2, 4)}},
    ),
    "iterator over files": (
        [Iterating, *PARSERS, SumStage, *BASE],
        {"general_parameter_iterations": lambda files: {"accelerator": accelerators(files), "loma_lpf_limit": [2, 3]}},
    ),
    "iterator over files and limits": (
        [Iterating, *PARSERS, SumStage, *BASE],
        {
            "general_parameter_iterations": lambda files: {
                ("accelerator", "loma_lpf_limit"): [(str(path), 2) for path in accelerators(files)]
            }
        },
    ),
    "iterator over records": (
        [Iterating, *PARSERS, SumStage, *BASE],
        {
            "general_parameter_iterations": {
                "accelerator": [read_accelerator(accelerator(2**n, name=f"r{n}")) for n in (12, 13)]
            }
        },
    ),
    "iterator in processes": (
        [*PARSERS, MultiProcessingGatherStage, Iterating, MultiProcessingSpawnStage, SumStage, *BASE],
        {**LIMITS, "nb_multiprocessing_threads": 1},
    ),
    "layers in processes": (
        [*PARSERS, SumStage, MultiProcessingGatherStage, WorkloadStage, MultiProcessingSpawnStage, *BASE[1:]],
        {"nb_multiprocessing_threads": 1},
    ),
    "designs": (
        [HardwareSearchStage, WorkloadParserStage, AcceleratorParserStage, SumStage, *BASE],
        {"hardware_parameters": {"memories.sram.size": [4096, 8192], ("memories.sram.r_cost",): [(1,), (2,)]}},
    ),
    "designs of plain data": (
        [HardwareSearchStage, *PARSERS, SumStage, *BASE],
        {"hardware_parameters": {"memories.sram.size": [4096, 8192]}, "accelerator": accelerator()},
    ),
    "no single total": ([*PARSERS, *BASE[:2], *LOOKS], {}),
    "all candidates": ([*PARSERS, WorkloadStage, CompleteSaveStage, *LOOKS[0:1], *LOOKS[2:]], {"loma_lpf_limit": 2}),
    "a list": ([*PARSERS, ListifyStage, SumStage, *BASE], {}),
    "no layers": ([*PARSERS, RemoveExtraInfoStage, SumStage, *BASE], {}),
    "no limit of time": (
        [
            *PARSERS,
            SumStage,
            WorkloadStage,
            MinimalLatencyStage,
            SpatialMappingGeneratorStage,
            ExactStage,
            CostModelStage,
        ],
        {"exact_time_limit": None, "exact_objective": "energy", "loma_lpf_limit": None},
    ),
    "caches": ([*PARSERS, SimpleSaveStage, CacheStage, Iterating, CacheStage, SumStage, *BASE], LIMITS),
    "own stage that varies": ([*PARSERS, own_stages.BuffersStage, SumStage, *BASE], {"sizes": (4096, 8192)}),
    "grandchildren": (
        [*PARSERS, own_stages.BuffersStage, SumStage, Iterating, *BASE],
        {"sizes": (4096, 8192), **LIMITS},
    ),
    "own stage that says nothing": ([*PARSERS, own_stages.UnsaidBuffersStage, SumStage, *BASE], {"sizes": [512, 8192]}),
    "children of designs that nobody said": (
        [*PARSERS, own_stages.UnsaidBuffersStage, Iterating, SumStage, *BASE],
        {"sizes": [512, 8192], **LIMITS},
    ),
    "keywords called like others": (
        [*PARSERS, own_stages.NamesakeStage, *BASE],
        {"lpf_limit": 2, "workload_path": "anything"},
    ),
    "keywords called like others, in children": (
        [*PARSERS, own_stages.NamesakeStage, Iterating, *BASE],
        {"lpf_limit": 4, "workload_path": "anything", **LIMITS},
    ),
    "dictionary": ([*PARSERS, own_stages.DictionaryStage, *BASE], {"labels": {(0, "x"): "even", (1, "x"): "odd"}}),
    "function": ([*PARSERS, own_stages.first_of, *BASE], {}),
    "partial": ([*PARSERS, own_stages.first_two, *BASE], {}),
    "pipeline within": ([*PARSERS, own_stages.PilotStage, SumStage, *BASE], {}),
}


def accelerators(files: Path) -> list[Path]:
    """Two files of accelerators."""
    paths = [files / f"acc{n}.yaml" for n in (12, 13)]
    for n, path in zip((12, 13), paths, strict=True):
        path.write_text(yaml.safe_dump(accelerator(2**n), sort_keys=False))
    return paths


@pytest.mark.parametrize("name", LISTS)
def test_it_gives_the_same_numbers_and_so_do_its_children(name: str, lab_of: Callable[..., Lab]) -> None:
    stages, keywords = LISTS[name]
    lab = lab_of(stages, **keywords)
    first = lab.runs(limit=None)[-1]
    answers = all_again(lab)
    assert answers[0].run_id == first.run_id
    n_within = sum(1 for run in lab.runs(children=True, limit=None) if run.parent_run_id == first.run_id)
    assert answers[0].n_children >= n_within
    assert (n_within > 0) is any(
        word in name for word in ("iterator", "designs", "caches", "children", "varies", "within")
    )


# -- runs that came to nothing -----------------------------------------------------------------------------------------


def test_a_combination_that_fits_nothing_does_so_again(lab_of: Callable[..., Lab]) -> None:
    """The first combination is found again, the second fails the run again; passed over, it does not."""
    sizes = {"hardware_parameters": {"memories.sram.size": [4096, 8]}}
    lab = lab_of([HardwareSearchStage, *PARSERS, SumStage, *BASE], **sizes)
    statuses = [run.status for run in lab.runs(children=True)]
    assert sorted(statuses) == ["finished", "finished", "infeasible"]
    all_again(lab)


def test_an_infeasible_parent_is_done_again(lab_of: Callable[..., Lab]) -> None:
    def files(folder: Path) -> dict[str, list[Path]]:
        small = folder / "tiny.yaml"
        small.write_text(yaml.safe_dump(accelerator(8, 8), sort_keys=False))
        return {"accelerator": [*accelerators(folder)[:1], small]}

    lab = lab_of([Iterating, *PARSERS, SumStage, *BASE], fails=True, general_parameter_iterations=files)
    assert [run.status for run in lab.runs(children=True)] == ["infeasible", "finished", "infeasible"]
    first, *_ = all_again(lab)
    assert (first.status, first.new_status, first.n_children) == ("infeasible", "infeasible", 2)


def test_what_failed_fails_again_with_what_it_had_found(lab_of: Callable[..., Lab]) -> None:
    lab = lab_of([*PARSERS, own_stages.RaisingStage, *BASE], fails=True)
    (one,) = all_again(lab)
    assert (one.status, one.new_status, one.reason) == ("failed", "failed", "no more of this")
    assert lab.layers(one.new_run_id)


def test_of_a_run_that_was_cut_short_what_it_had_found_is_compared(lab_of: Callable[..., Lab]) -> None:
    lab = lab_of([*PARSERS, SumStage, *BASE])
    (run,) = lab.runs()
    lab.store.database.execute("UPDATE zl_run SET status = 'lost', energy_pj = NULL, n_results = NULL")
    lab.store.database.execute("DELETE FROM zl_result")
    lab.store.database.execute("UPDATE zl_run_layer SET last_index = 1")
    again = rerun(lab, run.run_id)
    assert (again.agrees, again.status, again.new_status) == (True, "lost", "finished")
    assert again.n_compared > 2 * 20


# -- what disagrees ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ("UPDATE zl_result SET energy_pj = 1 WHERE run_number = 1 AND result_index = 1", "result 1"),
        ("DELETE FROM zl_result WHERE run_number = 1 AND result_index = 0", "result 1"),
        ("UPDATE zl_result SET latency_cycles = 1 WHERE run_number = 3", "loma_lpf_limit=3: result 0"),
        ("UPDATE zl_layer_evaluation SET drain_cycles = 1 WHERE run_number = 2", "stem"),
        (
            "UPDATE zl_memory_evaluation SET energy_to_low_pj = -1 WHERE operand = 'W' AND level = 1",
            "stem: W at sram",
        ),
        ("UPDATE zl_run SET status = 'failed' WHERE number = 2", "loma_lpf_limit=2"),
        ("DELETE FROM zl_run WHERE number = 2", "loma_lpf_limit=2"),
        ("UPDATE zl_run_layer SET times = 2 WHERE run_number = 3", "loma_lpf_limit=3: stem"),
    ],
)
def test_any_number_that_differs_is_found(sql: str, where: str, lab_of: Callable[..., Lab]) -> None:
    lab = lab_of([*PARSERS, Iterating, SumStage, *BASE], **LIMITS)
    first = lab.runs()[0].run_id
    assert rerun(lab, first).agrees
    lab.store.database.execute(sql)
    again = rerun(lab, first)
    assert not again.agrees
    assert any(one.where.startswith(where) for one in again.disagreements), again.disagreements


# -- points of sweeps --------------------------------------------------------------------------------------------------


def test_points_of_a_sweep_are_done_again(tmp_path: Path) -> None:
    """Finished points, and one on which nothing fits."""
    from tests.cli.recorded import ask

    files = written(tmp_path, workload=[layer(0, "stem")])
    sweep = {
        "name": "sizes",
        **{f"{kind}s": [Path(path).name] for kind, path in files.items()},
        "space": {"accelerator.memories.sram.size": [2048, 4096], "accelerator.memories.dram.size": [8, 10**9]},
        "options": {"lpf_limit": 3, "objective": "energy"},
    }
    (tmp_path / "sweep.yaml").write_text(yaml.safe_dump(sweep, sort_keys=False))
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    answer = ask("sweep", str(tmp_path / "sweep.yaml"), "--workers", "1", "--mlflow", "off", database=url)
    assert answer.exit_code in (0, 1), answer.output
    for path in files.values():
        Path(path).unlink()
    with Lab(url) as lab:
        assert sorted(run.status for run in lab.runs()) == ["finished"] * 2 + ["infeasible"] * 2
        all_again(lab)


# -- code and objects --------------------------------------------------------------------------------------------------


def test_stages_come_from_modules_that_are_named_and_changes_are_said(
    lab_of: Callable[..., Lab], tmp_path: Path
) -> None:
    lab = lab_of([*PARSERS, own_stages.FirstStage, *BASE], n_first=2)
    run_id = lab.runs()[0].run_id
    with pytest.raises(InputError, match=r"--stages tests\.api\.own_stages"):
        rerun(lab, run_id)
    source = Path(own_stages.__file__).read_text()
    same, other = tmp_path / "copied_stages.py", tmp_path / "other_stages.py"
    same.write_text(source)
    other.write_text(source.replace("[: self.n_first]", "[: self.n_first + 0]"))
    copied, changed = (stages_of_modules([str(path)]) for path in (same, other))
    assert rerun(lab, run_id, stages=copied).changed_stages == ()
    again = rerun(lab, run_id, stages=changed)
    assert (again.agrees, again.changed_stages) == (True, ("FirstStage",))


def test_modules_that_are_none_are_refused(tmp_path: Path) -> None:
    broken, empty, twice = (tmp_path / f"{name}.py" for name in ("broken_one", "empty_one", "twice_one"))
    broken.write_text("raise KeyError('no')")
    empty.write_text("x = 1")
    twice.write_text(Path(own_stages.__file__).read_text())
    for names, words in (
        ([str(tmp_path / "none.py")], "there is no file"),
        (["not_there.at_all"], "cannot be imported"),
        ([str(broken)], "KeyError"),
        ([str(empty)], "has no stages"),
        (["tests.api.own_stages", str(twice)], "both have a stage"),
    ):
        with pytest.raises(InputError, match=words):
            stages_of_modules(names)


def test_an_object_that_no_database_holds_is_named(lab_of: Callable[..., Lab]) -> None:
    lab = lab_of([*PARSERS, own_stages.OfAnObjectStage, *BASE], chooser={"by": memoryview(b"x")})
    with pytest.raises(InputError, match="its keyword 'chooser' held an object of type"):
        rerun(lab, lab.runs()[0].run_id, stages=OWN)


def test_a_file_that_changed_is_taken_from_the_record(lab_of: Callable[..., Lab], tmp_path: Path) -> None:
    sizes = {"hardware_parameters": {"memories.sram.size": [4096]}}
    lab = lab_of([HardwareSearchStage, *PARSERS, SumStage, *BASE], keep_files=True, **sizes)
    run_id = lab.runs()[0].run_id
    assert rerun(lab, run_id).agrees
    file = tmp_path / "files" / "accelerator.yaml"
    file.write_text(file.read_text().replace("100", "200"))
    assert rerun(lab, run_id).agrees
