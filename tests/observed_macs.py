"""Multiply-accumulates of an ONNX model, counted from the shapes that onnxruntime shows while it runs the model.

A second way to count, without shape inference and without the readers: every tensor becomes an output, and each
operator has its formula. By hand only, as onnxruntime is no dependency: see :mod:`tests.real_models`.
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper

Shape = tuple[int, ...]
Shapes = dict[str, Shape]

_WEIGHT = {"Conv": 1, "FusedConv": 1, "NhwcFusedConv": 1, "ConvInteger": 1, "QLinearConv": 3, "ConvTranspose": 1}
_PRODUCTS = {
    **dict.fromkeys(("MatMul", "MatMulInteger", "FusedMatMul", "MatMulIntegerToFloat", "DynamicQuantizeMatMul"), 1),
    **dict.fromkeys(("Gemm", "FusedGemm"), 1),
    **dict.fromkeys(("QLinearMatMul", "QGemm"), 3),
    "MatMulNBits": 1,
}
_GATES = {"LSTM": 4, "DynamicQuantizeLSTM": 4, "GRU": 3, "RNN": 1}


def observed_macs(path: Path, given: Shapes, seed: int = 0) -> int:
    """Multiply-accumulates of a model on random inputs of the given shapes.

    Raises:
        ValueError: the model has bodies, or operators that multiply and have no formula here.
    """
    model = onnx.load(path)
    if any(a.HasField("g") or a.graphs for node in model.graph.node for a in node.attribute):
        raise ValueError("it has bodies, in which nothing can be observed")
    shapes = _observed(model, _feeds(model, given, np.random.default_rng(seed)))
    return sum(_macs(node, shapes) for node in model.graph.node)


def _feeds(model: Any, given: Shapes, random: np.random.Generator) -> dict[str, Any]:
    weights = {t.name for t in model.graph.initializer}
    feeds = {}
    for value in model.graph.input:
        if value.name in weights:
            continue
        tensor = value.type.tensor_type
        shape = given.get(value.name, tuple(d.dim_value for d in tensor.shape.dim))
        dtype = helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        numbers = random.random(shape) if dtype.kind == "f" else random.integers(0, 2, shape)
        feeds[value.name] = numbers.astype(dtype)
    return feeds


def _observed(model: Any, feeds: dict[str, Any]) -> Shapes:
    import onnxruntime as ort

    shapes: Shapes = {t.name: tuple(t.dims) for t in model.graph.initializer}
    shapes |= {name: value.shape for name, value in feeds.items()}
    wanted = [name for node in model.graph.node for name in node.output if name]
    del model.graph.output[:]
    model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in wanted)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    results = session.run(wanted, feeds)
    return shapes | {name: np.shape(value) for name, value in zip(wanted, results, strict=True)}


def _macs(node: Any, shapes: Shapes) -> int:
    given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    if node.op_type in _WEIGHT:
        whole = node.input[0] if node.op_type == "ConvTranspose" else node.output[0]
        return prod(shapes[whole]) * prod(shapes[node.input[_WEIGHT[node.op_type]]][1:])
    if node.op_type in _PRODUCTS:
        turned = given.get("transA", 0)
        return prod(shapes[node.output[0]]) * shapes[node.input[0]][-2 if turned else -1]
    if node.op_type in _GATES:
        x, hidden = shapes[node.input[0]], given["hidden_size"]
        directions = 2 if given.get("direction") == b"bidirectional" else 1
        return prod(x[:2]) * directions * _GATES[node.op_type] * hidden * (x[2] + hidden)
    if node.op_type == "Einsum":
        return _einsum(given["equation"].decode(), [shapes[name] for name in node.input])
    if "Attention" in node.op_type:
        return _attention(node, given, shapes)
    return 0


def _einsum(equation: str, shapes: list[Shape]) -> int:
    """Of two operands: as many as there are values of all indices."""
    if len(shapes) == 1:
        return 0
    if len(shapes) != 2 or "..." in equation:
        raise ValueError(f"no formula for {equation}")
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    return prod(
        {x: n for term, shape in zip(terms, shapes, strict=True) for x, n in zip(term, shape, strict=True)}.values()
    )


def _attention(node: Any, given: dict[str, Any], shapes: Shapes) -> int:
    x = shapes[node.input[0]]
    if node.op_type in ("Attention", "QAttention") and node.domain:
        width = shapes[node.input[1]][1]
        return prod(x) * width + 2 * x[0] * x[1] * x[1] * width // 3
    if node.op_type == "MultiHeadAttention":
        key, value = shapes[node.input[1]], shapes[node.input[2]]
        return x[0] * x[1] * key[1] * (x[2] + value[2])
    raise ValueError(f"no formula for {node.op_type}")
