from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from tests.inputs import onnx_samples as made
from tests.inputs.onnx_samples import node
from zigzag_lab.inputs import read_onnx
from zigzag_lab.inputs.onnx_values import known_values

VALUES: dict[str, Any] = {
    "v": np.array([2, -3, 4, 7]),
    "u": np.array([5, 2, 2, -2]),
    "two": np.array([2]),
    "zero": np.array([0]),
    "minus": np.array([-1]),
    "scalar": np.array(3),
    "one": np.array(1),
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
    helper.make_node("Constant", [], ["y"], value_ints=[3, 4]),
    helper.make_node("Constant", [], ["y"], value_float=0.25),
]


@pytest.mark.parametrize("asked", NODES, ids=lambda n: n.op_type)
def test_values_are_those_of_onnx(asked: onnx.NodeProto) -> None:
    known = [numpy_helper.from_array(value, name) for name, value in VALUES.items()]
    ours = known_values([asked], known, {})["y"]
    graph = helper.make_graph([asked], "g", [], [helper.make_tensor_value_info("y", 0, None)], known)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    (theirs,) = ReferenceEvaluator(model).run(None, {})
    np.testing.assert_array_equal(ours, theirs)
    assert ours.dtype == theirs.dtype


def test_shapes_are_values() -> None:
    found = known_values([node("Shape", "x", "s", start=1), node("Size", "x", "n")], [], {"x": (2, 3, 4)})
    assert (found["s"].tolist(), found["n"].tolist()) == ([3, 4], 24)
    assert known_values([node("Shape", "x", "s")], [], {}) == {}


def test_large_or_meaningless_values_are_left_alone() -> None:
    huge = numpy_helper.from_array(np.array([2**40]), "huge")
    odd = [node("ConstantOfShape", "huge", "a"), node("Gather", "huge huge", "b"), node("Reshape", "huge huge", "c")]
    assert set(known_values(odd, [huge], {})) == {"huge"}


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
