"""Stages that vary keywords and accelerators."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.stages import small
from zigzag_lab.hardware import known_area
from zigzag_lab.inputs import read_accelerator
from zigzag_lab.inputs.memory_costs import MemoryCostRequest, MemoryCosts
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CostModelStage,
    GeneralParameterIteratorStage,
    HardwareOptimizerStage,
    HardwareSearchStage,
    LomaStage,
    MinimalEnergyStage,
    SpatialMappingGeneratorStage,
    SumStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.stages.sweeps import expanded
from zigzag_lab.vocab import InfeasibleError, InputError, PipelineError

BELOW = [
    WorkloadStage,
    MinimalEnergyStage,
    SpatialMappingGeneratorStage,
    MinimalEnergyStage,
    LomaStage,
    CostModelStage,
]
NETWORK = [WorkloadParserStage, AcceleratorParserStage, SumStage, *BELOW]


def energies(main: MainStage) -> list[float]:
    return [cme.energy_total for cme, _ in main.run()]


def test_every_combination_runs_with_its_values_beside_it(tmp_path: Path) -> None:
    iterations = {
        "loma_lpf_limit": [3, 5],
        ("nb_mappings_generated", "temporal_mapping_type"): [(1, "even"), (2, "uneven")],
    }
    files = small.written(tmp_path)
    main = MainStage([GeneralParameterIteratorStage, *NETWORK], general_parameter_iterations=iterations, **files)
    results = main.run()
    values = [extra_info[0] for _, extra_info in results]
    assert [tuple(v.values()) for v in values] == [(3, 1, "even"), (3, 2, "uneven"), (5, 1, "even"), (5, 2, "uneven")]
    for (cme, (given, layers)), point in zip(results, values, strict=True):
        alone = MainStage(NETWORK, **files, **point).run()
        assert cme.energy_total == alone[0][0].energy_total
        assert given is point
        assert len(layers) == 3


def test_files_can_be_varied_too(tmp_path: Path) -> None:
    designs = [small.accelerator(sram_bits=4096), small.accelerator(sram_bits=16384)]
    files = small.written(tmp_path)
    del files["accelerator"]
    listed = [GeneralParameterIteratorStage, *NETWORK]
    varied = energies(
        MainStage(listed, general_parameter_iterations={"accelerator": designs}, loma_lpf_limit=3, **files)
    )
    assert varied == [
        energies(MainStage(NETWORK, accelerator=design, loma_lpf_limit=3, **files))[0] for design in designs
    ]


def test_below_the_workload_each_layer_has_all_values(tmp_path: Path) -> None:
    listed = [WorkloadParserStage, AcceleratorParserStage, WorkloadStage, GeneralParameterIteratorStage, *BELOW[1:]]
    results = MainStage(
        listed, general_parameter_iterations={"loma_lpf_limit": [3, 4]}, **small.written(tmp_path)
    ).run()
    assert [(layer.name, values["loma_lpf_limit"]) for _, (layer, (values, _)) in results] == [
        (name, limit) for name in ("stem", "wide", "again") for limit in (3, 4)
    ]


@pytest.mark.parametrize(
    ("iterations", "error", "said"),
    [
        ({"loma_lpf_limt": [3]}, PipelineError, "Did you mean 'loma_lpf_limit'"),
        ({}, InputError, "a mapping of names"),
        ({"loma_lpf_limit": 3}, InputError, r"a list of values. Write \[3\]"),
        ({"loma_lpf_limit": []}, InputError, "the list of values is empty"),
        ({("loma_lpf_limit", "seed"): [3]}, InputError, "a tuple of 2 values"),
        ({"seed": [1], ("seed", "loma_lpf_limit"): [(1, 2)]}, InputError, "'seed' is varied twice"),
    ],
)
def test_what_cannot_be_varied_is_refused(tmp_path: Path, iterations: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        MainStage(
            [GeneralParameterIteratorStage, *NETWORK],
            general_parameter_iterations=iterations,
            **small.written(tmp_path),
        ).run()


def test_the_product_varies_the_last_name_fastest() -> None:
    points = expanded("here", {"a": [1, 2], ("b", "c"): [(3, 4), (5, 6)]})
    assert points == [
        {"a": 1, "b": 3, "c": 4},
        {"a": 1, "b": 5, "c": 6},
        {"a": 2, "b": 3, "c": 4},
        {"a": 2, "b": 5, "c": 6},
    ]


SIZES = {
    "memories.sram.size": [2048, 8192],
    ("operational_array.sizes[0]", "operational_array.sizes[1]"): [(2, 2), (4, 4)],
}


def search(folder: Path, **keywords: Any) -> Any:
    keywords.setdefault("hardware_parameters", SIZES)
    keywords.setdefault("loma_lpf_limit", 3)
    return MainStage([HardwareSearchStage, *NETWORK], **{**small.written(folder), **keywords}).run()


@pytest.mark.parametrize(("objective", "value"), [("latency", "latency_total2"), ("energy", "energy_total")])
def test_the_best_design_wins(tmp_path: Path, objective: str, value: str) -> None:
    ((best, designs),) = search(tmp_path, hardware_objective=objective)
    assert len(designs) == 4
    assert getattr(best, value) == min(getattr(cme, value) for cme, _ in designs)
    for cme, (values, _) in designs:
        document = small.accelerator(sram_bits=values["memories.sram.size"])
        document["operational_array"]["sizes"] = [values[f"operational_array.sizes[{i}]"] for i in (0, 1)]
        files = {**small.written(tmp_path), "accelerator": document}
        assert [cme.energy_total] == energies(MainStage(NETWORK, loma_lpf_limit=3, **files))


def test_large_designs_are_passed_over(tmp_path: Path) -> None:
    document = small.accelerator()
    with pytest.raises(InputError, match="no area is given for rf_w, rf_o, sram"):
        search(tmp_path, accelerator=document, hardware_parameters={"memories.sram.size": [2048]}, max_area_mm2=9)
    for name in ("rf_w", "rf_o", "sram"):
        document["memories"][name]["area"] = 1
    areas = {"memories.sram.area": [1, 50], "memories.sram.size": [2048]}
    limit = known_area(read_accelerator(document), "test") + 1
    ((_, designs),) = search(tmp_path, accelerator=document, hardware_parameters=areas, max_area_mm2=limit)
    assert [values["memories.sram.area"] for _, (values, _) in designs] == [1]
    with pytest.raises(InputError, match=r"none of the 2 designs takes 0\.5 or less"):
        search(tmp_path, accelerator=document, hardware_parameters=areas, max_area_mm2=0.5)


def test_designs_on_which_nothing_fits_are_passed_over(tmp_path: Path) -> None:
    ((_, designs),) = search(tmp_path, hardware_parameters={"memories.dram.size": [64, 10**9]})
    assert [values["memories.dram.size"] for _, (values, _) in designs] == [10**9]
    with pytest.raises(InfeasibleError):
        search(tmp_path, hardware_parameters={"memories.dram.size": [64]})


def test_presets_and_new_keys(tmp_path: Path) -> None:
    parameters = {"memories.rf_128B.force_double_buffering": [False, True]}
    files = {**small.written(tmp_path), "accelerator": "tpu_like"}
    main = MainStage([HardwareOptimizerStage, *NETWORK], loma_lpf_limit=3, hardware_parameters=parameters, **files)
    assert len(main.run()[0][1]) == 2


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("memories.sran.size", "Did you mean 'sram'"),
        ("memories..size", "no part of a path"),
        ("operational_array.sizes[2]", "an index below 2"),
        ("name.size", "'size' leads into str"),
        ("memories.sram.sise", "Did you mean 'size'"),
    ],
)
def test_paths_that_lead_nowhere_are_refused(tmp_path: Path, path: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        search(tmp_path, hardware_parameters={path: [1]})


def test_a_search_needs_one_result_a_design_and_a_document(tmp_path: Path) -> None:
    files = small.written(tmp_path)
    without_sum = [HardwareSearchStage, WorkloadParserStage, AcceleratorParserStage, *BELOW]
    with pytest.raises(PipelineError, match="Put SumStage below"):
        MainStage(without_sum, loma_lpf_limit=3, hardware_parameters=SIZES, **files).run()
    files["accelerator"] = read_accelerator(files["accelerator"])
    with pytest.raises(PipelineError, match="above AcceleratorParserStage"):
        MainStage([HardwareSearchStage, *NETWORK], hardware_parameters=SIZES, **files).run()
    with pytest.raises(InputError, match="hardware_objective"):
        search(tmp_path, hardware_objective="area")


def test_costs_that_a_file_leaves_open_are_asked_for_each_design(tmp_path: Path) -> None:
    """A provider of the user's own: an access costs as many pJ as the memory has kilobytes."""

    class BySize:
        def costs(self, request: MemoryCostRequest) -> MemoryCosts:
            return MemoryCosts(request.size_bytes / 1024, request.size_bytes / 1024, 1.0, 1.0)

    design = small.accelerator()
    for key in ("r_cost", "w_cost", "area"):
        del design["memories"]["sram"][key]
    design["memories"]["sram"]["auto_cost_extraction"] = True
    main = MainStage(
        [HardwareSearchStage, WorkloadParserStage, AcceleratorParserStage, SumStage, *BELOW],
        hardware_parameters={"memories.sram.size": [8192, 16384]},
        memory_costs=BySize(),
        loma_lpf_limit=2,
        **{**small.written(tmp_path), "accelerator": design},
    )
    ((_, priced),) = main.run()
    costs = [layers[0][0].accelerator.memory_named("sram").read_cost_pj for _, (_, layers) in priced]
    assert costs == [1.0, 2.0]
