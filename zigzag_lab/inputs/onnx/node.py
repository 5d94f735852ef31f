"""One ONNX node that becomes a layer: what is known about it, and what all such layers have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from onnx import NodeProto

from zigzag_lab.vocab import FINAL_OUTPUT, OUTPUT, InputError
from zigzag_lab.workload import Layer

Shape = tuple[int, ...]

SHOWN_TYPE = "operator_type"
"""Attribute of a node that stands for another one: the operator type under which it is listed."""

DEFAULT_BITS = 8


@dataclass(frozen=True)
class OnnxNode:
    """A node that becomes a layer.

    Attributes:
        where: the file and the node, for messages.
        id: index of the node in its graph.
        name: unique in its graph.
        operator_type: of ONNX.
        attributes: as ONNX gives them.
        input_shape, output_shape: of I and O.
        weight_shape: of W; none where the model does not say, or where there is no second operand.
        sources: W and I -> the node that makes them, in this order; an operand that is constant or an input of the
            graph is absent.
        bits: operand -> bits an element that the model itself sets, such as by a quantisation next to the node.
    """

    where: str
    id: int
    name: str
    operator_type: str
    attributes: dict[str, object]
    input_shape: Shape
    output_shape: Shape
    weight_shape: Shape | None
    sources: dict[str, int]
    bits: dict[str, int] = field(default_factory=dict)

    def error(self, found: str, expected: str = "", hint: str = "") -> InputError:
        """An error about this node, to be raised by the caller."""
        return InputError(self.where, found, expected, hint)

    def integer(self, key: str, default: int) -> int:
        """An attribute that is a whole number."""
        value = self.attributes.get(key, default)
        if not isinstance(value, int) or value < 0:
            raise self.error(f"attribute {key} is {value!r}", "a whole number, 0 or more")
        return value

    def integers(self, key: str, default: Sequence[int], least: int) -> list[int]:
        """An attribute that is a list of as many whole numbers as its default."""
        value = self.attributes.get(key, default)
        numbers = [v for v in value if isinstance(v, int) and v >= least] if isinstance(value, (list, tuple)) else []
        if not isinstance(value, (list, tuple)) or not len(numbers) == len(value) == len(default):
            raise self.error(f"attribute {key} is {value!r}", f"{len(default)} whole numbers, {least} or more")
        return numbers

    def text(self, key: str, default: str) -> str:
        """An attribute that is a text."""
        value = self.attributes.get(key, default)
        return value.decode(errors="replace") if isinstance(value, bytes) else str(value)

    @property
    def activation_bits(self) -> int:
        """Bits an element of I."""
        return self.integer("act_size", self.bits.get("I", DEFAULT_BITS))

    @property
    def weight_bits(self) -> int:
        """Bits an element of W: those of activations where W is computed by the network."""
        if "W" in self.sources:
            return self.activation_bits if "act_size" in self.attributes else self.bits.get("W", self.activation_bits)
        return self.integer("weight_size", self.bits.get("W", DEFAULT_BITS))

    def layer(self, operand_dims: dict[str, tuple[str, ...]], loops: dict[str, int], **more: Any) -> Layer:
        """The layer of these loops, with what every kind of node has in common."""
        act_bits = self.activation_bits
        final_bits = act_bits if "act_size" in self.attributes else self.bits.get(FINAL_OUTPUT, act_bits)
        partial_bits = self.integer("output_size", self.bits.get(OUTPUT, 2 * act_bits))
        inputs = {"W": self.weight_bits, "I": act_bits}
        own = {op: bits for op, bits in inputs.items() if op in operand_dims}
        return Layer(
            id=self.id,
            name=self.name,
            operator_type=self.text(SHOWN_TYPE, self.operator_type),
            operand_dims=operand_dims,
            loop_sizes=loops,
            precision_bits={**own, FINAL_OUTPUT: final_bits, OUTPUT: partial_bits},
            constant_operands=tuple(op for op in own if op not in self.sources),
            sources={op: source for op, source in self.sources.items() if op in own},
            **more,
        )


def shape_text(shape: Sequence[int | str] | None) -> str:
    """A shape as messages show it, such as ``[batch, 3, 224, 224]``."""
    return "[" + ", ".join(map(str, shape)) + "]" if shape is not None else "unknown"


def operator_of(node: NodeProto) -> str:
    """The operator of a node: its name where it is ONNX's, else with its domain, as in ``com.microsoft::QGemm``."""
    return str(node.op_type) if node.domain in ("", "ai.onnx") else f"{node.domain}::{node.op_type}"


def shown_type(node: NodeProto) -> str:
    """The operator type under which a node is listed."""
    return next((a.s.decode(errors="replace") for a in node.attribute if a.name == SHOWN_TYPE), str(node.op_type))
