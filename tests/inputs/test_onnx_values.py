from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from tests.inputs import onnx_samples as made
from tests.inputs.onnx_samples import node
from zigzag_lab.inputs import read_onnx
from zigzag_lab.inputs.onnx.shapes import ShapeInference

VALUES: dict[str, Any] = {
    "v": np.array([2, -3, 4, 7]),
    "u": np.array([5, 2, 2, -2]),
    "two": np.array([2]),
    "zero": np.array([0]),
    "minus": np.array([-1]),
    "scalar": np.array(3),
    "one": np.array(1),
    "first": np.array(0),
    "shape": np.array([2, 2]),
    "flags": np.array([True, False, True, True]),
    "half": np.array([0.5, 1.5], dtype=np.float32),
}

NODES = [
    node("Gather", "v two", "y"),
    node("Gather", "v scalar", "y", axis=0),
    node("Concat", "v two", "y", axis=0),
    node("Slice", "v zero two", "y"),
    node("Slice", "v minus zero zero minus", "y"),
    node("Squeeze", "two zero", "y"),
    node("Unsqueeze", "scalar zero", "y"),
    node("Reshape", "v shape", "y"),
    node("Transpose", "v", "y"),
    node("Cast", "half", "y", to=7),
    node("Cast", "v", "y", to=1),
    node("Not", "flags", "y"),
    node("And", "flags flags", "y"),
    node("Or", "flags flags", "y"),
    node("Equal", "v u", "y"),
    node("Less", "v u", "y"),
    node("LessOrEqual", "v u", "y"),
    node("Greater", "v u", "y"),
    node("GreaterOrEqual", "v u", "y"),
    node("Add", "v u", "y"),
    node("Sub", "v u", "y"),
    node("Mul", "v two", "y"),
    node("Div", "u two", "y"),
    node("Div", "half half", "y"),
    node("Neg", "v", "y"),
    node("Floor", "half", "y"),
    node("Ceil", "half", "y"),
    node("Where", "flags v u", "y"),
    node("ReduceProd", "v", "y", keepdims=0),
    node("Range", "one scalar one", "y"),
    node("ConstantOfShape", "shape", "y"),
    node("Identity", "v", "y"),
    *(node(kind, "v u", "y") for kind in ("Max", "Min", "Sum")),
    node("Mod", "v u", "y"),
    node("Mod", "half half", "y", fmod=1),
    node("Abs", "v", "y"),
    node("Sign", "v", "y"),
    node("Sqrt", "half", "y"),
    node("Clip", "v zero", "y"),
    node("CumSum", "v first", "y"),
    node("ReduceMax", "v", "y"),
    node("ReduceSum", "v zero", "y", keepdims=0),
    node("ArgMax", "v", "y"),
    node("NonZero", "flags", "y"),
    node("Compress", "v flags", "y"),
    node("Pad", "v shape", "y"),
    node("Tile", "v two", "y"),
    node("Expand", "two shape", "y"),
    node("Size", "v", "y"),
    node("MatMul", "v u", "y"),
    helper.make_node("Constant", [], ["y"], value_ints=[3, 4]),
    helper.make_node("Constant", [], ["y"], value_float=0.25),
]


def inferred(nodes: list[onnx.NodeProto], given: dict[str, Any], opset: int = 17) -> ShapeInference:
    """What is known of nodes behind constants."""
    known = ShapeInference(helper.make_model(helper.make_graph([], "g", [], []), opset_imports=[made.opset(opset)]), {})
    for name, value in given.items():
        known.give_weight(numpy_helper.from_array(value, name))
    for one in nodes:
        known.add(one)
    return known


@pytest.mark.parametrize("asked", NODES, ids=lambda n: n.op_type)
def test_values_are_those_of_onnx(asked: onnx.NodeProto) -> None:
    known = [numpy_helper.from_array(value, name) for name, value in VALUES.items()]
    ours = inferred([asked], VALUES).values["y"]
    graph = helper.make_graph([asked], "g", [], [helper.make_tensor_value_info("y", 0, None)], known)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    (theirs,) = ReferenceEvaluator(model).run(None, {})
    np.testing.assert_array_equal(ours, theirs)
    assert ours.dtype == theirs.dtype


def test_whole_numbers_are_divided_as_by_onnx_runtime() -> None:
    found = inferred([node("Div", "v two", "y"), node("Mod", "v two", "m")], VALUES)
    assert found.values["y"].tolist() == [1, -1, 2, 3]
    assert found.values["m"].tolist() == [0, 1, 0, 1]
    assert "z" not in inferred([node("Div", "v zero", "z")], VALUES).values


def test_shapes_are_values() -> None:
    given = {"x": np.zeros((2, 3, 4), dtype=np.float32)}
    found = inferred([node("Shape", "x", "s", start=1), node("Size", "x", "n")], given).values
    assert (found["s"].tolist(), int(found["n"])) == ([3, 4], 24)
    assert inferred([node("Shape", "y", "s")], {}).values == {}


def test_the_sizes_that_are_known_of_a_shape_are_values() -> None:
    known = inferred([], {})
    known.types["x"] = helper.make_tensor_type_proto(TensorProto.FLOAT, ["batch", 3, 4])
    for one in (node("Shape", "x", "all"), node("Shape", "x", "some", start=1)):
        known.add(one)
    assert "all" not in known.values
    assert known.values["some"].tolist() == [3, 4]


def test_large_or_meaningless_values_are_left_alone() -> None:
    huge = {"huge": np.array([2**40]), "many": np.array([300]), "text": np.array(["a"], dtype=object)}
    odd = [node("ConstantOfShape", "huge", "a"), node("Gather", "huge huge", "b"), node("Reshape", "huge huge", "c")]
    more = [node("Expand", "huge many", "d"), node("Tile", "many many", "e"), node("Range", "many huge many", "f")]
    found = inferred([*odd, *more, node("Cast", "many", "g", to=TensorProto.STRING)], huge)
    assert set(found.values) == {"huge", "many"}
    assert found.shape("d") == (300,)


def test_chains_of_computed_reshapes_are_followed_to_their_end() -> None:
    """Each target depends on a shape that is only known after the reshape before it."""
    nodes: list[onnx.NodeProto] = []
    for i in range(6):
        nodes += [
            node("Shape", f"t{i}", f"shape{i}"),
            node("Cast", f"shape{i}", f"float{i}", to=1),
            node("Cast", f"float{i}", f"int{i}", to=7),
            node("Slice", f"int{i} zero one", f"rows{i}"),
            node("Concat", f"rows{i} rest", f"target{i}", axis=0),
            node("Reshape", f"t{i} target{i}", f"t{i + 1}"),
        ]
    given = [made.integers("zero", [0]), made.integers("one", [1]), made.integers("rest", [-1])]
    model = made.model([*nodes, node("MatMul", "t6 w", "y")], {"t0": [4, 2, 3]}, {"w": [6, 5]}, given)
    assert read_onnx(model).layers[0].loop_sizes == {"C": 6, "D": 4, "K": 5}
