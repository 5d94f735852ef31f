"""Attention is two products: scores of queries and keys, and the weighted sum of values."""

from __future__ import annotations

from typing import Any

import pytest
from onnx import ModelProto, helper

from tests.inputs.onnx_samples import node
from zigzag_lab.inputs import onnx_attention, read_onnx
from zigzag_lab.vocab import InputError


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
    assert (scores.loop_sizes["D"], scores.loop_sizes["C"], scores.loop_sizes["K"]) == (16, 32, 20)
    assert (weighted.loop_sizes["D"], weighted.loop_sizes["C"], weighted.loop_sizes["K"]) == (16, 20, 40)
    assert scores.n_macs == 2 * 8 * 16 * 32 * 20
    assert weighted.n_macs == 2 * 8 * 16 * 20 * 40
    assert scores.constant_operands == weighted.constant_operands == ()


def test_where_onnx_cannot_describe_it_it_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise TypeError

    monkeypatch.setattr("onnx.inliner.inline_selected_functions", refuse)
    model = attention([1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4])
    assert onnx_attention.without_attention(model) is model
    with pytest.raises(InputError, match=r"no node costs anything; its operators are Attention \(1\)"):
        read_onnx(model)
