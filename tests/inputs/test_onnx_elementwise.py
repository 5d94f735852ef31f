from __future__ import annotations

from typing import Any

import pytest
from onnx import helper

from tests.inputs import onnx_samples as made
from tests.inputs.onnx_samples import node
from tests.stages.small import accelerator, mapping
from zigzag_lab.api import RunRequest, run
from zigzag_lab.inputs import read_onnx
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import FreeNode, Layer


def second(kind: str, inputs: str, shapes: dict[str, list[int]], **attributes: Any) -> Layer:
    """The layer of a node that reads the tensor a, of shape [2, 6, 4], and others."""
    nodes = [node("MatMul", "x w", "a"), node(kind, inputs, "y", "asked", **attributes)]
    model = made.model(nodes, {"x": [2, 6, 5], **shapes}, {"w": [5, 4]})
    assert len(read_onnx(model).layers) == 1
    return read_onnx(model, price_all=True).layers[1]


@pytest.mark.parametrize(
    ("kind", "inputs", "shapes", "equation", "n_operations"),
    [
        ("Relu", "a", {}, "O[b][g][ox]+=I[b][g][ox]", 48),
        ("Softmax", "a", {}, "O[b][g][ox]+=I[b][g][ox]", 48),
        ("Add", "a b", {"b": [2, 6, 4]}, "O[b][g][ox]+=I[b][g][ox]+W[b][g][ox]", 48),
        ("Mul", "a b", {"b": [4]}, "O[b][g][ox]+=I[b][g][ox]*W[ox]", 48),
        ("Div", "a b", {"b": []}, "O[b][g][ox]+=I[b][g][ox]*W", 48),
        ("Sub", "b a", {"b": [3, 2, 1, 4]}, "O[b][g][oy][ox]+=I[b][g][ox]+W[g][oy][ox]", 144),
        ("Max", "a b b", {"b": [2, 6, 4]}, "O[b][g][ox]+=I[b][g][ox][c]", 144),
        ("ReduceMean", "a", {}, "O[g]+=I[g][c]", 48),
    ],
)
def test_operators_on_request(kind: str, inputs: str, shapes: Any, equation: str, n_operations: int) -> None:
    layer = second(kind, inputs, shapes)
    assert (layer.equation, layer.n_macs, layer.operator_type) == (equation, n_operations, kind)
    assert 0 in layer.sources.values()


def test_what_moves_data_stays_free() -> None:
    nodes = [node("MatMul", "x w", "a"), node("Transpose", "a", "t"), node("Mystery", "t", "u", domain="far")]
    model = made.model(nodes, {"x": [6, 5]}, {"w": [5, 4]})
    model.opset_import.append(helper.make_opsetid("far", 1))
    network = read_onnx(model, price_all=True)
    assert [type(n) for n in network.nodes] == [Layer, FreeNode, FreeNode]


def test_a_network_of_element_wise_operators_alone() -> None:
    model = made.model([node("Relu", "x", "y"), node("Neg", "y", "z")], {"x": [2, 3]})
    with pytest.raises(InputError, match="are priced with --price-all"):
        read_onnx(model)
    assert [layer.operator_type for layer in read_onnx(model, price_all=True)] == ["Relu", "Neg"]


def test_everything_can_be_priced_and_costs_more() -> None:
    nodes = [node("Conv", "x w", "c"), node("Relu", "c", "r"), node("Add", "r c", "s"), node("ReduceMean", "s", "y")]
    model = made.model(nodes, {"x": [1, 4, 4, 4]}, {"w": [8, 4, 1, 1]})
    costs = []
    for price_all in (False, True):
        request = RunRequest(model, accelerator(), mapping(), lpf_limit=4, price_all=price_all)
        outcome = run(request, store=None, mlflow="off")
        costs.append(outcome.total.energy_total)
        assert outcome.coverage is not None
        left_out = [entry.operator_type for entry in outcome.coverage.left_out]
        assert left_out == ([] if price_all else ["Add", "ReduceMean", "Relu"])
    assert costs[0] < costs[1]
