"""What stands in the place of one ONNX node: nodes of ONNX's own operators, with shapes known as they are added."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from onnx import NodeProto, TensorProto, ValueInfoProto, helper

from zigzag_lab.inputs.onnx.file import hollow_weight
from zigzag_lab.inputs.onnx.node import SHOWN_TYPE, Shape
from zigzag_lab.inputs.onnx.shapes import ShapeInference

_SPLIT_BY_INPUT = 13


class NotReplaceableError(Exception):
    """A node cannot be replaced, or its shapes are not known."""


class Replacement:
    """Nodes in the place of one.

    Args:
        node: the node to replace.
        known: what is known of the tensors before it; the new nodes are added to it.
        opset: version of ONNX's own operators.

    Attributes:
        nodes: the new nodes, in order.
        weights: the new initializers: constants, and weights of which nothing but the shape is known.
        declared: shapes of results that cannot be inferred.
    """

    def __init__(self, node: NodeProto, known: ShapeInference, opset: int) -> None:
        self.node, self.known, self.opset = node, known, opset
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []
        self.declared: list[ValueInfoProto] = []
        self.given = {a.name: a for a in node.attribute}

    def input(self, place: int) -> str:
        """The tensor that the replaced node reads at a place; empty where it is left out."""
        return self.node.input[place] if place < len(self.node.input) else ""

    def output(self, place: int) -> str:
        """The tensor that it writes at a place; empty where it is left out."""
        return self.node.output[place] if place < len(self.node.output) else ""

    def integer(self, key: str, default: int = 0) -> int:
        """A whole number among its attributes."""
        return int(self.given[key].i) if key in self.given else default

    def integers(self, key: str) -> list[int]:
        """A list of whole numbers among its attributes; empty where it is left out."""
        return list(self.given[key].ints) if key in self.given else []

    def attributes(self, *keys: str) -> dict[str, Any]:
        """Its attributes of these names, as ONNX gives them, as far as it has them."""
        return {key: helper.get_attribute_value(self.given[key]) for key in keys if key in self.given}

    def positive(self, key: str, default: int = 0) -> int:
        """A whole number among its attributes; a NotReplaceableError where it is below 1."""
        number = self.integer(key, default)
        self.require(number > 0)
        return number

    @staticmethod
    def require(condition: object) -> None:
        """Raise a NotReplaceableError unless a condition holds."""
        if not condition:
            raise NotReplaceableError

    def shape(self, tensor: str) -> Shape | None:
        """The shape of a tensor, where it is known."""
        return self.known.shape(tensor)

    def sizes(self, tensor: str, least: int = 1, most: int | None = None) -> Shape:
        """The shape of a tensor.

        Raises:
            NotReplaceableError: it is not known, or has fewer or more dimensions than asked for.
        """
        shape = self.shape(tensor)
        if shape is None or len(shape) < least or (most is not None and len(shape) > most):
            raise NotReplaceableError
        return shape

    def numbers(self, tensor: str) -> list[int]:
        """The values of a small tensor of whole numbers; empty where they are not known."""
        values = self.known.values.get(tensor)
        return [] if values is None else [int(value) for value in values.reshape(-1)]

    def add(
        self, kind: str, inputs: Sequence[str], output: str = "", *, part: str = "", shown: bool = False, **more: Any
    ) -> str:
        """Add a node of one result.

        Args:
            kind: the operator.
            inputs: what it reads.
            output: what it writes; by default a new tensor.
            part: what the node does in the place of the replaced one, for its name; by default it takes its name.
            shown: whether it is listed under the operator type of the replaced one.
            more: its attributes.

        Returns:
            What it writes.
        """
        output = output or f"{self._label}/{part or kind}/{len(self.nodes)}"
        name = self.node.name if not part else f"{self.node.name or self._label}/{part}"
        if shown:
            more[SHOWN_TYPE] = self.node.op_type
        node = helper.make_node(kind, list(inputs), [output], name=name, **more)
        self.nodes.append(node)
        self.known.add(node)
        return output

    def become(self, kind: str, places: Sequence[int], *keys: str, **more: Any) -> str:
        """Add the operator of ONNX that takes the inputs at some places, the attributes of these names and others.

        Returns what it writes: the first output of the replaced node.
        """
        inputs = [self.input(place) for place in places]
        return self.add(kind, inputs, self.output(0), shown=True, **self.attributes(*keys), **more)

    def keep(self, node: NodeProto) -> None:
        """Add a node made elsewhere."""
        self.nodes.append(node)
        self.known.add(node)

    def keep_itself(self, like: int) -> None:
        """Leave the node what it is; its first result has the shape of one of its inputs, where that is known."""
        self.sizes(self.input(like), 0)
        self.require(self.output(0))
        of = self.known.types[self.input(like)]
        self.keep(self.node)
        self.known.types[self.output(0)] = of
        self.declared.append(ValueInfoProto(name=self.output(0), type=of))

    def copy(self, tensor: str, output: str) -> None:
        """Rename an output of the replaced node, where it has one, to another tensor."""
        if output and tensor:
            self.add("Identity", [tensor], output, part="copy")

    def reshaped(self, tensor: str, sizes: Sequence[int], output: str = "") -> str:
        """A tensor in another shape; a size of 0 stays what it is, and one of -1 follows."""
        return self.add("Reshape", [tensor, self.integer_list(sizes)], output, part="reshape")

    def transposed(self, tensor: str, perm: Sequence[int], output: str = "") -> str:
        """A tensor with its dimensions in another order."""
        return self.add("Transpose", [tensor], output, part="transpose", perm=list(perm))

    def parts(self, tensor: str, axis: int, sizes: Sequence[int]) -> list[str]:
        """A tensor cut into parts of these sizes."""
        names = [f"{self._label}/part_{len(self.nodes)}_{i}" for i in range(len(sizes))]
        inputs, more = [tensor], dict[str, Any](axis=axis)
        if self.opset >= _SPLIT_BY_INPUT:
            inputs.append(self.integer_list(sizes))
        else:
            more["split"] = list(sizes)
        self.keep(helper.make_node("Split", inputs, names, name=f"{self._label}/split", **more))
        return names

    def integer_list(self, values: Sequence[int]) -> str:
        """A constant of whole numbers."""
        name = f"{self._label}/sizes_{len(self.weights)}"
        return self._weight(helper.make_tensor(name, TensorProto.INT64, [len(values)], list(values)))

    def weight(self, shape: Sequence[int]) -> str:
        """Weights of which only the shape is given."""
        return self._weight(hollow_weight(f"{self._label}/weight_{len(self.weights)}", shape))

    def _weight(self, tensor: TensorProto) -> str:
        self.weights.append(tensor)
        self.known.give_weight(tensor)
        return str(tensor.name)

    @property
    def _label(self) -> str:
        return str(next((name for name in self.node.output if name), self.node.name or self.node.op_type))


Rule = Callable[[Replacement], object]
"""Adds the nodes that stand for the replaced one; a NotReplaceableError where it cannot be replaced."""
