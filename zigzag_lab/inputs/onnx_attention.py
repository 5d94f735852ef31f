"""``Attention`` nodes, replaced by the two products and the operators that they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zigzag_lab.inputs.onnx_guard import graphs_of

if TYPE_CHECKING:
    from onnx import ModelProto

ATTENTION = "Attention"


def without_attention(model: ModelProto) -> ModelProto:
    """The model with ONNX's own description of ``Attention`` in its place: scores, softmax, weighted sum.

    The model itself where there is none, or where the installed ``onnx`` cannot describe it: such nodes stay free, and
    are listed with their multiply-accumulates among what is left out.
    """
    nodes = (node for graph in graphs_of(model.graph) for node in graph.node)
    if not any(node.op_type == ATTENTION and node.domain in ("", "ai.onnx") for node in nodes):
        return model
    from onnx import inliner

    try:
        return inliner.inline_selected_functions(model, [("", ATTENTION)], inline_schema_functions=True)
    except Exception:  # what its C++ code raises, or an argument that older versions lack
        return model
