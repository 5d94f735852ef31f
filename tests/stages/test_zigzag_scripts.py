"""Scripts written for ZigZag run after changing their imports, and say the same."""

from __future__ import annotations

import json
import logging
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zigzag

from tests.oracle.golden import load_golden
from tests.stages.small import mapping, written
from tests.stages.zigzag_scripts import CUSTOM, OUR_IMPORTS, ZIGZAG_IMPORTS, execute
from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CompleteSaveStage,
    CostModelStage,
    LomaStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    ONNXModelParserStage,
    PickleSaveStage,
    SimpleSaveStage,
    SpatialMappingGeneratorStage,
    SumStage,
    VisualizationStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage

SHIPPED = Path(zigzag.__file__).parent / "inputs"
PICTURES = {"loop_ordering.txt", "mem_hierarchy.png"}
SINGLE = ("mem_utili_individual", "mem_utili_shared", "stall_slack_comb")
FIGURES = (
    "energy_total", "mac_energy", "mem_energy", "latency_total0", "latency_total1", "latency_total2", "ideal_cycle",
    "ideal_temporal_cycle", "mac_spatial_utilization", "mac_utilization0", "mac_utilization1", "mac_utilization2",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.INFO)
    yield
    logging.disable(logging.NOTSET)


def figures(cme: Any) -> dict[str, Any]:
    """The attributes that both tools offer, as plain data."""
    found = {name: getattr(cme, name) for name in FIGURES if hasattr(cme, name)}
    found |= {name: _plain(getattr(cme, name)) for name in SINGLE if hasattr(cme, name)}
    found["layer_ids"] = list(getattr(cme, "layer_ids", ())) or [cme.layer.id]
    found["mem_energy_breakdown"] = _plain(cme.mem_energy_breakdown)
    for name in ("mem_energy_breakdown_further", "memory_word_access"):
        found[name] = {str(op): [_four(x) for x in levels] for op, levels in getattr(cme, name).items()}
    return found


def _plain(value: Any) -> Any:
    return {str(op): list(levels) for op, levels in value.items()} if isinstance(value, dict) else value


def _four(four_way: Any) -> dict[str, float]:
    if hasattr(four_way, "as_reference"):
        return dict(four_way.as_reference())
    return {way.value: number for way, number in four_way.data.items()}


def shape(extra: Any) -> Any:
    """The nesting of extra information, with names for what is in it."""
    if isinstance(extra, (list, tuple)):
        return [shape(part) for part in extra]
    names = {"LayerNode": "Layer"}
    return extra if isinstance(extra, (int, str, type(None))) else names.get(type(extra).__name__, type(extra).__name__)


@pytest.mark.parametrize("name", CUSTOM)
def test_a_custom_stage_runs_after_changing_its_imports(name: str, tmp_path: Path) -> None:
    """One spatial mapping only where every mapping is looked at: we try more that rank the same (see DEPARTURES)."""
    fixed = {"spatial_mapping": {"D1": ["K, 4"], "D2": ["C, 4"]}} if name in ("between", "subclasses") else {}
    inputs = written(tmp_path, mapping=mapping(**fixed))
    theirs = execute(ZIGZAG_IMPORTS, CUSTOM[name], dump_folder=str(tmp_path / "theirs"), **inputs)
    ours = execute(OUR_IMPORTS, CUSTOM[name], dump_folder=str(tmp_path / "ours"), **inputs)
    assert len(ours["cmes"]) == len(theirs["cmes"]) == (3 if name == "generator" else 1)
    for (total, parts), (their_total, their_parts) in zip(ours["cmes"], theirs["cmes"], strict=True):
        _assert_equal(figures(total), figures(their_total))
        assert shape(parts) == shape(their_parts)
        for (cme, _), (their_cme, _) in zip(*map(_pairs, (parts, their_parts)), strict=True):
            _assert_equal(figures(cme), figures(their_cme))
    assert ours.get("seen") == theirs.get("seen")


def _pairs(extra: Any) -> list[tuple[Any, Any]]:
    """The results below a sum; the generator puts a number in front."""
    return extra[1] if isinstance(extra, tuple) else extra


def _assert_equal(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    for name, value in theirs.items():
        assert ours[name] == (pytest.approx(value, rel=1e-9) if isinstance(value, float) else value), name


def test_the_files_are_zigzags(tmp_path: Path) -> None:
    """Same names, same outputs, same description of layer and mapping; ours say more about the accelerator."""
    inputs, script = written(tmp_path), CUSTOM["arithmetic"]
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    execute(ZIGZAG_IMPORTS, script, dump_folder=str(theirs), **inputs)
    execute(OUR_IMPORTS, script, dump_folder=str(ours), **inputs)
    assert {p.name for p in theirs.iterdir()} - PICTURES == {p.name for p in ours.iterdir()} - PICTURES
    for name in ("stem", "wide", "again"):
        our = json.loads((ours / f"{name}_complete.json").read_text())
        their = json.loads((theirs / f"{name}_complete.json").read_text())
        assert our["outputs"] == their["outputs"]
        assert our["inputs"].keys() == their["inputs"].keys()
        for key in ("spatial_mapping", "temporal_mapping"):
            assert our["inputs"][key] == their["inputs"][key]
        same = set(their["inputs"]["layer"]) - {"equation", "equation_relations"}
        assert {k: our["inputs"]["layer"][k] for k in same} == {k: their["inputs"]["layer"][k] for k in same}
    assert (ours / "overall_simple.json").read_text() == (theirs / "overall_simple.json").read_text()


def _documented(workload: str, accelerator: str, mapping_file: str, opt_stage: Any, folder: Path) -> MainStage:
    """The list of ZigZag's page on stages, keyword by keyword."""
    return MainStage(
        [
            ONNXModelParserStage,
            AcceleratorParserStage,
            SimpleSaveStage,
            PickleSaveStage,
            SumStage,
            WorkloadStage,
            VisualizationStage,
            CompleteSaveStage,
            opt_stage,
            SpatialMappingGeneratorStage,
            opt_stage,
            LomaStage,
            CostModelStage,
        ],
        accelerator=accelerator,
        workload=workload,
        mapping=mapping_file,
        dump_folder=str(folder),
        pickle_filename=str(folder / "cmes.pickle"),
        loma_lpf_limit=6,
        loma_show_progress_bar=True,
        nb_mappings_generated=3,
        enable_mix_spatial_mapping_generation=False,
        access_same_data_considered_as_no_access=True,
    )


def _shipped(name: str) -> tuple[str, str, str]:
    return tuple(str(SHIPPED / part) for part in ("workload/resnet18.onnx", f"hardware/{name}", f"mapping/{name}"))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("inputs", "golden", "opt_stage"),
    [
        (_shipped("tpu_like.yaml"), "latency-tpu_like-resnet18.onnx", MinimalLatencyStage),
        (_shipped("tpu_like.yaml"), "energy-tpu_like-resnet18.onnx", MinimalEnergyStage),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_the_documented_list_gives_zigzags_result(
    inputs: tuple[str, str, str], golden: str, opt_stage: Any, tmp_path: Path
) -> None:
    [(total, per_layer)] = _documented(*inputs, opt_stage, tmp_path / "dump").run()
    expected = load_golden(golden)
    assert total.energy_total == pytest.approx(expected["energy_pj"], rel=1e-9)
    assert total.latency_total2 == expected["latency_cycles"]
    for (cme, _), layer in zip(per_layer, expected["layers"], strict=True):
        assert cme.layer.name == layer["name"]
        assert cme.latency_total2 == layer["latency_cycles"]
        assert cme.energy_total == pytest.approx(layer["energy_pj"], rel=1e-9)
    _assert_files(tmp_path / "dump", total, expected)


def _assert_files(folder: Path, total: Any, expected: dict[str, Any]) -> None:
    assert json.loads((folder / "overall_simple.json").read_text()) == {
        "energy": total.energy_total, "latency": total.latency_total2,
    }  # fmt: skip
    names = {layer["name"].replace("/", "_") for layer in expected["layers"]}
    files = {path.name for path in folder.iterdir()} - PICTURES
    assert files == {f"{name}_complete.json" for name in names} | {"overall_simple.json", "cmes.pickle"}
    cmes = pickle.loads((folder / "cmes.pickle").read_bytes())
    assert all(isinstance(cme, CostModelEvaluation) for cme in cmes)
    assert sum(cme.latency_total2 for cme in cmes) == total.latency_total2
    assert sum(cme.energy_total for cme in cmes) == pytest.approx(total.energy_total, rel=1e-12)


def test_the_documented_list_takes_presets(tmp_path: Path) -> None:
    [(total, _)] = _documented("resnet18", "tpu_like", "tpu_like", MinimalLatencyStage, tmp_path / "dump").run()
    expected = load_golden("latency-tpu_like-resnet18.onnx")
    assert total.energy_total == pytest.approx(expected["energy_pj"], rel=1e-9)
    assert total.latency_total2 == expected["latency_cycles"]
