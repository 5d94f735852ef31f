"""A small network on an in-memory array, through the stages: what is priced, and what the JSON files say of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.bridge import reference_run
from zigzag_lab.cost import CostModelEvaluation, CostModelEvaluationABC
from zigzag_lab.inputs import read_accelerator, read_mapping, read_workload
from zigzag_lab.inputs.presets import preset_path
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CompleteSaveStage,
    CostModelStage,
    MinimalLatencyStage,
    SimpleSaveStage,
    SpatialMappingGeneratorStage,
    SumStage,
    TemporalMappingGeneratorStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage

LAYERS: list[dict[str, Any]] = [
    {
        "id": 0,
        "name": "gemm",
        "operator_type": "Gemm",
        "equation": "O[d][k]+=I[d][c]*W[c][k]",
        "dimension_relations": [],
        "loop_dims": ["D", "C", "K"],
        "loop_sizes": [6, 32, 48],
        "operand_precision": {"W": 8, "I": 8, "O": 16, "O_final": 8},
        "operand_source": {"I": 0, "W": 0},
    },
    {
        "id": 1,
        "name": "sum",
        "operator_type": "Add",
        "equation": "O[d][k]=I[d][k]+W[d][k]",
        "dimension_relations": [],
        "loop_dims": ["D", "K"],
        "loop_sizes": [6, 48],
        "operand_precision": {"W": 8, "I": 8, "O": 16, "O_final": 8},
        "operand_source": {"I": 0, "W": 0},
    },
]
STAGES = (
    WorkloadParserStage,
    AcceleratorParserStage,
    SimpleSaveStage,
    SumStage,
    WorkloadStage,
    CompleteSaveStage,
    SimpleSaveStage,
    MinimalLatencyStage,
    SpatialMappingGeneratorStage,
    MinimalLatencyStage,
    TemporalMappingGeneratorStage,
    CostModelStage,
)


def run(name: str, folder: Path) -> tuple[CostModelEvaluationABC, list[CostModelEvaluation]]:
    sources = {"accelerator": preset_path("accelerator", name), "mapping": preset_path("mapping", name)}
    ((total, layers),) = MainStage(STAGES, workload=LAYERS, dump_folder=folder, loma_lpf_limit=5, **sources).run()
    return total, [cme for cme, _ in layers]


@pytest.mark.parametrize("name", ["aimc", "dimc"])
def test_pooling_and_additions_are_left_out_and_the_rest_is_priced_as_in_zigzag(name: str, tmp_path: Path) -> None:
    total, (cme,) = run(name, tmp_path)
    layer = read_workload(LAYERS).layers[0]
    constraints = read_mapping(preset_path("mapping", name)).for_layer(layer)
    accelerator = read_accelerator(preset_path("accelerator", name))
    theirs = reference_run(layer, accelerator, constraints, "latency", lpf_limit=5)
    assert theirs is not None
    assert cme.layer.name == "gemm"
    assert cme.latency_total2 == total.latency_total2 == theirs["latency_total2"]
    assert cme.energy_total == pytest.approx(theirs["energy_total"], rel=1e-9)
    assert cme.mac_energy_breakdown == pytest.approx(theirs["mac_energy_breakdown"], rel=1e-9)
    assert (total.clock_ns, total.area_mm2) == (cme.tclk, cme.area_total)


def test_json_files_have_zigzags_keys_and_our_figures(tmp_path: Path) -> None:
    _, (cme,) = run("aimc", tmp_path)
    simple = json.loads((tmp_path / "gemm_simple.json").read_text())
    assert simple == {
        "energy": cme.energy_total,
        "latency": cme.latency_total2,
        "tclk (ns)": cme.tclk,
        "area": cme.area_total,
    }
    assert set(json.loads((tmp_path / "overall_simple.json").read_text())) == {"energy", "latency"}
    outputs = json.loads((tmp_path / "gemm_complete.json").read_text())["outputs"]
    assert list(outputs) == ["memory", "energy", "latency", "spatial", "clock", "area (mm^2)"]
    assert outputs["energy"]["operational_energy_breakdown"] == cme.mac_energy_breakdown
    assert sum(cme.mac_energy_breakdown.values()) == outputs["energy"]["operational_energy"]
    breakdown = outputs["latency"]["computation_breakdown"]
    assert set(breakdown) == {"mac_computation", "memory_stalling"}
    assert sum(breakdown.values()) == outputs["latency"]["computation"]
    assert outputs["clock"] == {"tclk (ns)": cme.tclk, "tclk_breakdown (ns)": cme.tclk_breakdown}
    area = outputs["area (mm^2)"]
    assert area["total_area"] == cme.area_total
    assert area["total_area_breakdown:"] == {"imc_area": cme.imc_area, "mem_area": cme.mem_area}
    assert area["total_area_breakdown_further"]["imc_area_breakdown"] == cme.imc_area_breakdown
    assert list(area["total_area_breakdown_further"]["mem_area_breakdown"]) == [
        m.name for m in cme.accelerator.memories
    ]


def test_the_accelerator_in_the_file_says_how_it_computes(tmp_path: Path) -> None:
    run("dimc", tmp_path)
    array = json.loads((tmp_path / "gemm_complete.json").read_text())["inputs"]["accelerator"]["operational_array"]
    assert (array["is_imc"], array["imc_type"], array["input_precision"]) == (True, "digital", [8, 8])
    assert (array["bit_serial_precision"], array["adc_resolution"]) == (1, 0)


def test_an_array_of_plain_units_has_none_of_it(tmp_path: Path) -> None:
    _, layers = run("tpu_like", tmp_path)
    assert [cme.layer.name for cme in layers] == ["gemm", "sum"]
    assert set(json.loads((tmp_path / "gemm_simple.json").read_text())) == {"energy", "latency"}
    outputs = json.loads((tmp_path / "gemm_complete.json").read_text())["outputs"]
    assert list(outputs) == ["memory", "energy", "latency", "spatial"]
    assert "computation_breakdown" not in outputs["latency"]
