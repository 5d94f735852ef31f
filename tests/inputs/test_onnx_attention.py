"""Attention is two products: scores of queries and keys, and the weighted sum of values."""

from __future__ import annotations

from typing import Any

import pytest
from onnx import ModelProto, helper

from tests.inputs.onnx_samples import node
from zigzag_lab.inputs import read_onnx


def attention(q: list[int], k: list[int], v: list[int], **attributes: Any) -> ModelProto:
    values = [helper.make_tensor_value_info(name, 1, shape) for name, shape in (("q", q), ("k", k), ("v", v))]
    nodes = [node("Attention", "q k v", "y", "mix", **attributes), node("Relu", "y", "z")]
    graph = helper.make_graph(nodes, "tiny", values, [helper.make_tensor_value_info("z", 1, None)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10)


@pytest.mark.parametrize(
    ("shapes", "attributes"),
    [
        (([2, 8, 16, 32], [2, 8, 20, 32], [2, 8, 20, 40]), {}),
        (([2, 16, 256], [2, 20, 256], [2, 20, 320]), {"q_num_heads": 8, "kv_num_heads": 8}),
        (([2, 8, 16, 32], [2, 4, 20, 32], [2, 4, 20, 40]), {}),
        (([2, 8, 16, 32], [2, 8, 20, 32], [2, 8, 20, 40]), {"is_causal": 1, "scale": 0.5}),
    ],
    ids=["heads apart", "heads side by side", "shared keys", "causal"],
)
def test_its_products_are_priced(shapes: tuple[list[int], ...], attributes: dict[str, int]) -> None:
    scores, weighted = read_onnx(attention(*shapes, **attributes)).layers
    n_rows = 16 * 8 // scores.loop_sizes["H"]  # heads that share keys are further rows
    assert (scores.loop_sizes["D"], scores.loop_sizes["C"], scores.loop_sizes["K"]) == (n_rows, 32, 20)
    assert (weighted.loop_sizes["D"], weighted.loop_sizes["C"], weighted.loop_sizes["K"]) == (n_rows, 20, 40)
    assert scores.n_macs == 2 * 8 * 16 * 32 * 20
    assert weighted.n_macs == 2 * 8 * 16 * 20 * 40
    assert scores.constant_operands == weighted.constant_operands == ()
