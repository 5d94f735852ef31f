"""A model's graph with inferred shapes, and bits by Q/DQ pairs; errors name the inputs that are missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from onnx import NodeProto, TensorProto

from zigzag_lab.inputs.onnx.file import OnnxModel, open_inputs_error, tensors_of
from zigzag_lab.inputs.onnx.free_operators import MOVES, PASSES_ON, reads_second
from zigzag_lab.inputs.onnx.node import Shape, operator_of, shape_text
from zigzag_lab.inputs.onnx.registry import LEFT_OUT, PRODUCT_RULES, PRODUCTS
from zigzag_lab.inputs.onnx.shapes import ancestors
from zigzag_lab.vocab import FINAL_OUTPUT, OUTPUT, InputError


class OnnxGraph:
    """A model's graph, and what is known about it.

    Attributes:
        where: the file, for messages.
        nodes: in the order of the model.
        kinds: the operator of each node (:func:`~zigzag_lab.inputs.onnx.node.operator_of`).
        names: of the nodes, unique.
        tensors: shapes, inputs and constants.
        producers: tensor -> index of the node that makes it.
        quantisation: bits by Q/DQ pairs.

    Args:
        model: the model; shapes that matter are inferred where it lacks them.

    Raises:
        InputError: a given shape is wrong.
    """

    def __init__(self, model: OnnxModel) -> None:
        self.where, self.nodes, graph = model.where, list(model.nodes), model.proto.graph
        self.kinds = [operator_of(node) for node in self.nodes]
        self.names = _unique_names(self.nodes)
        self.producers = {tensor: i for i, node in enumerate(self.nodes) for tensor in node.output if tensor}
        known = {i.name for i in graph.input} | {t.name for t in graph.initializer} | set(self.producers)
        needed = (t for i, kind in enumerate(self.kinds) if kind not in MOVES for t in self._deciding(i))
        self.tensors = tensors_of(model, [t for t in needed if t in known])
        self.quantisation = Quantisation(self.nodes, self.producers, self.tensors.types)

    def is_costly(self, i: int) -> bool:
        """Whether a node multiplies and accumulates, in a way that is understood."""
        return self.kinds[i] in PRODUCTS and (self.kinds[i] != "Einsum" or len(self.nodes[i].input) == 2)

    def has_operands(self, i: int) -> bool:
        """Whether a node that multiplies has what it takes to."""
        return len(self.nodes[i].input) > PRODUCTS[self.kinds[i]].weight_input and bool(self.nodes[i].output)

    def operands(self, i: int) -> dict[str, str]:
        """W and I of a node -> their tensors, where it has them."""
        kind, inputs = self.kinds[i], self.nodes[i].input
        second = PRODUCTS[kind].weight_input if kind in PRODUCTS else 1
        has_second = len(inputs) > second and (kind in PRODUCTS or reads_second(kind, len(inputs)))
        return {**({"W": inputs[second]} if has_second else {}), **({"I": inputs[0]} if inputs else {})}

    def _deciding(self, i: int) -> list[str]:
        """Tensors whose shapes decide the operations of a node."""
        return [*(self.operands(i).values() if self.is_costly(i) else ()), *self.nodes[i].output[:1]]

    def known_shape(self, i: int, tensor: str) -> Shape:
        """The shape of a tensor that node ``i`` reads or makes.

        Raises:
            InputError: it is not known: asks for the inputs that it depends on, or names the operator that hides it.
        """
        shape = self.tensors.shapes.get(tensor)
        if shape is not None:
            return shape
        before, among = ancestors(self.nodes, self.producers, [tensor])
        if open_inputs_error(self.where, self.tensors.inputs, among) is not None:
            costly = [j for j, kind in enumerate(self.kinds) if self.is_costly(j) or kind in PRODUCT_RULES]
            wanted = [tensor, *(name for j in costly for name in self.nodes[j].input)]
            self._require_sizes_of_inputs(wanted)
        made = ((j, filter(None, self.nodes[j].output)) for j in sorted(before))
        first = next((j for j, names in made if not all(name in self.tensors.shapes for name in names)), None)
        raise self._unknown(i, tensor, first)

    def _unknown(self, i: int, tensor: str, first: int | None) -> InputError:
        """The error about a shape that cannot be inferred, with the first node after which shapes are unknown."""
        shapes = self.tensors.shapes
        if first is None:
            found, expected = f"the shape of tensor '{tensor}' is not known: nothing makes it", "a tensor of the model"
            return InputError(f"{self.where}: node {self.names[i]}", found, expected, "Export the model again.")
        node, kind = self.nodes[first], self.kinds[first]
        made = next((name for name in node.output if name and name not in shapes), "")
        given = ", ".join(shape_text(shapes.get(name)) for name in node.input if name)
        problem = self.tensors.problems.get(made, "") if kind == node.op_type else LEFT_OUT.get(node.op_type, "")
        found = f"the shape of tensor '{made}', made by node {first} ({kind}) from {given or 'nothing'}, is not known"
        hint = "Export the model with its shapes (onnx.shape_inference), or without that operator."
        if kind == node.op_type and not problem:
            found += ": it depends on the data"
            hint = "Make what it depends on a constant, or export the model with its shapes."
        where = f"{self.where}: node {self.names[i]}"
        return InputError(where, found + (f": {problem}" if problem else ""), "fixed sizes", hint)

    def open_loops(self) -> list[int]:
        """Loops with products that run an unknown number of times."""
        return [i for i, kind in enumerate(self.kinds) if kind in ("Loop", "Scan") and _multiplies(self.nodes[i])]

    def require_lengths_of_loops(self) -> None:
        """Require the inputs that decide how often a loop with products runs.

        Raises:
            InputError: there is such a loop whose length follows from the shape of an input that is open.
        """
        for i in self.open_loops():
            node = self.nodes[i]
            deciding = list(node.input[:1]) if self.kinds[i] == "Loop" else list(node.input)
            self._require_sizes_of_inputs(tensor for tensor in deciding if tensor)

    def _require_sizes_of_inputs(self, tensors: Iterable[str]) -> None:
        """Raise where some tensors depend on inputs whose sizes are open."""
        _, among = ancestors(self.nodes, self.producers, tensors)
        error = open_inputs_error(self.where, self.tensors.inputs, among)
        if error is not None:
            raise error


def _multiplies(node: NodeProto) -> bool:
    """Whether a body of a node holds products, at any depth."""
    bodies = [body for a in node.attribute for body in [a.g, *a.graphs]]
    inner = [one for body in bodies for one in body.node]
    return any(operator_of(one) in PRODUCTS or operator_of(one) in PRODUCT_RULES or _multiplies(one) for one in inner)


def _unique_names(nodes: Sequence[NodeProto]) -> list[str]:
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


_BITS = {
    **dict.fromkeys(("INT2", "UINT2"), 2),
    **dict.fromkeys(("INT4", "UINT4", "FLOAT4E2M1"), 4),
    **dict.fromkeys(("INT8", "UINT8", "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ"), 8),
    **dict.fromkeys(("INT16", "UINT16"), 16),
    "INT32": 32,
}
"""Element types that numbers are quantised to -> bits."""

_SUM_BITS = 32
_BEHIND = ("Relu", "Clip", *PASSES_ON)
"""What may stand between a node and the quantisation of its result; it is computed on the way."""
_MOST_STEPS = 64


class Quantisation:
    """Bits of the tensors of a graph by its Q/DQ pairs.

    Args:
        producers: tensor -> index of the node that makes it.
        types: tensor -> the number of its element type, where it is known.
    """

    def __init__(self, nodes: Sequence[NodeProto], producers: Mapping[str, int], types: Mapping[str, int]) -> None:
        self.nodes, self.producers, self.types = nodes, producers, types
        self.consumers: dict[str, list[int]] = {}
        self.is_used = any(node.op_type in ("QuantizeLinear", "DequantizeLinear") for node in nodes)
        if self.is_used:
            for i, node in enumerate(nodes):
                for tensor in node.input:
                    self.consumers.setdefault(tensor, []).append(i)

    def bits(self, node: NodeProto, operands: Mapping[str, str]) -> dict[str, int]:
        """Operand -> bits an element, for those that the model sets; ``operands`` are tensors by I and W."""
        if node.op_type in PRODUCTS and PRODUCTS[node.op_type].sums_integers:
            return {OUTPUT: _SUM_BITS, FINAL_OUTPUT: _SUM_BITS}
        if not self.is_used:
            return {}
        found = {op: self._dequantised_bits(tensor) for op, tensor in operands.items()}
        if node.output:
            found[FINAL_OUTPUT] = self._quantised_bits(node.output[0])
        return {op: bits for op, bits in found.items() if bits is not None}

    def _dequantised_bits(self, tensor: str) -> int | None:
        """Bits of what a tensor was before it was dequantised."""
        for _ in range(_MOST_STEPS):
            node = self.nodes[self.producers[tensor]] if tensor in self.producers else None
            if node is None or not node.input:
                return None
            if node.op_type == "DequantizeLinear":
                return self._bits_of(node.input[0])
            if node.op_type not in PASSES_ON:
                return None
            tensor = node.input[0]
        return None

    def _quantised_bits(self, tensor: str) -> int | None:
        """Bits of what a tensor is quantised to, if that is all that becomes of it."""
        for _ in range(_MOST_STEPS):
            readers = self.consumers.get(tensor, [])
            if len(readers) != 1:
                return None
            node = self.nodes[readers[0]]
            if node.input[0] != tensor or not node.output:
                return None
            if node.op_type == "QuantizeLinear":
                return self._bits_of(node.output[0])
            if node.op_type not in _BEHIND:
                return None
            tensor = node.output[0]
        return None

    def _bits_of(self, tensor: str) -> int | None:
        kind = self._made_type(tensor) or self.types.get(tensor)
        name = TensorProto.DataType.Name(kind) if kind in TensorProto.DataType.values() else ""
        return _BITS.get(name)

    def _made_type(self, tensor: str) -> int:
        """The element type that follows from the node that makes a tensor; 0 where it does not."""
        node = self.nodes[self.producers[tensor]] if tensor in self.producers else None
        if node is None or node.op_type not in ("QuantizeLinear", "Constant"):
            return 0
        given = {a.name: a for a in node.attribute}
        if node.op_type == "Constant":
            return int(given["value"].t.data_type) if "value" in given else 0
        if "output_dtype" in given and given["output_dtype"].i:
            return int(given["output_dtype"].i)
        zero_point = node.input[2] if len(node.input) > 2 else ""
        return self._zero_point_type(zero_point) if zero_point else int(TensorProto.UINT8)

    def _zero_point_type(self, tensor: str) -> int:
        made_by = self.nodes[self.producers[tensor]].op_type if tensor in self.producers else ""
        return self.types.get(tensor, 0) or (self._made_type(tensor) if made_by == "Constant" else 0)
