from __future__ import annotations

from typing import Any

import pytest
from onnx import TensorProto, helper

from tests.inputs import onnx_samples as made
from tests.inputs.onnx_samples import node
from zigzag_lab.inputs import read_onnx


def typed(name: str, kind: int, dims: list[int]) -> TensorProto:
    tensor = made.weight(name, dims)
    tensor.data_type = kind
    return tensor


def bits(*nodes: Any, weights: int = TensorProto.INT4, activations: int = TensorProto.INT16) -> dict[str, int]:
    scale = made.weight("s", [])
    zeros = [typed("za", activations, []), typed("zw", weights, []), typed("zo", TensorProto.UINT8, [])]
    graph = [node("QuantizeLinear", "x s za", "xq"), node("DequantizeLinear", "xq s za", "xf"), *nodes]
    made_of = made.model(graph, {"x": [2, 6]}, None, [scale, *zeros, typed("wq", weights, [6, 4])])
    made_of.opset_import[0].version = 21
    made_of.ir_version = 10
    (layer,) = read_onnx(made_of).layers
    return layer.precision_bits


WEIGHTS = node("DequantizeLinear", "wq s zw", "wf")
PRODUCT = node("MatMul", "xf wf", "y")
QUANTISED = node("QuantizeLinear", "y s zo", "yq")


def test_pairs_around_a_product_set_its_precisions() -> None:
    assert bits(WEIGHTS, PRODUCT, QUANTISED) == {"W": 4, "I": 16, "O_final": 8, "O": 32}


def test_a_result_that_is_not_quantised_is_as_wide_as_the_input() -> None:
    assert bits(WEIGHTS, PRODUCT)["O_final"] == 16
    assert bits(WEIGHTS, PRODUCT, QUANTISED, node("Neg", "y", "n"))["O_final"] == 16


def test_what_is_computed_on_the_way_is_seen_through() -> None:
    relu = [node("Relu", "y", "r"), node("QuantizeLinear", "r s zo", "rq")]
    turned = [WEIGHTS, node("Transpose", "wf", "wt", perm=[1, 0]), node("Transpose", "wt", "wu", perm=[1, 0])]
    assert bits(*turned, node("MatMul", "xf wu", "y"), *relu) == {"W": 4, "I": 16, "O_final": 8, "O": 32}


def test_attributes_of_the_node_win() -> None:
    product = node("MatMul", "xf wf", "y", act_size=2, weight_size=3)
    assert bits(WEIGHTS, product, QUANTISED) == {"W": 3, "I": 2, "O_final": 2, "O": 4}


@pytest.mark.parametrize(("kind", "n_bits"), [(TensorProto.INT8, 8), (TensorProto.UINT4, 4), (TensorProto.UINT16, 16)])
def test_element_types_by_the_dequantised_tensor(kind: int, n_bits: int) -> None:
    assert bits(WEIGHTS, PRODUCT, weights=kind, activations=kind)["W"] == n_bits


def test_without_a_zero_point_the_type_is_said_or_eight_bits() -> None:
    for attributes, n_bits in (({}, 8), ({"output_dtype": TensorProto.INT16}, 16)):
        quantise = helper.make_node("QuantizeLinear", ["x", "s"], ["q"], **attributes)
        nodes = [quantise, node("DequantizeLinear", "q s", "f"), node("MatMul", "f w", "y")]
        model = made.model(nodes, {"x": [2, 6]}, {"w": [6, 4], "s": []})
        model.opset_import[0].version = 21
        model.ir_version = 10
        assert read_onnx(model).layers[0].precision_bits["I"] == n_bits
