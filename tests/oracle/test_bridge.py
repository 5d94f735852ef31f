"""The bridge reproduces what zigzag-dse printed, from our records alone."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import zigzag
from zigzag.parser.onnx.onnx_model_parser import ONNXModelParser
from zigzag.stages.parser.accelerator_parser import AcceleratorParserStage
from zigzag.workload.layer_node import LayerNode

from tests.oracle.bridge import (
    reference_allocate,
    reference_factors,
    reference_orderings,
    reference_price,
    reference_run,
    reference_spatial_at,
    reference_spatial_candidates,
)
from tests.oracle.convert import (
    constraints_of,
    from_zigzag_accelerator,
    from_zigzag_layer,
    to_zigzag_accelerator,
    to_zigzag_layer,
)
from tests.oracle.golden import golden_names, load_golden, parse_loops
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.workload import Layer

SHIPPED = Path(zigzag.__file__).parent / "inputs"
N_LAYERS = 21

PLAIN_RUNS = [
    name
    for name in golden_names()
    for run in [load_golden(name)]
    if run["workload"] == "resnet18.onnx" and not run["options"].keys() & {"in_memory_compute", "exploit_data_locality"}
    if "enable_mix_spatial_mapping" not in run["options"]
]
"""Golden runs whose accelerator is as its file says: data locality removes memories, layer by layer."""

NOT_TERMS = {"name", "spatial_mapping_int", "temporal_mapping", "temporal", "spatial_int"}


@cache
def accelerator_of(file: str) -> Accelerator:
    return from_zigzag_accelerator(AcceleratorParserStage.parse_accelerator(str(SHIPPED / "hardware" / file)))


@cache
def resnet18(mapping_file: str = "tpu_like.yaml") -> list[tuple[Layer, MappingConstraints]]:
    parser = ONNXModelParser(str(SHIPPED / "workload/resnet18.onnx"), str(SHIPPED / "mapping" / mapping_file))
    nodes = [node for node in parser.run().topological_sort() if isinstance(node, LayerNode)]
    return [(from_zigzag_layer(node), constraints_of(node)) for node in nodes]


def tpu_like() -> Accelerator:
    return accelerator_of("tpu_like.yaml")


@cache
def golden_layers() -> list[dict[str, Any]]:
    layers: list[dict[str, Any]] = load_golden("latency-tpu_like-resnet18.onnx")["layers"]
    return layers


def test_all_layers_are_there() -> None:
    assert [layer.name for layer, _ in resnet18()] == [expected["name"] for expected in golden_layers()]
    assert len(resnet18()) == N_LAYERS
    assert len(PLAIN_RUNS) == 10


@pytest.mark.parametrize("name", PLAIN_RUNS)
def test_a_golden_mapping_has_its_golden_price(name: str) -> None:
    run = load_golden(name)
    accelerator = accelerator_of(run["accelerator"])
    for (layer, constraints), expected in zip(resnet18(run["mapping"]), run["layers"], strict=True):
        spatial = reference_spatial_at(layer, accelerator, constraints, expected["spatial_int"])
        terms = reference_price(layer, accelerator, constraints, spatial, expected["temporal"])
        assert terms["temporal_mapping"] == expected["temporal"]
        assert listed_terms(terms) == {key: expected[key] for key in expected if key not in NOT_TERMS}, layer.name


def listed_terms(terms: dict[str, Any]) -> dict[str, Any]:
    """The terms that a golden file lists, under its names."""
    return {
        "energy_pj": terms["energy_total"],
        "mac_energy_pj": terms["mac_energy"],
        "mem_energy_pj": terms["mem_energy"],
        "compute_cycles": terms["latency_total0"],
        "compute_onload_cycles": terms["latency_total1"],
        "latency_cycles": terms["latency_total2"],
        "onload_cycles": terms["data_onloading_cycle"],
        "offload_cycles": terms["data_offloading_cycle"],
        "ideal_cycles": terms["ideal_cycle"],
        "temporal_cycles": terms["ideal_temporal_cycle"],
        "mem_energy_pj_by_operand_and_level": terms["mem_energy_breakdown"],
    }


def test_answers_are_plain_data() -> None:
    (layer, constraints), expected = resnet18()[0], golden_layers()[0]
    spatial = reference_spatial_at(layer, tpu_like(), constraints, expected["spatial_int"])
    terms = reference_price(layer, tpu_like(), constraints, spatial, expected["temporal"])
    assert json.loads(json.dumps(terms))["energy_total"] == expected["energy_pj"]


def test_what_the_reference_raises_is_an_answer() -> None:
    (layer, constraints), expected = resnet18()[0], golden_layers()[0]
    spatial = reference_spatial_at(layer, tpu_like(), constraints, expected["spatial_int"])
    uneven_products = expected["temporal"] | {"W": [[("K", 2)], []]}
    answer = reference_price(layer, tpu_like(), constraints, spatial, uneven_products)
    assert answer["error"] == "AssertionError"
    assert "total cycle count" in answer["message"]


def test_an_unknown_spatial_mapping_is_not_found() -> None:
    layer, constraints = resnet18()[0]
    with pytest.raises(LookupError, match="no spatial candidate"):
        reference_spatial_at(layer, tpu_like(), constraints, {"O": [], "W": [], "I": []})


def test_orderings_that_do_not_fit_are_none() -> None:
    layer, constraints = resnet18()[-1]
    tiny = replace(tpu_like(), memories=tuple(replace(memory, size_bits=8) for memory in tpu_like().memories))
    spatial = reference_spatial_candidates(layer, tpu_like(), constraints, 1)[0]
    ordering = reference_factors(layer, tiny, spatial, 6)
    assert reference_allocate(layer, tpu_like(), constraints, spatial, ordering) is not None
    assert reference_allocate(layer, tpu_like(), constraints, spatial, ordering, even=True) is not None
    assert reference_allocate(layer, tiny, constraints, spatial, ordering) is None
    assert reference_run(layer, tiny, constraints, "energy", lpf_limit=3) is None


def test_a_small_search_through_the_bridge_equals_the_golden_layer() -> None:
    layer, constraints = resnet18()[-1]
    best = reference_run(layer, tpu_like(), constraints, "latency")
    assert best is not None
    assert best["latency_total2"] == golden_layers()[-1]["latency_cycles"]
    assert best["energy_total"] == golden_layers()[-1]["energy_pj"]


def test_orderings_that_are_allocated_contain_the_golden_mapping() -> None:
    (layer, constraints), expected = resnet18()[-1], golden_layers()[-1]
    (spatial,) = reference_spatial_candidates(layer, tpu_like(), constraints, 3)
    prices = []
    for ordering in reference_orderings(layer, tpu_like(), spatial, 6, constraints):
        levels = reference_allocate(layer, tpu_like(), constraints, spatial, ordering)
        if levels is not None:
            prices.append(reference_price(layer, tpu_like(), constraints, spatial, levels))
    best = min(prices, key=lambda terms: (terms["latency_total2"], terms["energy_total"]))
    assert best["temporal_mapping"] == expected["temporal"]


def test_layers_survive_the_way_there_and_back() -> None:
    for layer, constraints in resnet18():
        node = to_zigzag_layer(layer, constraints)
        assert from_zigzag_layer(node) == layer
        assert from_zigzag_layer(node).meaning() == layer.meaning()
        assert constraints_of(node) == constraints
        assert {op: node.operand_size_elem[o] for op, o in zip(layer.operands, node.layer_operands, strict=True)} == {
            op: layer.tensor_elems(op) for op in layer.operands
        }


@pytest.mark.parametrize("name", ["tpu_like", "ascend_like", "edge_tpu_like", "meta_prototype", "tesla_npu_like"])
def test_accelerators_survive_the_way_there_and_back(name: str) -> None:
    original = AcceleratorParserStage.parse_accelerator(str(SHIPPED / f"hardware/{name}.yaml"))
    record = from_zigzag_accelerator(original)
    again = to_zigzag_accelerator(record)
    assert from_zigzag_accelerator(again) == record
    assert again.has_same_performance(original)


def test_every_golden_run_loads() -> None:
    assert len(golden_names()) == 17
    for name in golden_names():
        for layer in load_golden(name)["layers"]:
            assert set(layer["temporal"]) == set(layer["spatial_int"])


def test_a_text_that_is_no_mapping_is_refused() -> None:
    for text in ("{O: [[(K, 32)]", "[1, 2]", "__import__('os')"):
        with pytest.raises(ValueError, match=r"printed mapping|malformed"):
            parse_loops(text)
