from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from tests.inputs import onnx_samples as made
from tests.inputs.onnx_samples import node
from zigzag_lab.inputs import read_onnx
from zigzag_lab.vocab import InputError


def body(nodes: Sequence[onnx.NodeProto], result: str, *weights: onnx.TensorProto) -> onnx.GraphProto:
    output = helper.make_tensor_value_info(result, TensorProto.FLOAT, None)
    return helper.make_graph(list(nodes), "body", [], [output], list(weights))


def branching(condition: str, *before: onnx.NodeProto, then: onnx.GraphProto | None = None) -> onnx.ModelProto:
    """One branch multiplies by 3 columns, the other by 7; a last product follows."""
    narrow = body([node("MatMul", "r narrow", "out", "small")], "out", made.weight("narrow", [4, 3]))
    wide = body([node("MatMul", "r wide", "out", "large")], "out", made.weight("wide", [4, 7]))
    choice = helper.make_node("If", [condition], ["y"], "choice", then_branch=then or narrow, else_branch=wide)
    model = made.model([*before, node("Relu", "x", "r"), choice, node("Neg", "y", "z")], {"x": [5, 4]})
    model.graph.input.append(helper.make_tensor_value_info("flag", TensorProto.BOOL, []))
    return model


def products(model: Any) -> list[tuple[str, int]]:
    return [(layer.name, layer.loop_sizes["K"]) for layer in read_onnx(model).layers]


def constant(value: bool) -> onnx.NodeProto:
    tensor = helper.make_tensor("c", TensorProto.BOOL, [], [value])
    return helper.make_node("Constant", [], ["known"], value=tensor)


@pytest.mark.parametrize(("value", "taken"), [(True, ("small", 3)), (False, ("large", 7))])
def test_a_known_condition_chooses(value: bool, taken: tuple[str, int]) -> None:
    assert products(branching("known", constant(value))) == [taken]


def test_a_condition_on_shapes_is_worked_out() -> None:
    before = [
        node("Shape", "x", "shape"),
        helper.make_node("Constant", [], ["one"], value_int=1),
        node("Gather", "shape one", "width"),
        helper.make_node("Constant", [], ["four"], value_int=4),
        node("Equal", "width four", "known"),
    ]
    assert products(branching("known", *before)) == [("small", 3)]


def test_an_open_condition_takes_the_dearer_branch() -> None:
    network = read_onnx(branching("flag"))
    assert [(layer.name, layer.loop_sizes["K"]) for layer in network.layers] == [("large", 7)]
    assert [n.operator_type for n in network.nodes] == ["Relu", "MatMul", "Identity", "Neg"]
    assert network.layers[0].sources == {"I": 0}


def test_what_follows_an_open_choice_has_the_shape_of_the_branch_taken() -> None:
    model = branching("flag")
    model.graph.node.append(node("MatMul", "last z", "end", "end"))
    model.graph.input.append(helper.make_tensor_value_info("last", TensorProto.FLOAT, [2, 5]))
    assert products(model) == [("large", 7), ("end", 7)]


def test_branches_within_branches() -> None:
    inner_then = body([node("MatMul", "r w1", "out", "a")], "out", made.weight("w1", [4, 9]))
    inner_else = body([node("MatMul", "r w2", "out", "b")], "out", made.weight("w2", [4, 11]))
    inner = helper.make_node("If", ["flag"], ["out"], "inner", then_branch=inner_then, else_branch=inner_else)
    model = branching("flag", then=body([inner, node("Neg", "out", "negative")], "negative"))
    assert products(model) == [("b", 11)]


def test_equal_branches_take_the_first() -> None:
    same = body([node("MatMul", "r other", "out", "first")], "out", made.weight("other", [4, 7]))
    assert products(branching("flag", then=same)) == [("first", 7)]


def test_a_choice_without_branches() -> None:
    model = branching("flag")
    del next(n for n in model.graph.node if n.op_type == "If").attribute[:]
    with pytest.raises(InputError, match="node choice: a branch is missing"):
        read_onnx(model)


def test_the_callers_model_keeps_its_branches() -> None:
    model = branching("flag")
    before = model.SerializeToString(deterministic=True)
    read_onnx(model)
    assert model.SerializeToString(deterministic=True) == before
