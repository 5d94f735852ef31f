"""Operators beside ONNX's own: each is priced, counted, or named with the reason why not."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import pytest
from onnx import ModelProto, helper

from tests.inputs import onnx_samples as made
from tests.inputs.contributed import (
    ML,
    MS,
    NCHWC,
    NO_PRODUCTS,
    OPERATORS,
    OTHERS,
    PRODUCTS,
    U8,
    S,
    one_node,
)
from tests.inputs.onnx_samples import node
from zigzag_lab.inputs import read_onnx
from zigzag_lab.inputs.onnx.file import OnnxModel, inference_of
from zigzag_lab.inputs.onnx.model import expanded
from zigzag_lab.inputs.onnx.registry import LEFT_OUT, PRODUCT_RULES, RULES, TRANSFORM_RULES
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import operations_left_out

DOCUMENT = Path(__file__).parents[2] / "docs" / "onnx.md"


def listed() -> list[tuple[str, str]]:
    return [(domain, name) for domain, names in OPERATORS.items() for name in names.split()]


def shapes_of(model: ModelProto) -> list[tuple[int, ...] | None]:
    known = inference_of(expanded(OnnxModel("one", model, {}))[0])
    return [known.shape(value.name) for value in model.graph.output]


def test_each_operator_is_decided_on_once() -> None:
    unlisted = set(NO_PRODUCTS.split())
    decided = {(d, n): [f"{d}::{n}" in {**RULES, **TRANSFORM_RULES}, n in LEFT_OUT, n in unlisted] for d, n in listed()}
    assert {operator: groups for operator, groups in decided.items() if sum(groups) != 1} == {}
    of_runtime = {f"{d}::{n}" for d, n in listed()}
    assert {name for name in RULES if "::" in name} <= of_runtime
    assert LEFT_OUT.keys() <= {n for _, n in listed()}


def test_the_document_lists_what_is_priced_and_what_is_left_out() -> None:
    text = DOCUMENT.read_text("utf-8")
    missing = [name for name in PRODUCT_RULES if f"`{name.partition('::')[2] or name}`" not in text]
    missing += [name for name, why in LEFT_OUT.items() if f"`{name}`" not in text or why not in text]
    assert missing == []


@pytest.mark.parametrize(
    ("kind", "inputs", "attributes", "shapes", "macs"), PRODUCTS, ids=lambda p: p if isinstance(p, str) else ""
)
def test_products_are_priced_and_shapes_go_on_behind_them(
    kind: str, inputs: list[Any], attributes: dict[str, Any], shapes: list[tuple[int, ...]], macs: list[int]
) -> None:
    model = one_node(kind, inputs, len(shapes), **attributes)
    assert shapes_of(model) == shapes
    assert [layer.n_macs for layer in read_onnx(model).layers] == macs


def test_weights_of_four_bits_have_four_bits() -> None:
    (layer,) = read_onnx(one_node("MatMulNBits", [[S, 64], (U8, [24, 2, 16]), [48]], K=64, N=24, bits=4)).layers
    assert (layer.operator_type, layer.precision_bits["W"], layer.precision_bits["I"]) == ("MatMulNBits", 4, 8)
    assert layer.constant_operands[0] == "W"


@pytest.mark.parametrize(("domain", "kind", "inputs", "attributes", "shapes", "count"), OTHERS)
def test_shapes_go_on_behind_operators_that_are_free(
    domain: str, kind: str, inputs: list[Any], attributes: dict[str, Any], shapes: list[Any], count: int
) -> None:
    model = one_node(kind, inputs, len(shapes), domain, **attributes)
    found = shapes_of(model)
    assert [shape for shape, wanted in zip(found, shapes, strict=True) if wanted] == [s for s in shapes if s]
    last = found.index(found[0])
    model.graph.node.append(node("MatMul", f"o{last} w", "y", "product"))
    model.graph.initializer.append(made.weight("w", [(found[last] or ())[-1], 6]))
    network = read_onnx(model)
    assert [layer.n_macs for layer in network.layers] == [prod(found[last] or ()) * 6]
    left = operations_left_out(network)
    assert (left.n_operations_left_out, sum(entry.n_uncounted for entry in left.left_out)) == (count, 0)


@pytest.mark.parametrize(
    ("kind", "n_weights", "shapes", "macs", "attributes"),
    [
        ("LinearRegressor", 12, [(S, 3)], S * 12, {"targets": 3}),
        ("LinearClassifier", 12, [(S,), (S, 3)], S * 12, {"classlabels_ints": [0, 1, 2]}),
        ("LinearClassifier", 4, [(S,), (S, 2)], S * 4, {"classlabels_ints": [0, 1]}),
    ],
)
def test_linear_models_are_products(
    kind: str, n_weights: int, shapes: list[tuple[int, ...]], macs: int, attributes: dict[str, Any]
) -> None:
    model = one_node(kind, [[S, 4]], len(shapes), ML, coefficients=[1.0] * n_weights, **attributes)
    assert shapes_of(model) == shapes
    assert [(layer.operator_type, layer.n_macs) for layer in read_onnx(model).layers] == [(kind, macs)]


def test_blocks_of_channels_are_followed_to_their_end() -> None:
    """As ONNX Runtime's optimiser writes them: channels are filled up to blocks of eight."""
    nodes = [
        node("ReorderInput", "x", "a", domain=NCHWC),
        node("Conv", "a w", "b", "conv", domain=NCHWC, kernel_shape=[3, 3], pads=[1] * 4),
        node("MaxPool", "b", "c", domain=NCHWC, kernel_shape=[2, 2], strides=[2, 2]),
        node("ReorderOutput", "c", "d", domain=NCHWC, channels=12),
        node("GlobalAveragePool", "d", "e"),
        node("Conv", "e v", "y", "head"),
    ]
    network = read_onnx(made.model(nodes, {"x": [1, 12, 8, 8]}, {"w": [16, 16, 3, 3], "v": [5, 12, 1, 1]}))
    assert [(layer.name, layer.n_macs) for layer in network.layers] == [("conv", 64 * 16 * 16 * 9), ("head", 60)]


@pytest.mark.parametrize("name", sorted(LEFT_OUT))
def test_what_is_left_out_is_named_with_the_reason(name: str) -> None:
    model = one_node(name, [[2, 3]], domain=ML if name.startswith(("Tree", "SVM")) else MS)
    with pytest.raises(InputError, match="no node costs anything") as caught:
        read_onnx(model)
    assert f"{name} is not priced: {LEFT_OUT[name]}" in str(caught.value)
    model.graph.node.append(node("MatMul", "i0 w", "y"))
    model.graph.initializer.append(made.weight("w", [3, 4]))
    (entry,) = operations_left_out(read_onnx(model)).left_out
    assert (entry.operator_type, entry.n_operations, entry.n_uncounted) == (name, 0, 1)


@pytest.mark.parametrize("kind", ["MatMul", "Relu", "Mystery"])
def test_operators_of_other_domains_are_uncounted_whatever_they_are_called(kind: str) -> None:
    model = made.model([node(kind, "x w", "z", domain="far"), node("Gemm", "x w", "y")], {"x": [2, 3]}, {"w": [3, 4]})
    model.opset_import.append(made.opset(1, "far"))
    network = read_onnx(model)
    assert [layer.n_macs for layer in network.layers] == [24]
    coverage = operations_left_out(network)
    assert (coverage.n_operations_left_out, coverage.left_out[0].n_uncounted) == (0, 1)
    assert f"{kind} (1)" in coverage.sentence()
    assert "not counted" in coverage.sentence()


def test_a_product_whose_shapes_are_open_asks_for_them() -> None:
    model = one_node("FusedMatMul", [["batch", 3, 5], ["batch", 6, 5]], transB=1)
    with pytest.raises(InputError, match=r"--input-shape i0=1,3,5 --input-shape i1=1,6,5"):
        read_onnx(model)
    assert read_onnx(model, input_shapes={"i0": (2, 3, 5)}).layers[0].n_macs == 2 * 3 * 5 * 6


@pytest.mark.parametrize(("kind", "combine"), [("QLinearAdd", "+"), ("QLinearMul", "*")])
def test_quantised_sums_and_products_of_two_tensors_are_priced_on_request(kind: str, combine: str) -> None:
    first = node("QLinearConv", "x xs xz w ws wz ys yz", "c", kernel_shape=[1, 1])
    second = node(kind, "c cs cz c ds dz es ez", "d", "both", domain=MS)
    scales = {name: [] for name in ["xs", "xz", "ws", "wz", "ys", "yz", "cs", "cz", "ds", "dz", "es", "ez"]}
    model = made.model([first, second, node("Relu", "d", "y")], {"x": [1, 3, 6, 6]}, {"w": [4, 3, 1, 1], **scales})
    both = read_onnx(model, price_all=True).layers[1]
    assert (both.name, both.operator_type, both.combine) == ("both", kind, combine)
    assert both.loop_sizes == {"B": 1, "G": 4, "OY": 6, "OX": 6}
    assert both.sources == {"W": 0, "I": 0}


def test_shapes_go_on_behind_attention_that_is_left_out() -> None:
    nodes = [
        helper.make_node("PagedAttention", ["x", "x", "x"], ["a"], domain=MS, num_heads=2, kv_num_heads=2),
        node("MatMul", "a w", "y"),
    ]
    network = read_onnx(made.model(nodes, {"x": ["tokens", 8]}, {"w": [8, 5]}), input_shapes={"x": (6, 8)})
    assert [layer.n_macs for layer in network.layers] == [6 * 8 * 5]
    assert operations_left_out(network).sentence() == "not counted: PagedAttention (1)"


def test_a_router_that_takes_more_experts_than_there_are_is_not_followed() -> None:
    for k in (0, 5, 2**31):
        with pytest.raises(InputError):
            read_onnx(one_node("MoE", [[6, 16], [6, 4], [4, 32, 16], None, [4, 16, 32]], k=k))
