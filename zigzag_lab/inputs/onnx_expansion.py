"""A model in which operators that stand for others are replaced by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zigzag_lab.inputs.onnx_contrib import LEFT_OUT_RULES, RULES, TRANSFORMS
from zigzag_lab.inputs.onnx_file import before_nodes, stripped
from zigzag_lab.inputs.onnx_operators import Shape, operator_of
from zigzag_lab.inputs.onnx_replacement import Replacement
from zigzag_lab.inputs.onnx_shapes import in_order

if TYPE_CHECKING:
    from onnx import ModelProto


def expanded(
    where: str, model: ModelProto, input_shapes: Mapping[str, Shape] | None, *, price_all: bool = False
) -> tuple[ModelProto, list[int]]:
    """The model with ONNX's own operators in the place of those that stand for several, or come from elsewhere.

    Args:
        where: the file, for messages.
        model: the model; it is not changed, and handed back where nothing is replaced.
        input_shapes: inputs of the graph -> shapes that replace the declared ones.
        price_all: whether transforms become products, too.

    Returns:
        The model, and for each of its nodes the index of the one it stands for.
    """
    rules = {**RULES, **LEFT_OUT_RULES, **(TRANSFORMS if price_all else {})}
    nodes = list(model.graph.node)
    if not any(operator_of(node) in rules and _is_asked(node) for node in nodes):
        return model, list(range(len(nodes)))
    known = before_nodes(where, model, input_shapes)
    opset = max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=1)
    copy = stripped(model)
    del copy.graph.node[:]
    instead: dict[int, list[Any]] = {}
    for i in in_order(nodes):
        rule = rules.get(operator_of(nodes[i])) if _is_asked(nodes[i]) else None
        place = Replacement(nodes[i], known, opset)
        if rule is not None and rule(place):
            instead[i] = place.nodes
            copy.graph.initializer.extend(place.weights)
            copy.graph.value_info.extend(place.declared)
        else:
            known.add(nodes[i])
            instead[i] = [nodes[i]]
    copy.graph.node.extend(new for i in range(len(nodes)) for new in instead[i])
    return copy, [i for i in range(len(nodes)) for _ in instead[i]]


def _is_asked(node: Any) -> bool:
    return operator_of(node) != "Einsum" or len(node.input) > 2
