"""A model's graph and what is known about it; asks for what is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zigzag_lab.inputs.onnx.file import Tensors, open_inputs_error, tensors_of
from zigzag_lab.inputs.onnx.free_operators import MOVES, reads_second
from zigzag_lab.inputs.onnx.node import Shape, operator_of, shape_text
from zigzag_lab.inputs.onnx.quantisation import Quantisation
from zigzag_lab.inputs.onnx.registry import LEFT_OUT, PRODUCT_RULES, PRODUCTS
from zigzag_lab.inputs.onnx.shapes import ancestors
from zigzag_lab.vocab import InputError

if TYPE_CHECKING:
    from onnx import ModelProto


@dataclass(frozen=True)
class OnnxGraph:
    """A model's graph, and what is known about it.

    Attributes:
        where: the file, for messages.
        nodes: in the order of the model.
        kinds: the operator of each node (:func:`~zigzag_lab.inputs.onnx.node.operator_of`).
        names: of the nodes, unique.
        tensors: shapes, inputs and constants.
        producers: tensor -> index of the node that makes it.
        quantisation: what Q/DQ pairs say.
    """

    where: str
    nodes: Sequence[Any]
    kinds: Sequence[str]
    names: Sequence[str]
    tensors: Tensors
    producers: dict[str, int]
    quantisation: Quantisation

    @classmethod
    def of(cls, where: str, model: ModelProto, input_shapes: Mapping[str, Shape] | None) -> OnnxGraph:
        """The graph of a model; shapes are inferred where the model does not say those that matter.

        Raises:
            InputError: a given shape is wrong.
        """
        nodes = list(model.graph.node)
        kinds = [operator_of(node) for node in nodes]
        producers = {tensor: i for i, node in enumerate(nodes) for tensor in node.output if tensor}
        known = {i.name for i in model.graph.input} | {t.name for t in model.graph.initializer} | set(producers)
        needed = [t for node, kind in zip(nodes, kinds, strict=True) if kind not in MOVES for t in _first(node, kind)]
        tensors = tensors_of(where, model, input_shapes, [t for t in needed if t in known])
        quantisation = Quantisation(nodes, producers, tensors.types)
        return cls(where, nodes, kinds, _unique_names(nodes), tensors, producers, quantisation)

    def is_costly(self, i: int) -> bool:
        """Whether a node multiplies and accumulates, in a way that is understood."""
        return _is_costly(self.nodes[i], self.kinds[i])

    def has_operands(self, i: int) -> bool:
        """Whether a node that multiplies has what it takes to."""
        return len(self.nodes[i].input) > PRODUCTS[self.kinds[i]].weight_input and bool(self.nodes[i].output)

    def operands(self, i: int) -> dict[str, str]:
        """W and I of a node -> their tensors, where it has them."""
        return _operands(self.nodes[i], self.kinds[i])

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
            _, all_of_them = ancestors(self.nodes, self.producers, wanted)
            error = open_inputs_error(self.where, self.tensors.inputs, all_of_them)
            if error is not None:
                raise error
        first = next((j for j in sorted(before) if not self._makes_known_shapes(j)), None)
        raise self._unknown(i, tensor, first)

    def _makes_known_shapes(self, i: int) -> bool:
        return all(tensor in self.tensors.shapes for tensor in self.nodes[i].output if tensor)

    def _unknown(self, i: int, tensor: str, first: int | None) -> InputError:
        """The error about a shape that nothing tells, with the first node after which shapes are not known."""
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
        """Ask for the inputs that decide how often a loop with products runs.

        Raises:
            InputError: there is such a loop whose length follows from the shape of an input that is open.
        """
        for i in self.open_loops():
            node = self.nodes[i]
            deciding = list(node.input[:1]) if self.kinds[i] == "Loop" else list(node.input)
            _, among = ancestors(self.nodes, self.producers, [tensor for tensor in deciding if tensor])
            error = open_inputs_error(self.where, self.tensors.inputs, among)
            if error is not None:
                raise error


def _is_costly(node: Any, kind: str) -> bool:
    return kind in PRODUCTS and (kind != "Einsum" or len(node.input) == 2)


def _operands(node: Any, kind: str) -> dict[str, str]:
    second = 1 if reads_second(kind, len(node.input)) else None
    if kind in PRODUCTS:
        second = PRODUCTS[kind].weight_input
    found = {} if second is None or len(node.input) <= second else {"W": node.input[second]}
    return {**found, **({"I": node.input[0]} if node.input else {})}


def _first(node: Any, kind: str) -> list[str]:
    """Tensors whose shapes tell what a node costs, or leaves out."""
    return [*(_operands(node, kind).values() if _is_costly(node, kind) else ()), *node.output[:1]]


def _multiplies(node: Any) -> bool:
    """Whether a body of a node holds products, at any depth."""
    bodies = [body for a in node.attribute for body in [a.g, *a.graphs]]
    inner = [one for body in bodies for one in body.node]
    return any(operator_of(one) in PRODUCTS or operator_of(one) in PRODUCT_RULES or _multiplies(one) for one in inner)


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
