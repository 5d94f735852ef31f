"""Bits an element that a quantised model sets: by integer operators, or by Q/DQ pairs around a node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zigzag_lab.inputs.onnx.free_operators import PASSES_ON
from zigzag_lab.inputs.onnx.registry import PRODUCTS
from zigzag_lab.vocab import FINAL_OUTPUT, OUTPUT

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
    """What Q/DQ pairs say of the tensors of a graph.

    Args:
        nodes: of the graph.
        producers: tensor -> index of the node that makes it.
        types: tensor -> the number of its element type, where it is known.
    """

    def __init__(self, nodes: Sequence[Any], producers: Mapping[str, int], types: Mapping[str, int]) -> None:
        self.nodes, self.producers, self.types = nodes, producers, types
        self.consumers: dict[str, list[int]] = {}
        self.is_used = any(node.op_type in ("QuantizeLinear", "DequantizeLinear") for node in nodes)
        if self.is_used:
            for i, node in enumerate(nodes):
                for tensor in node.input:
                    self.consumers.setdefault(tensor, []).append(i)

    def bits(self, node: Any, operands: Mapping[str, str]) -> dict[str, int]:
        """Operand -> bits an element, for those that the model sets.

        Args:
            node: the node.
            operands: I and W -> their tensors.
        """
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
        from onnx import TensorProto

        kind = self._made_type(tensor) or self.types.get(tensor)
        name = TensorProto.DataType.Name(kind) if kind in TensorProto.DataType.values() else ""
        return _BITS.get(name)

    def _made_type(self, tensor: str) -> int:
        """The element type that follows from the node that makes a tensor; 0 where it does not."""
        from onnx import TensorProto

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
