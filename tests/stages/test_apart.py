"""No result overwrites another: layers of equal names, several results of one layer, points of an iteration."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from tests.stages import small
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CompleteSaveStage,
    CostModelStage,
    DumpStage,
    GeneralParameterIteratorStage,
    HardwareSearchStage,
    LomaStage,
    MinimalEnergyStage,
    PickleSaveStage,
    PlotTemporalMappingsStage,
    SimpleSaveStage,
    SpatialMappingGeneratorStage,
    SumStage,
    VisualizationStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.stages.sweeps import folders_of

PARSERS = [WorkloadParserStage, AcceleratorParserStage]
SEARCH = [MinimalEnergyStage, SpatialMappingGeneratorStage, MinimalEnergyStage, LomaStage, CostModelStage]
NAMES = ["a/b", "a_b", "a_b_1", "overall"]


def namesakes() -> list[dict[str, Any]]:
    """Layers that differ, with names that a file cannot tell apart."""
    return [small.layer(i, name, loop_sizes=[1, 4 + i, 4, 2, 2, 1, 1]) for i, name in enumerate(NAMES)]


def run(stages: list[Any], folder: Path, **more: Any) -> list[Any]:
    inputs = small.written(folder, **({"workload": more.pop("workload")} if "workload" in more else {}))
    return MainStage(stages, **inputs, temporal_mapping_type="uneven", loma_lpf_limit=3, **more).run()


def energy(path: Path) -> float:
    return float(json.loads(path.read_text())["energy"])


@pytest.mark.parametrize("position", ["above", "below"])
def test_layers_whose_names_collide_keep_their_files(position: str, tmp_path: Path) -> None:
    network = [SimpleSaveStage, WorkloadStage] if position == "above" else [WorkloadStage, SimpleSaveStage]
    stages = [*PARSERS, SimpleSaveStage, SumStage, *network, *SEARCH]
    [(total, layers)] = run(stages, tmp_path, workload=namesakes(), dump_folder=tmp_path / "out")
    files = {path.name: energy(path) for path in (tmp_path / "out").glob("*.json")}
    assert files.pop("overall_simple.json") == total.energy_total
    assert sorted(files.values()) == sorted(cme.energy_total for cme, _ in layers)
    assert files["a_b_simple.json"] == layers[0][0].energy_total
    assert len({cme.energy_total for cme, _ in layers}) == len(NAMES)


def test_several_results_of_a_layer_are_numbered(tmp_path: Path) -> None:
    below = [CompleteSaveStage, SpatialMappingGeneratorStage, MinimalEnergyStage, LomaStage, CostModelStage]
    network = [small.layer(0, "stem")]
    results = run([*PARSERS, WorkloadStage, *below], tmp_path, workload=network, dump_folder=tmp_path / "out")
    energies = [cme.energy_total for cme, _ in results]
    assert len(energies) > 1
    names = ["stem_complete.json", *(f"stem_complete_{n}.json" for n in range(2, len(energies) + 1))]
    files = [json.loads((tmp_path / "out" / name).read_text())["outputs"]["energy"] for name in names]
    assert [file["energy_total"] for file in files] == energies


def test_lists_of_each_layer_are_numbered(tmp_path: Path) -> None:
    below = [DumpStage, PlotTemporalMappingsStage, PickleSaveStage, *SEARCH]
    files = {"dump_filename_pattern": tmp_path / "all.pickle", "pickle_filename": tmp_path / "list.pickle"}
    picture = tmp_path / "bars.svg"
    results = run([*PARSERS, WorkloadStage, *below], tmp_path, plot_filename_pattern=picture, **files)
    for n, (cme, _) in enumerate(results, start=1):
        number = "" if n == 1 else f"_{n}"
        dumped = pickle.loads((tmp_path / f"all{number}.pickle").read_bytes())
        assert [one.energy_total for one, _ in dumped] == [cme.energy_total]
        twin = json.loads((tmp_path / f"all{number}.json").read_text())
        assert twin["results"][0]["outputs"]["energy"]["energy_total"] == cme.energy_total
        assert (tmp_path / f"list{number}.pickle").exists()
        assert (tmp_path / f"bars{number}.svg").exists()
    assert len(list(tmp_path.glob("all*.pickle"))) == len(results) == 3


def test_another_run_begins_afresh(tmp_path: Path) -> None:
    stages = [*PARSERS, SimpleSaveStage, SumStage, WorkloadStage, CompleteSaveStage, *SEARCH]
    for _ in range(2):
        run(stages, tmp_path, dump_folder=tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_points_of_an_iteration_write_to_folders_of_their_own(tmp_path: Path) -> None:
    stages = [
        GeneralParameterIteratorStage, *PARSERS, SimpleSaveStage, PickleSaveStage, SumStage, WorkloadStage,
        VisualizationStage, CompleteSaveStage, *SEARCH,
    ]  # fmt: skip
    results = run(
        stages,
        tmp_path,
        dump_folder=tmp_path / "out",
        pickle_filename=tmp_path / "list.pickle",
        general_parameter_iterations={"nb_mappings_generated": [1, 3], "temporal_mapping_type": ["even", "uneven"]},
    )
    for cme, (values, _) in results:
        folder = ",".join(f"{name}={value}" for name, value in values.items())
        assert energy(tmp_path / "out" / folder / "overall_simple.json") == cme.energy_total
        assert len(list((tmp_path / "out" / folder).iterdir())) == 6
        assert (tmp_path / folder / "list.pickle").exists()
    assert len(list((tmp_path / "out").iterdir())) == len(results) == 4


def test_a_file_named_after_a_varied_keyword_stays_where_it_is(tmp_path: Path) -> None:
    stages = [GeneralParameterIteratorStage, *PARSERS, DumpStage, SumStage, WorkloadStage, *SEARCH]
    points = {"nb_mappings_generated": [1, 2]}
    pattern = tmp_path / "with_{nb_mappings_generated}.pickle"
    run(stages, tmp_path, general_parameter_iterations=points, dump_filename_pattern=pattern)
    assert {path.name for path in tmp_path.glob("with*")} == {
        f"with_{n}.{s}" for n in (1, 2) for s in ("pickle", "json")
    }


def test_designs_of_a_hardware_search_write_to_folders_of_their_own(tmp_path: Path) -> None:
    stages = [HardwareSearchStage, AcceleratorParserStage, WorkloadParserStage, SimpleSaveStage, SumStage]
    parameters = {"memories.sram.size": [4096, 8192]}
    folder = tmp_path / "out"
    [(_, priced)] = run([*stages, WorkloadStage, *SEARCH], tmp_path, hardware_parameters=parameters, dump_folder=folder)
    for cme, (values, _) in priced:
        size = values["memories.sram.size"]
        assert energy(folder / f"memories.sram.size={size}" / "overall_simple.json") == cme.energy_total


def test_no_two_points_share_a_folder_and_no_folder_is_a_pattern() -> None:
    points = [{"a": Path("x/b.yaml")}, {"a": Path("y/b.yaml")}, {"a": "x/{b}"}, {"a": "x" * 400}, {"a": "x" * 401}]
    folders = folders_of(points)
    assert folders[:3] == ["a=b", "a=b_2", "a=x_(b)"]
    assert len(set(folders)) == len(points)
    assert max(map(len, folders)) < 250
