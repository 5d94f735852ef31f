from __future__ import annotations

import pytest
from onnx import TensorProto, helper

from tests.inputs import onnx_samples as made
from tests.inputs.onnx_samples import node
from zigzag_lab.inputs import read_onnx


def test_shapes_go_on_behind_operators_of_onnx_runtime() -> None:
    nodes = [
        node("QLinearAdd", "x s z x s z s z", "a", domain="com.microsoft"),
        node("QLinearSigmoid", "a s z s z", "b", domain="com.microsoft"),
        node("QGemm", "b s z w s z", "c", "fc", domain="com.microsoft", transB=1),
        node("MatMulInteger", "c v", "y", "last"),
    ]
    model = made.model(nodes, {"x": [2, 6]}, {"w": [5, 6], "v": [5, 4], "s": [], "z": []})
    for value in (*model.graph.initializer, model.graph.input[0].type.tensor_type):
        kind = TensorProto.FLOAT if getattr(value, "name", "") == "s" else TensorProto.UINT8
        setattr(value, "data_type" if hasattr(value, "data_type") else "elem_type", kind)
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT32
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    network = read_onnx(model)
    assert [(layer.operator_type, layer.n_macs) for layer in network.layers] == [
        ("QGemm", 2 * 6 * 5),
        ("MatMulInteger", 2 * 5 * 4),
    ]
    assert network.layers[0].constant_operands == ("W",)


@pytest.mark.parametrize(("kind", "combine"), [("QLinearAdd", "+"), ("QLinearMul", "*")])
def test_quantised_sums_and_products_of_two_tensors_are_priced_on_request(kind: str, combine: str) -> None:
    first = node("QLinearConv", "x xs xz w ws wz ys yz", "c", kernel_shape=[1, 1])
    second = node(kind, "c cs cz c ds dz es ez", "d", "both", domain="com.microsoft")
    scales = {name: [] for name in ["xs", "xz", "ws", "wz", "ys", "yz", "cs", "cz", "ds", "dz", "es", "ez"]}
    model = made.model([first, second, node("Relu", "d", "y")], {"x": [1, 3, 6, 6]}, {"w": [4, 3, 1, 1], **scales})
    both = read_onnx(model, price_all=True).layers[1]
    assert both.name == "both"
    assert both.combine == combine
    assert both.loop_sizes == {"B": 1, "G": 4, "OY": 6, "OX": 6}
    assert both.sources == {"W": 0, "I": 0}
