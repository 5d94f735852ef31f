"""Shapes of tensors, and values of small ones, node by node: ONNX infers the one and computes the other.

Values are targets of reshapes, and what branches are chosen by. ONNX's own reference evaluator computes them, operator
by operator, wherever all inputs are known and small and the result is known to be small, too.

Each node is visited once, in the order of the model, with all that is known of what it reads. So a shape follows
from a value, a value from a shape, and neither from what was inferred before the sizes of the inputs were known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from math import prod
from typing import cast

import numpy as np
from numpy.typing import NDArray
from onnx import (
    GraphProto,
    ModelProto,
    NodeProto,
    OperatorSetIdProto,
    TensorProto,
    TypeProto,
    defs,
    helper,
    numpy_helper,
    shape_inference,
)

from zigzag_lab.inputs.onnx.einsum import einsum_shape
from zigzag_lab.inputs.onnx.free_operators import BINARY, MOVES, REDUCTIONS, UNARY, VARIADIC
from zigzag_lab.inputs.onnx.node import SHOWN_TYPE, Shape, operator_of

Value = NDArray[np.number]
"""A small tensor."""

Declared = tuple[int | str, ...] | None
"""A shape as it is declared: sizes, names of sizes that are open, ``?`` where there is no size; none if unknown."""

_MOST_DIMENSIONS = 4096
_SHAPE_INPUT = {"Expand": 1, "Reshape": 1, "Tile": 1, "ConstantOfShape": 0, "CenterCropPad": 1, "Unsqueeze": 1}
"""Operator -> which of its inputs lists sizes: ONNX would make as many dimensions, and be busy for ever."""

_INITIALIZERS_ALONE = 4
"""Version of ONNX from which an initializer need not be an input, too."""

_MOST_DEPTH = 8
"""Bodies within bodies that are looked into."""


class ShapeInference:
    """What is known of the tensors of a graph.

    Args:
        model: that the graph belongs to, for its versions.
        declared: tensor -> its type by the model's own word, for results that cannot be inferred.

    Attributes:
        types: tensor -> its type, as far as it is known.
        values: small tensors that do not depend on the data -> their values.
        problems: tensor -> why its shape could not be inferred, where ONNX says it.
    """

    def __init__(self, model: ModelProto, declared: Mapping[str, TypeProto]) -> None:
        ir_version = max(_INITIALIZERS_ALONE, model.ir_version)
        self._empty = ModelProto(ir_version=ir_version, opset_import=model.opset_import)
        self._empty.graph.name = "g"
        self._declared = declared
        self._depth = 0
        self.types: dict[str, TypeProto] = {}
        self.values: dict[str, Value] = {}
        self.problems: dict[str, str] = {}

    def shape(self, tensor: str) -> Shape | None:
        """The shape of a tensor; none where a size of it is open."""
        sizes = sizes_of(self.types[tensor]) if tensor in self.types else None
        return static(sizes)

    @property
    def shapes(self) -> dict[str, Shape]:
        """Tensor -> its shape, of those whose shape is known."""
        found = ((name, self.shape(name)) for name in self.types)
        return {name: shape for name, shape in found if shape is not None}

    def give_weights(self, graph: GraphProto) -> None:
        """Add the initializers of a graph."""
        for weight in graph.initializer:
            self.give_weight(weight)
        for sparse in graph.sparse_initializer:
            of = helper.make_tensor_type_proto(sparse.values.data_type, list(sparse.dims))
            self.types[sparse.values.name] = of

    def give_weight(self, weight: TensorProto, name: str | None = None) -> None:
        """Take in an initializer, or a constant under the name of the tensor that it is."""
        name = weight.name if name is None else name
        self.types[name] = helper.make_tensor_type_proto(weight.data_type, list(weight.dims))
        if (value := array_of(weight)) is not None:
            self.values[name] = value

    def add(self, node: NodeProto) -> None:
        """Add a node: the shapes and values of its results."""
        if operator_of(node) == "Constant" and self._constant(node):
            return
        self._infer(node)
        for name in node.output:
            of = self._declared.get(name)
            if of is not None and self.shape(name) is None and (static(sizes_of(of)) or name not in self.types):
                self.types[name] = of
        if operator_of(node) == node.op_type and not any(a.name == SHOWN_TYPE for a in node.attribute):
            self._compute(node)

    def _constant(self, node: NodeProto) -> bool:
        tensor = next((a.t for a in node.attribute if a.name == "value"), None)
        if tensor is None or len(node.output) != 1:
            return False
        self.give_weight(tensor, node.output[0])
        return True

    def _infer(self, node: NodeProto) -> None:
        bodies = [body for a in node.attribute for body in ([a.g] if a.HasField("g") else a.graphs)]
        if bodies:
            self._infer_bodies(node, bodies)
        elif node.op_type == "Einsum":
            self._infer_einsum(node)
        elif (count := self._count_of_sizes(node)) > _MOST_DIMENSIONS:
            self._note(node, f"{node.op_type} takes {count} numbers for sizes")
        else:
            self._infer_by_onnx(node)

    def _count_of_sizes(self, node: NodeProto) -> int:
        """How many numbers a node takes for sizes."""
        place = _SHAPE_INPUT.get(node.op_type)
        shape = self.shape(node.input[place]) if place is not None and len(node.input) > place else None
        return shape[0] if shape is not None and len(shape) == 1 else 0

    def _infer_by_onnx(self, node: NodeProto) -> None:
        model = ModelProto(ir_version=self._empty.ir_version, opset_import=self._versions(node))
        model.graph.name = "g"
        model.graph.node.append(node)
        for name in dict.fromkeys(node.input):
            if name in self.values:
                model.graph.initializer.append(numpy_helper.from_array(self.values[name], name))
            elif name in self.types:
                model.graph.input.add(name=name, type=self.types[name])
        for name in node.output:
            model.graph.output.add(name=name)
        try:
            found = shape_inference.infer_shapes(model, strict_mode=True)
        except Exception as error:  # the library raises what its C++ code throws, of any type
            self._note(node, " ".join(str(error).split()).rpartition("] ")[2][:200])
            try:
                found = shape_inference.infer_shapes(model)
            except Exception:
                return
        for value in found.graph.output:
            if value.name and value.type.WhichOneof("value"):
                self.types[value.name] = value.type
                negative = [d.dim_value for d in value.type.tensor_type.shape.dim if d.dim_value < 0]
                if negative:
                    self._note(node, f"it would have a size of {negative[0]}")

    def _versions(self, node: NodeProto) -> Sequence[OperatorSetIdProto]:
        """Versions of the operator sets: that of ONNX's own is raised for an operator that is newer.

        ONNX Runtime's optimiser writes a LayerNormalization of version 17 into models of any version.
        """
        given = list(self._empty.opset_import)
        version = max((o.version for o in given if o.domain in ("", "ai.onnx")), default=1)
        if node.domain not in ("", "ai.onnx") or defs.has(node.op_type, version, "") or not defs.has(node.op_type, ""):
            return given
        newer = helper.make_opsetid("", defs.get_schema(node.op_type, "").since_version)
        return [newer, *(o for o in given if o.domain not in ("", "ai.onnx"))]

    def _infer_einsum(self, node: NodeProto) -> None:
        shapes = [self.shape(name) for name in node.input]
        equation = next((a.s.decode(errors="replace") for a in node.attribute if a.name == "equation"), "")
        if not node.output or any(shape is None for shape in shapes):
            return
        try:
            sizes = einsum_shape(equation, [shape or () for shape in shapes])
        except ValueError as error:
            self._note(node, str(error))
            return
        of = self.types[node.input[0]].tensor_type.elem_type
        self.types[node.output[0]] = helper.make_tensor_type_proto(of, list(sizes))

    def _infer_bodies(self, node: NodeProto, bodies: Sequence[GraphProto]) -> None:
        """Results of a node with bodies that have the same shape whichever body runs, and however often."""
        heads = {"Loop": 2, "If": 0}.get(operator_of(node))
        if heads is None or self._depth >= _MOST_DEPTH:
            return
        carried = list(node.input[heads:]) if heads else []
        found = []
        for body in bodies:
            inner = self._inside(body, carried)
            results = [value.name for value in body.output][1 if heads else 0 :]
            found.append([inner.types.get(name) for name in results])
        for place, name in enumerate(node.output[: len(carried) if heads else None]):
            options = [types[place] if place < len(types) else None for types in found]
            if heads:
                options.append(self.types.get(carried[place]))
            shapes = {static(sizes_of(of)) if of is not None else None for of in options}
            if name and len(shapes) == 1 and None not in shapes and options[0] is not None:
                self.types[name] = options[0]

    def _inside(self, body: GraphProto, carried: Sequence[str]) -> ShapeInference:
        """What is known inside a body, its own names before those from outside."""
        inner = ShapeInference(self._empty, {value.name: value.type for value in body.value_info})
        inner._depth = self._depth + 1
        own = {name for node in body.node for name in node.output} | {value.name for value in body.input}
        inner.types = {name: of for name, of in self.types.items() if name not in own}
        inner.values = {name: value for name, value in self.values.items() if name not in own}
        for value, outside in zip(list(body.input)[2:], carried, strict=False):
            if outside in self.types:
                inner.types[value.name] = self.types[outside]
        inner.give_weights(body)
        for i in in_order(body.node):
            inner.add(body.node[i])
        return inner

    def _compute(self, node: NodeProto) -> None:
        if operator_of(node) in ("Shape", "Size"):
            sizes = sizes_of(self.types[node.input[0]]) if node.input and node.input[0] in self.types else None
            if sizes is None or not node.output:
                return
            value = shape_part(node, sizes)
            if node.op_type == "Size" and value is not None:
                value = value.prod()
            values = None if value is None else [value]
        elif all(not name or name in self.values for name in node.input):
            inputs = [self.values.get(name) for name in node.input]
            results = [self.shape(name) for name in node.output if name]
            values = computed(node, inputs, results, list(self._empty.opset_import))
        else:
            return
        for name, value in zip([name for name in node.output if name], values or (), strict=False):
            if value.size <= MOST_ELEMS:
                self._give_value(name, value)

    def _give_value(self, tensor: str, value: Value) -> None:
        self.values[tensor] = value
        self.types[tensor] = helper.make_tensor_type_proto(helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)

    def _note(self, node: NodeProto, problem: str) -> None:
        self.problems.update((name, problem) for name in node.output if name)


def sizes_of(of: TypeProto) -> Declared:
    """The sizes of a type; none where it is no tensor, or has no shape."""
    tensor = of.tensor_type
    if of.WhichOneof("value") != "tensor_type" or not tensor.HasField("shape"):
        return None
    return tuple(d.dim_value if d.HasField("dim_value") else d.dim_param or "?" for d in tensor.shape.dim)


def static(sizes: Declared) -> Shape | None:
    """A shape without open sizes; none where there are some."""
    if sizes is None or not all(isinstance(size, int) and size >= 0 for size in sizes):
        return None
    return tuple(int(size) for size in sizes)


def in_order(nodes: Sequence[NodeProto]) -> list[int]:
    """Indices of nodes, producers before consumers, otherwise in their order; those in cycles come last."""
    producers = {name: i for i, node in enumerate(nodes) for name in node.output if name}
    waits = [{producers[name] for name in reads(node) if name in producers} - {i} for i, node in enumerate(nodes)]
    if all(max(before, default=-1) < i for i, before in enumerate(waits)):
        return list(range(len(nodes)))
    import networkx as nx

    graph = nx.DiGraph((before, i) for i, all_before in enumerate(waits) for before in all_before)
    graph.add_nodes_from(range(len(nodes)))
    ordered = list[int]()
    with suppress(nx.NetworkXUnfeasible):  # raised behind the last node that waits for no cycle
        ordered.extend(nx.lexicographical_topological_sort(graph))
    return ordered + sorted(set(range(len(nodes))) - set(ordered))


def reads(node: NodeProto) -> Iterator[str]:
    """Tensors a node reads, those that its bodies take from outside included."""
    yield from node.input
    for attribute in node.attribute:
        for body in [attribute.g, *attribute.graphs]:
            for inner in body.node:
                yield from reads(inner)


def ancestors(
    nodes: Sequence[NodeProto], producers: Mapping[str, int], tensors: Iterable[str]
) -> tuple[set[int], set[str]]:
    """The nodes that some tensors depend on, and all tensors that those read."""
    pending, found, seen = list(tensors), set[int](), set[str]()
    while pending:
        tensor = pending.pop()
        if tensor in seen:
            continue
        seen.add(tensor)
        if tensor in producers and producers[tensor] not in found:
            found.add(producers[tensor])
            pending += reads(nodes[producers[tensor]])
    return found, seen


MOST_ELEMS = 256
_MOST_BYTES = 4096
_BOUNDED_BY_INPUT = frozenset(("NonZero", "Unique", "Compress"))
"""Operators whose results have no shape before they are computed, but are no larger than what they read."""

_COMPUTED = (
    (MOVES | BINARY | VARIADIC | REDUCTIONS | UNARY | _BOUNDED_BY_INPUT | {"MatMul", "TopK"})
    - {"Dropout", "Col2Im", "LRN", "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike"}
)  # fmt: skip
_NUMBERS = "biuf"


def array_of(tensor: TensorProto) -> Value | None:
    """The value of an initializer as an array; none where it is large, no number, or in another file."""
    kinds = (TensorProto.UNDEFINED, TensorProto.STRING)
    if tensor.data_type in kinds or tensor.external_data or prod(max(0, d) for d in tensor.dims) > MOST_ELEMS:
        return None
    try:
        value = numpy_helper.to_array(tensor) if tensor.ByteSize() <= _MOST_BYTES else None
    except Exception:  # a damaged tensor: what its readers raise depends on the version
        return None
    return value if value is not None and value.dtype.kind in _NUMBERS else None


def shape_part(node: NodeProto, shape: Sequence[int | str]) -> Value | None:
    """What a ``Shape`` gives for a tensor of this shape; none where a size that it takes is not known."""
    given = {a.name: a.i for a in node.attribute}
    part = shape[given.get("start", 0) : given.get("end")]
    return np.array(part, dtype=np.int64) if all(isinstance(size, int) for size in part) else None


def computed(
    node: NodeProto,
    inputs: Sequence[Value | None],
    results: Sequence[Sequence[int] | None],
    opsets: Sequence[OperatorSetIdProto],
) -> list[Value] | None:
    """The results of a node as arrays, in their order; none where they are large, unknown, or make no sense.

    Args:
        node: the node.
        inputs: values of what it reads, none for those left out.
        results: shapes of its results, as far as they are known.
        opsets: versions of the operator sets.
    """
    known = [prod(shape) for shape in results if shape is not None]
    if node.op_type not in _COMPUTED or not (node.op_type in _BOUNDED_BY_INPUT or len(known) == len(results)):
        return None
    if max(known, default=0) > MOST_ELEMS:
        return None
    try:
        with np.errstate(all="ignore"):
            values = [np.asarray(value) for value in _evaluated(node, inputs, opsets)]
    except Exception:  # whatever the evaluator raises for operands that make no sense
        return None
    return values if all(v.dtype.kind in _NUMBERS and v.size <= MOST_ELEMS for v in values) else None


def _evaluated(
    node: NodeProto, inputs: Sequence[Value | None], opsets: Sequence[OperatorSetIdProto]
) -> Sequence[Value]:
    from onnx.reference import ReferenceEvaluator

    if node.op_type == "Div" and all(value is not None and value.dtype.kind in "iu" for value in inputs):
        over, under = (value for value in inputs if value is not None)
        quotient = np.abs(over) // np.abs(under)  # ONNX truncates; its evaluator did not always
        return [(np.sign(over) * np.sign(under) * quotient).astype(over.dtype)] if under.all() else []
    names = [name for name in node.input if name]
    made = [name for name in node.output if name]
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info(name, 0, None) for name in dict.fromkeys(names)],
        [helper.make_tensor_value_info(name, 0, None) for name in made],
    )
    model = helper.make_model(graph, opset_imports=opsets)
    given = {name: value for name, value in zip(node.input, inputs, strict=True) if name}
    return cast("list[Value]", ReferenceEvaluator(model).run(None, given))
