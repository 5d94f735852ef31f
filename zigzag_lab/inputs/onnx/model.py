"""ONNX models as workloads: convolutions and matrix products cost something, every other node is free by default."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from onnx import ModelProto, NodeProto, helper, inliner

from zigzag_lab.inputs.onnx.branches import without_branches
from zigzag_lab.inputs.onnx.file import OnnxModel, before_nodes, load_model
from zigzag_lab.inputs.onnx.free_operators import GLOBAL_POOLS, MOVES, POOLS, elementwise, free_operations
from zigzag_lab.inputs.onnx.graph import OnnxGraph
from zigzag_lab.inputs.onnx.loops import without_loops
from zigzag_lab.inputs.onnx.node import OnnxNode, Shape, operator_of, shown_type
from zigzag_lab.inputs.onnx.operators.windows import pooling
from zigzag_lab.inputs.onnx.registry import (
    LEFT_OUT,
    LEFT_OUT_RULES,
    PRODUCT_RULES,
    PRODUCTS,
    RULES,
    TRANSFORM_RULES,
)
from zigzag_lab.inputs.onnx.replacement import NotReplaceableError, Replacement, Rule
from zigzag_lab.inputs.onnx.shapes import ShapeInference, in_order, reads
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.options import PRICE_ALL
from zigzag_lab.workload import FreeNode, Layer, Workload


def read_onnx(
    source: str | Path | ModelProto,
    name: str | None = None,
    input_shapes: Mapping[str, Shape] | None = None,
    *,
    price_all: bool = PRICE_ALL.default,
) -> Workload:
    """Read an ONNX model.

    Convolutions (also transposed ones), matrix products (also of integers), ``Einsum`` and recurrent cells become
    layers, all other nodes free nodes with the number of operations they leave out. Operators that stand for several of
    these, and those of ONNX Runtime, are replaced by them first (:func:`expanded`). An ``If`` becomes one of its
    branches (:mod:`zigzag_lab.inputs.onnx.branches`), a ``Loop`` or ``Scan`` as many copies of its body as it runs
    (:mod:`zigzag_lab.inputs.onnx.loops`). Ids are the indices of the nodes then.
    Operands have 8 bits and partial sums 16, unless a node's attributes ``weight_size``, ``act_size`` and
    ``output_size``, an integer operator or Q/DQ pairs set others. Weights are not read, so they may be missing.

    Args:
        source: path of a ``.onnx`` file, or a model in memory, which is not changed.
        name: what to call the workload; the file's stem where absent.
        input_shapes: inputs of the model -> shapes to use instead of the declared ones.
        price_all: whether poolings, element-wise operators and reductions become layers too, of one operation an
            element; they are free in ZigZag.

    Raises:
        InputError: there is no such model, its shapes are open or unknown, or a node cannot be priced.
    """
    model = load_model(source, input_shapes)
    try:
        for step in (_inlined, without_loops, partial(without_branches, macs_of=_macs), without_loops):
            model, _ = expanded(step(model))
        model, _ = expanded(model, price_all=price_all)
        name = name or (Path(source).stem if isinstance(source, (str, Path)) else model.proto.graph.name or "onnx")
        if _are_texts(model.nodes):
            return _read_model(model, name, price_all)
    except UnicodeDecodeError:
        pass
    raise InputError(model.where, "a name in the model is not UTF-8 text", "an ONNX model", "Export it again.")


def expanded(model: OnnxModel, *, price_all: bool = PRICE_ALL.default) -> tuple[OnnxModel, list[int]]:
    """The model with ONNX's own operators in the place of those that stand for several, or come from elsewhere.

    Args:
        model: the model, which is handed back where nothing is replaced.
        price_all: whether transforms become products, too.

    Returns:
        The model, and for each of its nodes the index of the one it stands for.
    """
    rules = {**RULES, **LEFT_OUT_RULES, **(TRANSFORM_RULES if price_all else {})}
    nodes = list(model.nodes)
    if not any(operator_of(node) in rules and _is_asked(node) for node in nodes):
        return model, list(range(len(nodes)))
    known, copy = before_nodes(model), model.copy()
    places = {i: _replacement(nodes[i], rules, known, model.opset) for i in in_order(nodes)}
    for place in places.values():
        copy.proto.graph.initializer.extend(place.weights)
        copy.proto.graph.value_info.extend(place.declared)
    copy.set_nodes(new for i in range(len(nodes)) for new in places[i].nodes)
    return copy, [i for i in range(len(nodes)) for _ in places[i].nodes]


def _replacement(node: NodeProto, rules: Mapping[str, Rule], known: ShapeInference, opset: int) -> Replacement:
    """Return what stands in the place of a node; the node itself where no rule applies to it."""
    place = Replacement(node, known, opset)
    if operator_of(node) in rules and _is_asked(node):
        try:
            rules[operator_of(node)](place)
            return place
        except NotReplaceableError:
            place = Replacement(node, known, opset)
    place.keep(node)
    return place


def _is_asked(node: NodeProto) -> bool:
    return operator_of(node) != "Einsum" or len(node.input) > 2


def _inlined(model: OnnxModel) -> OnnxModel:
    """The model with its own functions replaced by their bodies, where it has any."""
    if not model.proto.functions:
        return model
    try:
        return replace(model, proto=inliner.inline_local_functions(model.proto))
    except Exception as error:  # the library raises what its C++ code throws, of any type
        reason = " ".join(str(error).split())[:300]
        raise InputError(model.where, f"its functions cannot be inlined: {reason}", "a valid model") from None


def _read_model(model: OnnxModel, name: str, price_all: bool) -> Workload:
    graph = OnnxGraph(model)
    graph.require_lengths_of_loops()
    _check_nodes(graph, price_all=price_all)
    workload = Workload(name, tuple(_node(graph, i, price_all) for i in range(len(graph.nodes))))
    try:
        layers = workload.layers  # finds cycles
    except InputError as error:
        raise error.within(model.where) from None
    if not layers:
        raise InputError(model.where, "no node can be priced", "convolutions, products, or operators on known shapes")
    return workload


def _are_texts(nodes: Sequence[NodeProto]) -> bool:
    return not any(
        isinstance(text, bytes)
        for node in nodes
        for text in (node.op_type, node.domain, node.name, *node.input, *node.output)
    )


def _node(graph: OnnxGraph, i: int, price_all: bool) -> Layer | FreeNode:
    if graph.kinds[i] in PRODUCT_RULES:  # not replaced, so its shapes are not known, or it has none that are
        for tensor in filter(None, graph.nodes[i].input):
            graph.known_shape(i, tensor)
    if graph.is_costly(i) and not _is_empty(graph, i):
        return _layer(graph, i)
    return (_free_layer(graph, i) if price_all else None) or _free(graph, i)


def _layer(graph: OnnxGraph, i: int) -> Layer:
    return PRODUCTS[graph.kinds[i]].read(_onnx_node(graph, i))


def _is_empty(graph: OnnxGraph, i: int) -> bool:
    """Whether a node reads or makes a tensor without elements."""
    tensors = (*graph.operands(i).values(), *graph.nodes[i].output[:1])
    return any(0 in graph.tensors.shapes.get(tensor, ()) for tensor in tensors)


def _macs(model: OnnxModel) -> list[int]:
    """Multiply-accumulates of each node; 0 where it has none, or where they are not known."""
    counts = [0] * len(model.nodes)
    try:
        model, origins = expanded(model)
        graph = OnnxGraph(model)
    except InputError:
        return counts
    for i, origin in enumerate(origins):
        try:
            if graph.is_costly(i) and graph.has_operands(i):
                counts[origin] += _layer(graph, i).n_macs
        except InputError:
            continue
    return counts


def _check_nodes(graph: OnnxGraph, *, price_all: bool) -> None:
    costly = [i for i in range(len(graph.nodes)) if graph.is_costly(i)]
    if not costly and not price_all and not any(kind in PRODUCT_RULES for kind in graph.kinds):
        counts = Counter(shown_type(node) for node in graph.nodes)
        found = ", ".join(f"{op} ({n})" for op, n in counts.most_common(12))
        why = "".join(f" {op} is not priced: {LEFT_OUT[op]}." for op in counts if op in LEFT_OUT)
        if graph.open_loops():
            why += " How often its loops run follows from the data: make their lengths constants."
        raise InputError(
            graph.where,
            f"no node costs anything; its operators are {found}",
            "one of " + ", ".join(PRODUCTS),
            f"Element-wise operators, poolings and transforms are priced with --price-all.{why}",
        )
    for i in costly:
        if not graph.has_operands(i):
            node = graph.nodes[i]
            found = f"{node.op_type} has {len(node.input)} inputs and {len(node.output)} outputs"
            expected = f"at least {PRODUCTS[node.op_type].weight_input + 1} inputs and one output"
            raise InputError(f"{graph.where}: node {node.name or i}", found, expected, "Export the model again.")


def _free(graph: OnnxGraph, i: int) -> FreeNode:
    node, shapes = graph.nodes[i], graph.tensors.shapes
    sources = dict.fromkeys(graph.producers[tensor] for tensor in reads(node) if tensor in graph.producers)
    output = shapes.get(node.output[0]) if node.output else None
    inputs = [shapes.get(tensor) for tensor in node.input]
    is_constant = graph.tensors.constants.issuperset(name for name in node.output if name)
    kind, kernel = graph.kinds[i], next((list(a.ints) for a in node.attribute if a.name == "kernel_shape"), [])
    count = 0 if is_constant else free_operations(kind, inputs, output, kernel, multiplies=kind in PRODUCTS)
    return FreeNode(i, graph.names[i], shown_type(node), tuple(sources), count)


def _free_layer(graph: OnnxGraph, i: int) -> Layer | None:
    """A node that is free by default as a layer; none where it moves data only, or its shapes are not known."""
    node, shapes = graph.nodes[i], graph.tensors.shapes
    tensors = [*node.input[:1], *node.output[:1]]
    if len(tensors) < 2 or any(t not in shapes for t in tensors) or graph.kinds[i] in MOVES:
        return None
    if graph.tensors.constants.issuperset(node.output):
        return None
    if graph.kinds[i] in (*POOLS, *GLOBAL_POOLS):
        return pooling(_onnx_node(graph, i))
    return elementwise(_onnx_node(graph, i), len(node.input))


def _onnx_node(graph: OnnxGraph, i: int) -> OnnxNode:
    node, tensors, operands = graph.nodes[i], graph.tensors, graph.operands(i)
    variable = {op: t for op, t in operands.items() if t in graph.producers and t not in tensors.constants}
    where = f"{graph.where}: node {graph.names[i]}"
    kind = PRODUCTS.get(graph.kinds[i])
    # only the last state of a recurrent cell may be wanted
    unused = kind is not None and kind.is_recurrent and not node.output[0]
    return OnnxNode(
        where=where,
        id=i,
        name=graph.names[i],
        operator_type=graph.kinds[i],
        attributes=_attributes(where, node),
        input_shape=graph.known_shape(i, operands["I"]),
        output_shape=() if unused else graph.known_shape(i, node.output[0]),
        weight_shape=tensors.shapes.get(operands["W"]) if "W" in operands else None,
        sources={op: graph.producers[tensor] for op, tensor in variable.items()},
        bits=graph.quantisation.bits(node, operands),
    )


def _attributes(where: str, node: NodeProto) -> dict[str, object]:
    try:
        return {a.name: helper.get_attribute_value(a) for a in node.attribute}
    except (ValueError, TypeError) as error:
        raise InputError(where, f"an attribute cannot be read: {error}", "an ONNX node", "Export it again.") from None
