"""ONNX models as workloads: convolutions and matrix products cost something, every other node is free by default."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zigzag_lab.inputs.onnx_attention import without_attention
from zigzag_lab.inputs.onnx_branches import without_branches
from zigzag_lab.inputs.onnx_elementwise import reads_second
from zigzag_lab.inputs.onnx_file import Shape, Tensors, load_model, open_inputs_error, shape_text, tensors_of
from zigzag_lab.inputs.onnx_layers import read_free_layer, read_layer
from zigzag_lab.inputs.onnx_loops import without_loops
from zigzag_lab.inputs.onnx_node import OnnxNode
from zigzag_lab.inputs.onnx_operators import MOVES, RECURRENT, SECOND_INPUT, WEIGHT_INPUT, free_operations
from zigzag_lab.inputs.onnx_quantisation import Quantisation
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import FreeNode, Layer, Workload

if TYPE_CHECKING:
    from onnx import ModelProto


def read_onnx(
    source: str | Path | ModelProto,
    name: str | None = None,
    input_shapes: Mapping[str, Shape] | None = None,
    *,
    price_all: bool = False,
) -> Workload:
    """Read an ONNX model.

    Convolutions (also transposed ones), matrix products (also of integers), ``Einsum`` of two operands and recurrent
    cells become layers, all other nodes free nodes that say how many operations they leave out. An ``If`` becomes one
    of its branches (see :mod:`zigzag_lab.inputs.onnx_branches`), a ``Loop`` or ``Scan`` as many copies of its body as
    it runs (:mod:`zigzag_lab.inputs.onnx_loops`), an ``Attention`` its products. Ids are the indices of the nodes then.
    Operands have 8 bits and partial sums 16, unless a node's attributes ``weight_size``, ``act_size`` and
    ``output_size``, an integer operator or Q/DQ pairs say otherwise. Weights are not read, so they may be missing.

    Args:
        source: path of a ``.onnx`` file, or a model in memory, which is not changed.
        name: what to call the workload; the file's stem where absent.
        input_shapes: inputs of the model -> shapes to use instead of the declared ones.
        price_all: whether poolings, element-wise operators and reductions become layers too, of one operation an
            element; they are free in ZigZag.

    Raises:
        InputError: there is no such model, its shapes are open or unknown, or a node cannot be priced.
    """
    where, model = load_model(source)
    try:
        model = without_loops(where, _inlined(where, model), input_shapes)
        model = without_branches(where, model, input_shapes, lambda m: _macs(where, m, input_shapes))
        model = without_loops(where, model, input_shapes)
        return _read_model(where, model, name or _default_name(source, model), input_shapes, price_all)
    except UnicodeDecodeError:
        raise InputError(where, "a name in the model is not UTF-8 text", "an ONNX model", "Export it again.") from None


def _inlined(where: str, model: ModelProto) -> ModelProto:
    """The model with its own functions replaced by their bodies, where it has any."""
    if not model.functions:
        return without_attention(model)
    from onnx import inliner

    try:
        return without_attention(inliner.inline_local_functions(model))
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
        quantisation: what Q/DQ pairs say.
    """

    where: str
    nodes: Sequence[Any]
    names: Sequence[str]
    tensors: Tensors
    producers: dict[str, int]
    quantisation: Quantisation

    @classmethod
    def of(cls, where: str, model: ModelProto, input_shapes: Mapping[str, Shape] | None, *, strict: bool) -> _Graph:
        nodes = list(model.graph.node)
        needed = [t for node in nodes if _is_costly(node) for t in (*_operands(node).values(), *node.output[:1])]
        known = {i.name for i in model.graph.input} | {t.name for t in model.graph.initializer}
        made = {name for node in nodes for name in node.output if name}
        needed = [t for t in needed if t in made or t in known]
        wanted = [t for node in nodes if node.op_type not in MOVES for t in node.output[:1]]
        tensors = tensors_of(where, model, needed if strict else [], input_shapes, wanted if strict else ["?"])
        producers = {tensor: i for i, node in enumerate(nodes) for tensor in node.output if tensor}
        quantisation = Quantisation(nodes, producers, tensors.types)
        return cls(where, nodes, _unique_names(nodes), tensors, producers, quantisation)


def _is_costly(node: Any) -> bool:
    """Whether a node multiplies and accumulates, in a way that is understood."""
    return node.op_type in WEIGHT_INPUT and (node.op_type != "Einsum" or len(node.input) == 2)


def _operands(node: Any) -> dict[str, str]:
    """W and I of a node -> their tensors, where it has them."""
    second = {**WEIGHT_INPUT, **SECOND_INPUT}.get(
        node.op_type, 1 if reads_second(node.op_type, len(node.input)) else None
    )
    found = {} if second is None or len(node.input) <= second else {"W": node.input[second]}
    return {**found, **({"I": node.input[0]} if node.input else {})}


def _read_model(
    where: str, model: ModelProto, name: str, input_shapes: Mapping[str, Shape] | None, price_all: bool
) -> Workload:
    _check_nodes(where, model.graph.node, price_all=price_all)
    graph = _Graph.of(where, model, input_shapes, strict=True)
    workload = Workload(name, tuple(_node(graph, i, price_all) for i in range(len(graph.nodes))))
    try:
        layers = workload.layers  # finds cycles
    except InputError as error:
        raise InputError(f"{where}: {error.where}", error.found, error.expected, error.hint) from None
    if not layers:
        raise InputError(where, "no node can be priced", "convolutions, products, or operators on known shapes")
    return workload


def _node(graph: _Graph, i: int, price_all: bool) -> Layer | FreeNode:
    if _is_costly(graph.nodes[i]):
        return _layer(graph, i)
    return (_free_layer(graph, i) if price_all else None) or _free(graph, i)


def _macs(where: str, model: ModelProto, input_shapes: Mapping[str, Shape] | None) -> list[int]:
    """Multiply-accumulates of each node; 0 where it has none, or where they are not known."""
    try:
        graph = _Graph.of(where, model, input_shapes, strict=False)
    except InputError:
        return [0] * len(model.graph.node)
    counts = []
    for i, node in enumerate(graph.nodes):
        try:
            counts.append(_layer(graph, i).n_macs if _is_costly(node) and _has_operands(node) else 0)
        except InputError:
            counts.append(0)
    return counts


def _has_operands(node: Any) -> bool:
    return len(node.input) > WEIGHT_INPUT[node.op_type] and bool(node.output)


def _check_nodes(where: str, nodes: Sequence[Any], *, price_all: bool) -> None:
    if any(isinstance(text, bytes) for node in nodes for text in (node.op_type, node.name, *node.input, *node.output)):
        raise InputError(where, "a name in the model is not UTF-8 text", "an ONNX model", "Export it again.")
    costly = [(i, node) for i, node in enumerate(nodes) if _is_costly(node)]
    if not costly and not price_all:
        found = ", ".join(f"{op} ({n})" for op, n in Counter(node.op_type for node in nodes).most_common(12))
        raise InputError(
            where,
            f"no node costs anything; its operators are {found}",
            "one of " + ", ".join(WEIGHT_INPUT),
            "Element-wise operators and poolings are priced with --price-all.",
        )
    for i, node in costly:
        if not _has_operands(node):
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
    node, shapes = graph.nodes[i], graph.tensors.shapes
    sources = dict.fromkeys(graph.producers[tensor] for tensor in _reads(node) if tensor in graph.producers)
    output = shapes.get(node.output[0]) if node.output else None
    inputs = [shapes.get(tensor) for tensor in node.input]
    is_constant = graph.tensors.constants.issuperset(name for name in node.output if name)
    count = 0 if is_constant else free_operations(node.op_type, inputs, output, _kernel_shape(node))
    return FreeNode(i, graph.names[i], node.op_type, tuple(sources), count)


def _kernel_shape(node: Any) -> list[int]:
    return next((list(a.ints) for a in node.attribute if a.name == "kernel_shape"), [])


def _free_layer(graph: _Graph, i: int) -> Layer | None:
    """A node that is free by default as a layer; none where it moves data only, or its shapes are not known."""
    node, shapes = graph.nodes[i], graph.tensors.shapes
    tensors = [*node.input[:1], *node.output[:1]]
    if len(tensors) < 2 or any(t not in shapes for t in tensors) or node.op_type in MOVES:
        return None
    if graph.tensors.constants.issuperset(node.output):
        return None
    return read_free_layer(_onnx_node(graph, i), len(node.input))


def _reads(node: Any) -> Iterator[str]:
    """Tensors a node reads, those that the bodies of an ``If`` or a ``Loop`` take from outside included."""
    yield from node.input
    for attribute in node.attribute:
        for body in [attribute.g, *attribute.graphs]:
            for inner in body.node:
                yield from _reads(inner)


def _layer(graph: _Graph, i: int) -> Layer:
    return read_layer(_onnx_node(graph, i))


def _onnx_node(graph: _Graph, i: int) -> OnnxNode:
    node, tensors, operands = graph.nodes[i], graph.tensors, _operands(graph.nodes[i])
    variable = {op: t for op, t in operands.items() if t in graph.producers and t not in tensors.constants}
    where = f"{graph.where}: node {graph.names[i]}"
    unused = node.op_type in RECURRENT and not node.output[0]  # only the last state of a recurrent cell may be wanted
    return OnnxNode(
        where=where,
        id=i,
        name=graph.names[i],
        operator_type=node.op_type,
        attributes=_attributes(where, node),
        input_shape=_known_shape(graph, i, operands["I"]),
        output_shape=() if unused else _known_shape(graph, i, node.output[0]),
        weight_shape=tensors.shapes.get(operands["W"]) if "W" in operands else None,
        sources={op: graph.producers[tensor] for op, tensor in variable.items()},
        bits=graph.quantisation.bits(node, operands),
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
