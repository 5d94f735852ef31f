"""Operators of ONNX Runtime beside ONNX: what stands in for them when shapes are inferred, as ONNX knows them not."""

from __future__ import annotations

from typing import Any

_DOMAIN = "com.microsoft"
_STAND_INS: dict[str, tuple[str, tuple[int, ...]]] = {
    **{f"QLinear{name}": (name, (0, 3)) for name in ("Add", "Mul")},
    **{f"QLinear{name}": (name, (0,)) for name in ("GlobalAveragePool", "AveragePool")},
    **dict.fromkeys(("QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax"), ("Identity", (0,))),
    **dict.fromkeys(("FastGelu", "BiasGelu", "QuickGelu", "SkipLayerNormalization"), ("Identity", (0,))),
    "QGemm": ("Gemm", (0, 3)),
    "FusedConv": ("Conv", (0, 1)),
    "FusedGemm": ("Gemm", (0, 1)),
}
"""Operator type -> the operator whose result has the same shape, and which inputs it takes."""

_SHAPING = frozenset(
    ("transA", "transB", "kernel_shape", "strides", "dilations", "pads", "group", "auto_pad", "ceil_mode")
)
"""Attributes that decide shapes."""


def with_stand_ins(nodes: list[Any]) -> list[Any]:
    """The nodes, with those that ONNX infers no shapes for replaced by others of the same shape."""
    return [_stand_in(node) for node in nodes]


def _stand_in(node: Any) -> Any:
    known = _STAND_INS.get(node.op_type) if node.domain == _DOMAIN else None
    if known is None or len(node.input) <= max(known[1]):
        return node
    from onnx import NodeProto

    kind, places = known
    other = NodeProto(op_type=kind, name=node.name)
    other.input.extend(node.input[place] for place in places)
    other.output.extend(node.output[:1])
    other.attribute.extend(a for a in node.attribute if a.name in _SHAPING)
    return other
