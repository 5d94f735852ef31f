"""``Loop`` and ``Scan`` nodes whose iterations can be counted, replaced by as many copies of their bodies.

How often a loop runs must follow from shapes and constants. A condition that depends on the data counts as true for as
long as the largest number of iterations allows, which is the dearest way through. Other loops stay what they are: free
nodes with an unknown number of operations, listed as such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from onnx import GraphProto, NodeProto, TensorProto, helper

from zigzag_lab.inputs.onnx.branches import inlined
from zigzag_lab.inputs.onnx.file import OnnxModel, inference_of
from zigzag_lab.inputs.onnx.node import Shape
from zigzag_lab.inputs.onnx.shapes import Value

_LOOPS = ("Loop", "Scan")
_MOST_NODES = 20_000
_MOST_ROUNDS = 8
"""Loops within loops that are looked at."""

_UNSQUEEZE_BY_INPUT = 13
_SCAN_WITHOUT_BATCH = 9


def without_loops(model: OnnxModel) -> OnnxModel:
    """The model with each loop of a known number of iterations replaced by their nodes; the model itself where none is.

    Raises:
        InputError: an input shape is wrong.
    """
    if not any(node.op_type in _LOOPS for node in model.nodes):
        return model
    unrolled = _Unrolling(model.copy())
    for _ in range(_MOST_ROUNDS):
        if not unrolled.step():
            break
    return unrolled.model


class _Unrolling:
    """A model whose loops are replaced round by round."""

    def __init__(self, model: OnnxModel) -> None:
        self.model, self.opset, self.n_copies = model, model.opset, 0

    def step(self) -> bool:
        """Replace the loops that can be counted; false where none can."""
        nodes = list(self.model.nodes)
        known = inference_of(self.model)
        shapes, values = known.shapes, known.values
        flat: list[NodeProto] = []
        has_changed = False
        for node in nodes:
            n = _iterations(node, shapes, values, self.opset) if node.op_type in _LOOPS else None
            body = next((a.g for a in node.attribute if a.name == "body"), None)
            room = _MOST_NODES - len(nodes) - len(flat)
            if n is None or body is None or n * (len(body.node) + 8) > room or not _is_whole(node, body):
                flat.append(node)
                continue
            flat += self._copies(node, body, n)
            has_changed = True
        self.model.set_nodes(flat)
        return has_changed

    def _copies(self, node: NodeProto, body: GraphProto, n: int) -> list[NodeProto]:
        """The nodes of all iterations, and those that put their results together."""
        is_loop = node.op_type == "Loop"
        n_scanned = 0 if is_loop else _integer(node, "num_scan_inputs", 0)
        given = list(node.input[2:] if is_loop else node.input)
        carried, scanned = (
            (given, []) if is_loop else (given[: len(given) - n_scanned], given[len(given) - n_scanned :])
        )
        n_carried, axes = len(carried), _integers(node, "scan_input_axes", n_scanned)
        made: list[NodeProto] = []
        rows: list[list[str]] = []
        for i in range(n):
            prefix = f"{node.name or node.op_type}/{self.n_copies}"
            self.n_copies += 1
            made.append(_constant(f"{prefix}/iteration", i))
            slices = [f"{prefix}/slice_{s}" for s in range(n_scanned)]
            for source, axis, name in zip(scanned, axes, slices, strict=True):
                made.append(_node("Gather", [source, f"{prefix}/iteration"], name, axis=axis))
            heads = [f"{prefix}/iteration", node.input[1] or f"{prefix}/iteration"] if is_loop else []
            results = self._iteration(body, prefix, [*heads, *carried, *slices], made)
            results = results[1:] if is_loop else results
            carried = results[:n_carried]
            rows.append(results[n_carried:])
        made += [_node("Identity", [name], out) for name, out in zip(carried, node.output, strict=False) if out]
        out_axes = _integers(node, "scan_output_axes", len(body.output) - n_carried)
        for s, out in enumerate(node.output[n_carried:]):
            axis = 0 if is_loop else out_axes[s]
            made += self._stacked([row[s] for row in rows], out, axis) if out and rows else []
        return made

    def _iteration(self, body: GraphProto, prefix: str, inputs: Sequence[str], made: list[NodeProto]) -> list[str]:
        """Add the nodes of one iteration; hand back the names of its results."""
        given = {value.name: tensor for value, tensor in zip(body.input, inputs, strict=True)}
        nodes, names = inlined(self.model.proto.graph, body, lambda name: f"{prefix}/{name}", given)
        for node in nodes:
            node.name = f"{prefix}/{node.name}" if node.name else ""
        made += nodes
        return [names.get(value.name, value.name) for value in body.output]

    def _stacked(self, parts: Sequence[str], out: str, axis: int) -> list[NodeProto]:
        """The results of all iterations, one beside the other along a new axis."""
        made, rows = [], []
        for part in parts:
            row = f"{part}/row_of_{out}"
            rows.append(row)
            if self.opset < _UNSQUEEZE_BY_INPUT:
                made.append(_node("Unsqueeze", [part], row, axes=[axis]))
            else:
                made += [_constant(f"{row}/axis", axis, is_list=True), _node("Unsqueeze", [part, f"{row}/axis"], row)]
        return [*made, _node("Concat", rows, out, axis=axis)]


def _iterations(node: NodeProto, shapes: Mapping[str, Shape], values: Mapping[str, Value], opset: int) -> int | None:
    """How often a loop runs; none where that is not known."""
    if node.op_type == "Loop":
        condition = values.get(node.input[1]) if len(node.input) > 1 and node.input[1] else None
        if condition is not None and condition.size == 1 and not bool(condition.reshape(-1)[0]):
            return 0
        most = values.get(node.input[0]) if node.input else None
        return max(0, int(most.reshape(-1)[0])) if most is not None and most.size == 1 else None
    n_scanned = _integer(node, "num_scan_inputs", 0)
    if opset < _SCAN_WITHOUT_BATCH or not 0 < n_scanned <= len(node.input):
        return None
    axis = _integers(node, "scan_input_axes", n_scanned)[0]
    shape = shapes.get(node.input[len(node.input) - n_scanned])
    return shape[axis] if shape is not None and -len(shape) <= axis < len(shape) else None


def _is_whole(node: NodeProto, body: GraphProto) -> bool:
    """Whether a loop has the inputs and outputs that its body needs."""
    heads, n_given = (2, len(node.input)) if node.op_type == "Loop" else (0, len(node.input))
    n_scanned = 0 if heads else _integer(node, "num_scan_inputs", 0)
    n_carried = n_given - heads - n_scanned
    tails = 1 if heads else 0
    return (
        0 <= n_carried <= len(node.output) <= len(body.output) - tails
        and len(body.input) == n_given
        and all(len(_integers(node, name, n)) == n for name, n in (
            ("scan_input_axes", n_scanned), ("scan_output_axes", len(body.output) - tails - n_carried)))
    )  # fmt: skip


def _integer(node: NodeProto, key: str, default: int) -> int:
    return next((int(a.i) for a in node.attribute if a.name == key), default)


def _integers(node: NodeProto, key: str, n: int) -> list[int]:
    return next((list(a.ints) for a in node.attribute if a.name == key), [0] * max(0, n))


def _node(kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> NodeProto:
    return helper.make_node(kind, list(inputs), [output], **attributes)


def _constant(name: str, value: int, *, is_list: bool = False) -> NodeProto:
    tensor = helper.make_tensor("", TensorProto.INT64, [1] if is_list else [], [value])
    return helper.make_node("Constant", [], [name], value=tensor)
