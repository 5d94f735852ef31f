"""The presets price like the reference's files: the oracle reads both, and everything that decides a cost is equal."""

import re
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pytest
import yaml
import zigzag
from zigzag.hardware.architecture.imc_array import ImcArray
from zigzag.stages.parser.accelerator_parser import AcceleratorParserStage
from zigzag.stages.parser.workload_parser import WorkloadParserStage

from zigzag_lab.hardware import area_of
from zigzag_lab.inputs import read_accelerator
from zigzag_lab.inputs.presets import preset_names, preset_path

INPUTS = Path(zigzag.__file__).parent / "inputs"
REFERENCE_MAPPINGS = {name: name for name in preset_names("mapping") if name != "eyeriss_like"}
REFERENCE_MAPPINGS["meta_prototype"] = "meta_prototype_like"
IN_MEMORY = ("aimc", "dimc")
REFERENCE_MAPPINGS |= dict.fromkeys(IN_MEMORY, "default_imc")
NOT_WANTED = {"example_name_of_layer0"}
ADDED = {"gemm_l1": {"MatMul"}}


KEYS_OF_OURS = ("clock", "technology")


def parsed(path: Path) -> Any:
    """An accelerator as the oracle reads it, without keys that it does not know."""
    data = yaml.safe_load(path.read_text("utf-8"))
    with NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump({key: data[key] for key in data if key not in KEYS_OF_OURS}, file, sort_keys=False)
        file.flush()
        return AcceleratorParserStage.parse_accelerator(file.name)


def what_prices(path: Path) -> dict[str, Any]:
    """Everything of an accelerator that decides a cost, as the oracle sees it, without names."""
    accelerator = parsed(path)
    array = accelerator.operational_array
    hierarchy = accelerator.memory_hierarchy
    order = {level: i for i, level in enumerate(hierarchy.mem_level_list)}
    return {
        "array": [(str(d), n) for d, n in array.dimension_sizes.items()],
        "unit": unit(array),
        "systolic": sorted(map(str, array.systolic_dimensions)),
        "topological": [order[level] for level in hierarchy.topological_sort()],
        "edges": sorted((order[a], order[b]) for a, b in hierarchy.edges()),
        "memories": [memory(level) for level in hierarchy.mem_level_list],
    }


def unit(array: Any) -> Any:
    """What one operation costs: that of a plain unit, or what decides it in the circuits of an in-memory array."""
    if not isinstance(array, ImcArray):
        return array.unit.energy_cost  # the areas there have no source, so the presets have none
    names = ("is_aimc", "activation_precision", "weight_precision", "bit_serial_precision", "adc_resolution")
    return [getattr(array, name) for name in names], array.cells_size, array.area_breakdown, array.tclk_breakdown


def memory(level: Any) -> dict[str, Any]:
    instance = level.memory_instance
    return {
        "size": instance.size,
        "costs": (instance.r_cost, instance.w_cost, instance.latency),
        "double_buffered": instance.force_double_buffering,
        "operands": [str(op) for op in level.operands],
        "served": sorted(map(str, level.served_dimensions)),
        "units": level.unroll_count,
        "ports": [
            (port.type, port.bw_min, port.bw_max, [(str(op), lv, d) for op, lv, d in port.served_op_lv_dir])
            for port in level.ports
        ],
    }


@pytest.mark.parametrize("name", preset_names("accelerator"))
def test_an_accelerator_prices_like_the_references(name: str) -> None:
    ours = what_prices(preset_path("accelerator", name))
    theirs = what_prices(INPUTS / "hardware" / f"{name}.yaml")
    assert ours == theirs


@pytest.mark.parametrize("name", sorted(REFERENCE_MAPPINGS))
def test_a_mapping_says_what_the_references_says(name: str) -> None:
    ours = {e["name"]: e for e in WorkloadParserStage.parse_mapping_data(str(preset_path("mapping", name)))}
    file = INPUTS / "mapping" / f"{REFERENCE_MAPPINGS[name]}.yaml"
    theirs = {e["name"]: e for e in WorkloadParserStage.parse_mapping_data(str(file)) if e["name"] not in NOT_WANTED}
    assert ours.keys() - theirs.keys() == ADDED.get(name, set())
    assert {key: ours[key] for key in theirs} == theirs


@pytest.mark.parametrize("name", preset_names("mapping"))
def test_a_mapping_fits_the_accelerator_of_its_name(name: str) -> None:
    entries = WorkloadParserStage.parse_mapping_data(str(preset_path("mapping", name)))
    accelerator = parsed(preset_path("accelerator", name))
    sizes = {str(d): n for d, n in accelerator.operational_array.dimension_sizes.items()}
    for entry in entries:
        unrolled = entry.get("spatial_mapping") or {}
        assert unrolled.keys() <= sizes.keys()
        assert (entry.get("spatial_mapping_hint") or {}).keys() <= sizes.keys()
        for dimension, loops in unrolled.items():
            (loop,) = loops
            assert int(loop.split(", ")[1]) <= sizes[dimension]


@pytest.mark.parametrize("name", preset_names("accelerator"))
def test_what_has_no_source_is_not_known(name: str) -> None:
    made = read_accelerator(preset_path("accelerator", name))
    assert area_of(made).total_mm2 is None
    assert (made.static_mw, made.technology) == (0.0, "")
    text = preset_path("accelerator", name).read_text("utf-8")
    assert bool(made.given_clock_ns) == bool(re.search(r"^clock: .* # .*20\d\d$", text, re.MULTILINE))


def test_accelerators_and_mappings_share_their_names() -> None:
    assert preset_names("accelerator") == preset_names("mapping")
