from __future__ import annotations

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
