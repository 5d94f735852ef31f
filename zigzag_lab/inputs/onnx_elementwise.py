"""Operators beside the products, as layers for whoever asks for them: one operation an element, without reuse."""

from __future__ import annotations

from math import prod
from typing import Any

from zigzag_lab.inputs.onnx_node import OnnxNode
from zigzag_lab.inputs.onnx_operators import ADDITIONS, BINARY, REDUCTIONS, UNARY, VARIADIC, Shape
from zigzag_lab.workload import Layer

_NAMES: dict[int, tuple[str, ...]] = {
    0: (),
    1: ("G",),
    2: ("B", "G"),
    3: ("B", "G", "OX"),
    4: ("B", "G", "OY", "OX"),
    5: ("B", "G", "OZ", "OY", "OX"),
}
"""Loops over the dimensions of a tensor, by how many it has: batch, channels, depth, height, width."""


def reads_second(operator_type: str, n_inputs: int) -> bool:
    """Whether the second input of a node is an operand of its own."""
    return operator_type in BINARY or (operator_type in VARIADIC and n_inputs == 2)


def elementwise(node: OnnxNode, n_inputs: int) -> Layer | None:
    """The layer of an element-wise operator or a reduction; none where it is neither, or does nothing.

    Args:
        node: the node.
        n_inputs: how many tensors it reads.
    """
    if 0 in node.input_shape or 0 in node.output_shape:
        return None
    if node.operator_type in REDUCTIONS:
        kept, all_of_it = prod(node.output_shape), prod(node.input_shape)
        return _reduction(node, ("G",), (kept,), max(1, all_of_it // kept))
    names, sizes = _loops(node.output_shape)
    if node.operator_type in VARIADIC and n_inputs > 2:
        return _reduction(node, names, sizes, n_inputs)
    if node.operator_type in UNARY and node.input_shape == node.output_shape:
        return _reduction(node, names, sizes, 1)
    if reads_second(node.operator_type, n_inputs) and node.weight_shape is not None:
        return _binary(node, names, sizes, node.weight_shape)
    return None


def _loops(shape: Shape) -> tuple[tuple[str, ...], Shape]:
    """Names and sizes of loops over a tensor; dimensions beyond five are folded into the batch."""
    if not shape:
        return ("G",), (1,)
    folded = shape if len(shape) <= 5 else (prod(shape[:-4]), *shape[-4:])
    return _NAMES[len(folded)], folded


def _reduction(node: OnnxNode, names: tuple[str, ...], sizes: Shape, n_each: int) -> Layer:
    """``O[..] += I[..][c]``: each result out of ``n_each`` elements."""
    more = ("C",) if n_each > 1 else ()
    loops = {**dict(zip(names, sizes, strict=True)), **dict.fromkeys(more, n_each)}
    return node.layer({"O": names, "I": (*names, *more)}, loops)


def _binary(node: OnnxNode, names: tuple[str, ...], sizes: Shape, second: Shape) -> Layer | None:
    """``O[..] += I[..] * W[..]``: an operand is not indexed with what it is broadcast along."""
    dims: dict[str, tuple[str, ...]] = {"O": names}
    for operand, shape in (("I", node.input_shape), ("W", second)):
        aligned = (1,) * (max(len(node.output_shape), 1) - len(shape)) + shape
        own = aligned if len(aligned) <= 5 else (prod(aligned[:-4]), *aligned[-4:])
        if len(own) != len(names):
            return None
        pairs = zip(names, sizes, own, strict=True)
        dims[operand] = tuple(name for name, size, n in pairs if n > 1 or size == 1)
    combine: dict[str, Any] = {"combine": "+"} if node.operator_type in ADDITIONS else {}
    return node.layer(dims, dict(zip(names, sizes, strict=True)), **combine)
