"""Loops of a known number of iterations are that many copies of their bodies; other loops are listed."""

from __future__ import annotations

from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from tests.inputs import onnx_samples as made
from tests.inputs.onnx_samples import node
from zigzag_lab.inputs import read_onnx
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import Workload, operations_left_out


def value(name: str, kind: int = TensorProto.FLOAT, shape: list[int] | None = None) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def constant(name: str, number: int | bool) -> onnx.NodeProto:
    kind = TensorProto.BOOL if isinstance(number, bool) else TensorProto.INT64
    return helper.make_node("Constant", [], [name], value=helper.make_tensor("c", kind, [], [number]))


def looping(n: int | None, go_on: bool | None = True) -> onnx.ModelProto:
    """A state of 5 by 4 is multiplied by itself and by weights in each iteration; the products are collected."""
    nodes = [
        node("MatMul", "state w", "next", "step"), node("MatMul", "next outside", "seen", "look"),
        node("Identity", "cond", "cond_out"),
    ]  # fmt: skip
    body = helper.make_graph(
        nodes,
        "body",
        [value("i", TensorProto.INT64, []), value("cond", TensorProto.BOOL, []), value("state")],
        [value("cond_out", TensorProto.BOOL, []), value("next"), value("seen")],
        [made.weight("w", [4, 4])],
    )
    before = [] if n is None else [constant("n", n)]
    before += [] if go_on is None else [constant("go_on", go_on)]
    loop = helper.make_node("Loop", ["n", "go_on"[: 5 * (go_on is not None)], "r"], ["last", "all"], "loop", body=body)
    after = [node("Relu", "last", "end"), node("MatMul", "all head", "out", "head")]
    model = made.model(
        [*before, node("Relu", "x", "r"), loop, *after], {"x": [5, 4]}, {"outside": [4, 6], "head": [6, 2]}
    )
    if n is None:
        model.graph.input.append(value("n", TensorProto.INT64, []))
    return model


def macs(network: Workload) -> list[tuple[str, int]]:
    return [(layer.name.rsplit("/", 1)[-1], layer.n_macs) for layer in network.layers]


@pytest.mark.parametrize("go_on", [True, None])
def test_a_loop_is_as_many_steps_in_a_row(go_on: bool | None) -> None:
    network = read_onnx(looping(3, go_on))
    assert sorted(macs(network)) == [("head", 3 * 5 * 6 * 2), *[("look", 5 * 4 * 6)] * 3, *[("step", 5 * 4 * 4)] * 3]
    first, second, third = (layer for layer in network.layers if layer.name.endswith("step"))
    assert second.sources == {"I": first.id}
    assert third.sources == {"I": second.id}
    assert first.constant_operands == ("W",)
    assert len({layer.name for layer in network.layers}) == 7


def test_a_loop_that_never_runs_costs_nothing() -> None:
    model = looping(3, False)
    del model.graph.node[-1]
    with pytest.raises(InputError, match=r"no node can be priced|no node costs anything"):
        read_onnx(model)


def test_a_loop_of_unknown_length_is_listed() -> None:
    model = looping(None)
    del model.graph.node[-1]
    model.graph.node.append(node("MatMul", "x head", "out", "other"))
    model.graph.initializer[-1].dims[0] = 4
    network = read_onnx(model)
    assert [layer.name for layer in network.layers] == ["other"]
    assert "Loop" in operations_left_out(network).sentence()


def test_too_many_iterations_stay_a_loop() -> None:
    model = looping(10**9)
    del model.graph.node[-1]
    model.graph.node.append(node("MatMul", "x head", "out", "other"))
    model.graph.initializer[-1].dims[0] = 4
    assert [layer.name for layer in read_onnx(model).layers] == ["other"]


@pytest.mark.parametrize(("axis", "opset"), [(0, 17), (1, 17), (0, 12)])
def test_a_scan_takes_one_slice_after_the_other(axis: int, opset: int) -> None:
    nodes = [node("MatMul", "slice w", "seen", "look"), node("Add", "state seen", "next", "sum")]
    graph_inputs, graph_outputs = [value("state"), value("slice")], [value("next"), value("seen")]
    body = helper.make_graph(
        nodes, "body", graph_inputs, [*graph_outputs[:1], value("seen")], [made.weight("w", [4, 6])]
    )
    axes = {"scan_input_axes": [axis], "scan_output_axes": [axis]}
    scan = helper.make_node("Scan", ["zero", "r"], ["last", "all"], "scan", body=body, num_scan_inputs=1, **axes)
    shape = [7, 5, 4] if axis == 0 else [5, 7, 4]
    after = [node("MatMul", "all head", "out", "head"), node("Neg", "last", "end")]
    model = made.model([node("Relu", "x", "r"), scan, *after], {"x": shape, "zero": [5, 6]}, {"head": [6, 2]})
    model.opset_import[0].version = opset
    assert sorted(macs(read_onnx(model))) == [("head", 7 * 5 * 6 * 2), *[("look", 5 * 4 * 6)] * 7]


def test_a_loop_in_a_loop_multiplies() -> None:
    inner_body = helper.make_graph(
        [node("MatMul", "s w", "t", "deep"), node("Identity", "c", "d")],
        "inner",
        [value("j", TensorProto.INT64, []), value("c", TensorProto.BOOL, []), value("s")],
        [value("d", TensorProto.BOOL, []), value("t")],
    )
    inner = helper.make_node("Loop", ["two", "", "state"], ["next"], "inner", body=inner_body)
    body = helper.make_graph(
        [inner, node("Identity", "cond", "cond_out")],
        "body",
        [value("i", TensorProto.INT64, []), value("cond", TensorProto.BOOL, []), value("state")],
        [value("cond_out", TensorProto.BOOL, []), value("next")],
    )
    loop = helper.make_node("Loop", ["three", "", "x"], ["last"], "outer", body=body)
    model = made.model([constant("two", 2), constant("three", 3), loop], {"x": [5, 4]}, {"w": [4, 4]})
    assert macs(read_onnx(model)) == [("deep", 80)] * 6


def counted(n_steps: str) -> onnx.ModelProto:
    """A product in a loop, whose length is made by the nodes before it."""
    body = helper.make_graph(
        [node("MatMul", "s w", "t", "step"), node("Identity", "c", "d")],
        "body",
        [value("i", TensorProto.INT64, []), value("c", TensorProto.BOOL, []), value("s", shape=[1, 64])],
        [value("d", TensorProto.BOOL, []), value("t", shape=[1, 64])],
    )
    before = [node("Shape", "x", "sizes"), node("Gather", "sizes zero", "n", axis=0), constant("zero", 0)]
    loop = helper.make_node("Loop", [n_steps, "", "start"], ["last"], "loop", body=body)
    made_model = made.model([*before, loop], {"x": ["time", 64], "start": [1, 64]}, {"w": [64, 64]})
    made_model.graph.input.append(value("steps", TensorProto.INT64, []))
    return made_model


def test_a_loop_of_open_length_asks_for_the_input_that_decides_it() -> None:
    with pytest.raises(InputError, match=r"input x has shape \[time, 64\].* --input-shape x=1,64\.$"):
        read_onnx(counted("n"))
    network = read_onnx(counted("n"), input_shapes={"x": (10, 64)})
    assert sum(layer.n_macs for layer in network.layers) == 10 * 64 * 64


def test_it_asks_even_where_other_nodes_can_be_priced() -> None:
    model = counted("n")
    model.graph.node.append(node("MatMul", "start w", "other"))
    with pytest.raises(InputError, match=r"--input-shape x=1,64\.$"):
        read_onnx(model)


def test_a_loop_whose_length_is_the_value_of_an_input_says_so() -> None:
    with pytest.raises(InputError, match="How often its loops run follows from the data"):
        read_onnx(counted("steps"))


def test_a_scan_of_open_length_asks_for_what_it_scans() -> None:
    body = helper.make_graph(
        [node("MatMul", "row w", "seen"), node("Add", "state seen", "next")],
        "b",
        [value("state"), value("row")],
        [value("next")],
    )
    scan = helper.make_node("Scan", ["start", "x"], ["last"], body=body, num_scan_inputs=1)
    model = made.model([scan], {"x": ["time", 5, 4], "start": [5, 6]}, {"w": [4, 6]})
    with pytest.raises(InputError, match=r"--input-shape x=1,5,4\.$"):
        read_onnx(model)
    assert sum(layer.n_macs for layer in read_onnx(model, input_shapes={"x": (7, 5, 4)}).layers) == 7 * 5 * 4 * 6
