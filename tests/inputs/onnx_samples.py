"""Small ONNX models, made node by node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onnx import ModelProto, NodeProto, OperatorSetIdProto, TensorProto, helper, shape_inference

Shape = Sequence[int | str | None] | None


def weight(name: str, shape: Sequence[int]) -> TensorProto:
    """An initializer whose data lie in a file that does not exist: nobody may read it."""
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="nowhere.bin")
    return tensor


def opset(version: int, domain: str = "") -> OperatorSetIdProto:
    return helper.make_opsetid(domain, version)


def integers(name: str, values: Sequence[int]) -> TensorProto:
    return helper.make_tensor(name, TensorProto.INT64, [len(values)], values)


def model(
    nodes: Sequence[NodeProto],
    inputs: dict[str, Shape],
    weights: dict[str, Sequence[int]] | None = None,
    extra: Sequence[TensorProto] = (),
    inferred: bool = False,
) -> ModelProto:
    """A model whose outputs are all tensors that no node reads, of unknown shapes unless inferred."""
    read = {name for node in nodes for name in node.input}
    outputs = [name for node in nodes for name in node.output if name not in read]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()]
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    initializers = [weight(name, shape) for name, shape in (weights or {}).items()]
    graph = helper.make_graph(list(nodes), "tiny", values, results, [*initializers, *extra])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return shape_inference.infer_shapes(made) if inferred else made


def node(kind: str, inputs: str, outputs: str, name: str = "", **attributes: Any) -> NodeProto:
    """A node from names with spaces between them; ``-`` stands for an input that is left out."""
    read = ["" if i == "-" else i for i in inputs.split()]
    return helper.make_node(kind, read, outputs.split(), name=name, **attributes)


def conv_model(x: Shape = (1, 3, 20, 30), w: Sequence[int] = (8, 3, 3, 5), **attributes: Any) -> ModelProto:
    attributes.setdefault("kernel_shape", list(w[2:]))
    return model([node("Conv", "x w", "y", "conv", **attributes)], {"x": x}, {"w": w})


def matmul_model(a: Shape, b: Shape, constant: bool = False) -> ModelProto:
    """A product of two variable operands (or of one by constants) that come out of other nodes."""
    nodes = [node("Relu", "x", "a", "left"), node("MatMul", "a b", "y", "product")]
    if constant:
        return model(nodes, {"x": a}, {"b": b or ()})
    return model([node("Relu", "z", "b", "right"), *nodes], {"x": a, "z": b})
