"""Models that would keep ONNX's shape inference busy for ever: a target shape with as many numbers as a tensor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zigzag_lab.inputs.onnx_operators import MOVES
from zigzag_lab.vocab import InputError

_MOST_DIMENSIONS = 4096
_SHAPE_INPUT = {"Expand": 1, "Reshape": 1, "Tile": 1, "ConstantOfShape": 0, "CenterCropPad": 1, "Unsqueeze": 1}
"""Operator type -> which of its inputs lists sizes or dimensions."""


def check_ranks(where: str, model: Any) -> None:
    """Refuse models in which a long list of numbers is taken for a shape.

    Raises:
        InputError: names the node.
    """
    nodes: list[Any] = []
    long: set[str] = set()
    for graph in graphs_of(model.graph):
        nodes += graph.node
        long.update(t.name for t in graph.initializer if len(t.dims) == 1 and t.dims[0] > _MOST_DIMENSIONS)
        for values in (graph.input, graph.value_info, graph.output):
            for value in values:
                dims = value.type.tensor_type.shape.dim
                if len(dims) == 1 and dims[0].dim_value > _MOST_DIMENSIONS:
                    long.add(value.name)
    for node in nodes:
        if node.op_type == "Constant":
            values = next((a.t for a in node.attribute if a.name == "value"), None)
            if values is not None and len(values.dims) == 1 and values.dims[0] > _MOST_DIMENSIONS:
                long.update(node.output)
        place = _SHAPE_INPUT.get(node.op_type)
        if place is not None and long and len(node.input) > place and node.input[place] in long:
            found = f"'{node.input[place]}' has more than {_MOST_DIMENSIONS} numbers, and {node.op_type} takes them"
            raise InputError(f"{where}: node {node.name or node.op_type}", f"{found} for sizes", "a few sizes")
        if node.op_type in MOVES and node.op_type != "Shape" and long.intersection(node.input):
            long.update(node.output)


def graphs_of(graph: Any) -> Iterator[Any]:
    """A graph and the bodies of its nodes, at any depth."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for body in [attribute.g, *attribute.graphs]:
                if body.node:
                    yield from graphs_of(body)
