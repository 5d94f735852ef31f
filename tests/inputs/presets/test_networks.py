"""The networks are the published ones: layer by layer the reference's where it has them, by size elsewhere."""

import logging
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import pytest
import zigzag
from zigzag.parser.onnx.onnx_model_parser import ONNXModelParser
from zigzag.workload.layer_node import LayerNode

from zigzag_lab.inputs.presets import preset_path

INPUTS = Path(zigzag.__file__).parent / "inputs"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def layers(path: Path) -> list[LayerNode]:
    workload = ONNXModelParser(str(path), str(preset_path("mapping", "tpu_like"))).run()
    return [node for node in workload.node_list if isinstance(node, LayerNode)]


def meaning(layer: LayerNode) -> dict[str, Any]:
    """What decides a layer's cost, as the oracle read it."""
    return {
        "type": layer.type,
        "equation": str(layer.equation.data),
        "sizes": [(str(d), n) for d, n in layer.layer_dim_sizes.data.items()],
        "sliding": {str(d): n for d, n in layer.pr_layer_dim_sizes.data.items()} if layer.pr_layer_dim_sizes else {},
        "relations": [str(relation) for relation in layer.dimension_relations],
        "precision": str(layer.operand_precision.data),
        "constant": [str(op) for op in layer.constant_operands],
    }


@pytest.mark.parametrize("name", ["alexnet", "mobilenetv2", "resnet18"])
def test_layers_equal_the_references(name: str) -> None:
    ours = layers(preset_path("workload", name))
    theirs = layers(INPUTS / "workload" / f"{name}.onnx")
    assert [meaning(layer) for layer in ours] == [meaning(layer) for layer in theirs]


@pytest.mark.parametrize("name", ["mobilenetv2", "resnet18"])
def test_layers_are_named_as_the_references(name: str) -> None:
    theirs = layers(INPUTS / "workload" / f"{name}.onnx")
    assert [layer.name for layer in layers(preset_path("workload", name))] == [layer.name for layer in theirs]


def test_resnet18_has_the_references_numbers_and_sources() -> None:
    ours = layers(preset_path("workload", "resnet18"))
    theirs = layers(INPUTS / "workload" / "resnet18.onnx")
    for our, their in zip(ours, theirs, strict=True):
        assert our.id == their.id
        assert str(our.input_operand_source) == str(their.input_operand_source)


@pytest.mark.parametrize(
    ("name", "n_layers", "n_macs"),
    [
        ("alexnet", 8, 654_560_384),
        ("bert_base_encoder", 12 * 8, 12 * (128 * 768 * 768 * 12 + 2 * 128 * 128 * 768)),
        ("mobilenetv2", 53, 300_774_272),
        ("resnet18", 21, 1_814_073_344),
        ("resnet50", 54, 4_089_184_256),
        ("yolo_tiny", 13, 2_782_480_896),
    ],
)
def test_the_work_is_that_of_the_published_network(name: str, n_layers: int, n_macs: int) -> None:
    found = layers(preset_path("workload", name))
    assert len(found) == n_layers
    assert sum(prod(layer.layer_dim_sizes.data.values()) for layer in found) == n_macs


def test_resnet50_halves_the_image_in_the_3_by_3_convolution() -> None:
    sizes = {layer.name: dict(meaning(layer)["sizes"]) for layer in layers(preset_path("workload", "resnet50"))}
    assert sizes["/layer2/layer2.0/conv1/Conv"]["OX"] == 56
    assert sizes["/layer2/layer2.0/conv2/Conv"]["OX"] == 28


def test_bert_multiplies_two_variable_tensors_in_its_attention() -> None:
    found = {layer.name: layer for layer in layers(preset_path("workload", "bert_base_encoder"))}
    for product, (inner, columns) in {"scores": (64, 128), "context": (128, 64)}.items():
        layer = found[f"/layer.3/attention/{product}/MatMul"]
        assert layer.constant_operands == []
        sizes = {str(d): n for d, n in layer.layer_dim_sizes.data.items()}
        assert sizes == {"C": inner, "D": 128, "K": columns, "B": 1, "H": 12}


def test_the_fine_head_of_yolo_sees_both_resolutions() -> None:
    sizes = {layer.name: dict(meaning(layer)["sizes"]) for layer in layers(preset_path("workload", "yolo_tiny"))}
    assert (sizes["/fine/conv/Conv"]["C"], sizes["/fine/conv/Conv"]["OX"]) == (128 + 256, 26)
    assert (sizes["/coarse/detect/Conv"]["K"], sizes["/coarse/detect/Conv"]["OX"]) == (255, 13)
