"""ONNX models as workloads: convolutions and matrix products cost something, every other node is free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zigzag_lab.inputs.onnx_file import Shape, Tensors, load_model, open_inputs_error, shape_text, tensors_of
from zigzag_lab.inputs.onnx_layers import WEIGHT_INPUT, OnnxNode, read_layer
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import FreeNode, Layer, Workload

if TYPE_CHECKING:
    from onnx import ModelProto


def read_onnx(
    source: str | Path | ModelProto,
    name: str | None = None,
    input_shapes: Mapping[str, Shape] | None = None,
) -> Workload:
    """Read an ONNX model.

    ``Conv``, ``QLinearConv``, ``Gemm`` and ``MatMul`` become layers, all other nodes free nodes. Ids are the indices
    of the nodes. Operands have 8 bits and partial sums 16, unless a node's attributes ``weight_size``, ``act_size``
    and ``output_size`` say otherwise. Weights are not read, so they may be missing.

    Args:
        source: path of a ``.onnx`` file, or a model in memory, which is not changed.
        name: what to call the workload; the file's stem where absent.
        input_shapes: inputs of the model -> shapes to use instead of the declared ones.

    Raises:
        InputError: there is no such model, its shapes are open or unknown, or a node cannot be priced.
    """
    where, model = load_model(source)
    try:
        model = _inlined(where, model)
        return _read_model(where, model, name or _default_name(source, model), input_shapes)
    except UnicodeDecodeError:
        raise InputError(where, "a name in the model is not UTF-8 text", "an ONNX model", "Export it again.") from None


def _inlined(where: str, model: ModelProto) -> ModelProto:
    """The model with its own functions replaced by their bodies, where it has any."""
    if not model.functions:
        return model
    from onnx import inliner

    try:
        return inliner.inline_local_functions(model)
    except Exception as error:  # the library raises what its C++ code throws, of any type
        reason = " ".join(str(error).split())[:300]
        raise InputError(where, f"its functions cannot be inlined: {reason}", "a valid model") from None


def _default_name(source: object, model: ModelProto) -> str:
    return Path(source).stem if isinstance(source, (str, Path)) else model.graph.name or "onnx"


@dataclass(frozen=True)
class _Graph:
    """A model's graph, and what is known about it.

    Attributes:
        where: the file, for messages.
        nodes: in the order of the model.
        names: of the nodes, unique.
        tensors: shapes, inputs and constants.
        producers: tensor -> index of the node that makes it.
    """

    where: str
    nodes: Sequence[Any]
    names: Sequence[str]
    tensors: Tensors
    producers: dict[str, int]


def _read_model(where: str, model: ModelProto, name: str, input_shapes: Mapping[str, Shape] | None) -> Workload:
    nodes = list(model.graph.node)
    costly = {i: node for i, node in enumerate(nodes) if node.op_type in WEIGHT_INPUT}
    _check_nodes(where, nodes, costly)
    needed = [tensor for node in costly.values() for tensor in (node.input[0], node.output[0])]
    tensors = tensors_of(where, model, needed, input_shapes)
    producers = {tensor: i for i, node in enumerate(nodes) for tensor in node.output if tensor}
    graph = _Graph(where, nodes, _unique_names(nodes), tensors, producers)
    workload = Workload(name, tuple(_layer(graph, i) if i in costly else _free(graph, i) for i in range(len(nodes))))
    try:
        _ = workload.layers  # finds cycles
    except InputError as error:
        raise InputError(f"{where}: {error.where}", error.found, error.expected, error.hint) from None
    return workload


def _check_nodes(where: str, nodes: Sequence[Any], costly: Mapping[int, Any]) -> None:
    if not costly:
        found = ", ".join(f"{op} ({n})" for op, n in Counter(node.op_type for node in nodes).most_common(12))
        raise InputError(
            where, f"no node costs anything; its operators are {found}", "one of " + ", ".join(WEIGHT_INPUT)
        )
    for i, node in costly.items():
        if len(node.input) <= WEIGHT_INPUT[node.op_type] or not node.output:
            found = f"{node.op_type} has {len(node.input)} inputs and {len(node.output)} outputs"
            expected = f"at least {WEIGHT_INPUT[node.op_type] + 1} inputs and one output"
            raise InputError(f"{where}: node {node.name or i}", found, expected, "Export the model again.")


def _unique_names(nodes: Sequence[Any]) -> list[str]:
    """Names as in the model, ``Op{i}`` where there is none, and a suffix where one stands twice."""
    given = {node.name for node in nodes}
    names: dict[str, None] = {}
    for i, node in enumerate(nodes):
        base = name = node.name or f"Op{i}"
        suffix = 2
        while name in names or (name in given and name != node.name):
            name, suffix = f"{base}_{suffix}", suffix + 1
        names[name] = None
    return list(names)


def _free(graph: _Graph, i: int) -> FreeNode:
    node = graph.nodes[i]
    sources = dict.fromkeys(graph.producers[tensor] for tensor in _reads(node) if tensor in graph.producers)
    return FreeNode(i, graph.names[i], node.op_type, tuple(sources))


def _reads(node: Any) -> Iterator[str]:
    """Tensors a node reads, those that the bodies of an ``If`` or a ``Loop`` take from outside included."""
    yield from node.input
    for attribute in node.attribute:
        for body in [attribute.g, *attribute.graphs]:
            for inner in body.node:
                yield from _reads(inner)


def _layer(graph: _Graph, i: int) -> Layer:
    node, tensors = graph.nodes[i], graph.tensors
    operands = {"W": node.input[WEIGHT_INPUT[node.op_type]], "I": node.input[0]}
    variable = {op: t for op, t in operands.items() if t in graph.producers and t not in tensors.constants}
    where = f"{graph.where}: node {graph.names[i]}"
    return read_layer(
        OnnxNode(
            where=where,
            id=i,
            name=graph.names[i],
            operator_type=node.op_type,
            attributes=_attributes(where, node),
            input_shape=_known_shape(graph, i, operands["I"]),
            output_shape=_known_shape(graph, i, node.output[0]),
            weight_shape=tensors.shapes.get(operands["W"]),
            sources={op: graph.producers[tensor] for op, tensor in variable.items()},
        )
    )


def _attributes(where: str, node: Any) -> dict[str, Any]:
    from onnx import helper

    try:
        return {a.name: helper.get_attribute_value(a) for a in node.attribute}
    except (ValueError, TypeError) as error:
        raise InputError(where, f"an attribute cannot be read: {error}", "an ONNX node", "Export it again.") from None


def _known_shape(graph: _Graph, i: int, tensor: str) -> Shape:
    """The shape of a tensor that node ``i`` reads or makes."""
    shape = graph.tensors.shapes.get(tensor)
    if shape is not None:
        return shape
    error = open_inputs_error(graph.where, graph.tensors)
    if error is not None:
        raise error
    maker = ""
    if tensor in graph.producers:
        made_by = graph.nodes[graph.producers[tensor]]
        shapes = ", ".join(shape_text(graph.tensors.shapes.get(t)) for t in made_by.input if t)
        maker = f", made by node {graph.producers[tensor]} ({made_by.op_type}) from {shapes or 'nothing'},"
    raise InputError(
        f"{graph.where}: node {graph.names[i]}",
        f"the shape of tensor '{tensor}'{maker} is not fixed by the model, not even after shape inference",
        "fixed sizes",
        "Pass shapes of the inputs (--input-shape NAME=1,3,224,224), or export the model with its shapes.",
    )
