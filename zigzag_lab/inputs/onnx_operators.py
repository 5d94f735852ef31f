"""What ONNX operators do: which multiply and accumulate, which only move data, how many operations the others do."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

Shape = tuple[int, ...]

SHOWN_TYPE = "operator_type"
"""Attribute of a node that stands for another one: the operator type under which it is listed."""

CONVOLUTIONS = {"Conv": 1, "QLinearConv": 3, "ConvInteger": 1, "DeformConv": 1}
PRODUCTS = {"Gemm": 1, "MatMul": 1, "QLinearMatMul": 3, "MatMulInteger": 1}
RECURRENT = {"LSTM": 4, "GRU": 3, "RNN": 1}
"""Operator type -> gates of a cell."""

WEIGHT_INPUT = {**CONVOLUTIONS, **PRODUCTS, "ConvTranspose": 1, "Einsum": 1, **dict.fromkeys(RECURRENT, 1)}
"""Operator type -> which of its inputs is W; I is input 0. Scales, zero points and biases are no operands."""

INTEGER_OUTPUT = ("ConvInteger", "MatMulInteger")
"""Operators whose results are 32-bit sums."""

PASSES_ON = ("Identity", "Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze")
"""Operators that hand on the data of their first input."""

MOVES = frozenset(
    (
        *PASSES_ON,
        *("Cast", "CastLike", "BitCast", "Concat", "Constant", "ConstantOfShape", "DepthToSpace", "Dropout", "Expand"),
        *("EyeLike", "Gather", "GatherElements", "GatherND", "OneHot", "Pad", "Range", "Scatter", "ScatterElements"),
        *("ScatterND", "Shape", "Size", "Slice", "SpaceToDepth", "Split", "Tile", "TensorScatter", "ReverseSequence"),
        *("Compress", "CenterCropPad", "Col2Im", "ConcatFromSequence", "SequenceConstruct", "SequenceAt"),
        *("SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength", "SplitToSequence", "Optional"),
        *("OptionalGetElement", "OptionalHasElement", "RandomNormal", "RandomUniform", "RandomNormalLike"),
        *("RandomUniformLike", "HannWindow", "HammingWindow", "BlackmanWindow", "Trilu"),
    )
)
BINARY = frozenset(
    (
        *(
            "Add",
            "Sub",
            "Mul",
            "Div",
            "Pow",
            "Mod",
            "PRelu",
            "And",
            "Or",
            "Xor",
            "Equal",
            "Less",
            "LessOrEqual",
            "Greater",
        ),
        *("GreaterOrEqual", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor"),
    )
)
VARIADIC = frozenset(("Sum", "Max", "Min", "Mean"))
ADDITIONS = ("Add", "Sub", "Sum", "Mean")
POOLS = ("MaxPool", "AveragePool", "LpPool")
GLOBAL_POOLS = ("GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool")
REDUCTIONS = frozenset(
    (
        *("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum"),
        *("ReduceLogSumExp", "ReduceSumSquare", "ArgMax", "ArgMin"),
    )
)
UNARY = frozenset(
    (
        *("Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BatchNormalization", "BitwiseNot", "Ceil", "Celu"),
        *(
            "Clip",
            "Cos",
            "Cosh",
            "CumSum",
            "DequantizeLinear",
            "Elu",
            "Erf",
            "Exp",
            "Floor",
            "Gelu",
            "GroupNormalization",
        ),
        *(
            "HardSigmoid",
            "HardSwish",
            "Hardmax",
            "InstanceNormalization",
            "IsInf",
            "IsNaN",
            "LRN",
            "LayerNormalization",
        ),
        *("LeakyRelu", "Log", "LogSoftmax", "LpNormalization", "MeanVarianceNormalization", "Mish", "Neg", "Not"),
        *("QuantizeLinear", "RMSNormalization", "Reciprocal", "Relu", "RotaryEmbedding", "Round", "Selu", "Shrink"),
        *("Sigmoid", "Sign", "Sin", "Sinh", "Softmax", "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh"),
        *("ThresholdedRelu", "DynamicQuantizeLinear", "Where"),
    )
)
"""Operators that do one thing to each element of their (first, largest) input."""

TRANSFORMS = ("STFT", "DFT")


def operator_of(node: Any) -> str:
    """The operator of a node: its name where it is ONNX's, else with its domain, as in ``com.microsoft::QGemm``."""
    return str(node.op_type) if node.domain in ("", "ai.onnx") else f"{node.domain}::{node.op_type}"


def shown_type(node: Any) -> str:
    """The operator type under which a node is listed."""
    return next((a.s.decode(errors="replace") for a in node.attribute if a.name == SHOWN_TYPE), str(node.op_type))


def free_operations(
    operator: str, inputs: Sequence[Shape | None], output: Shape | None, kernel: Sequence[int]
) -> int | None:
    """Operations of a node that is not priced.

    One for each element of a result, times what is put together for it: the elements under a pooling window, the
    operands of a sum, the elements that a reduction reads.

    Args:
        operator: see :func:`operator_of`.
        inputs: shapes of what it reads; none where unknown.
        output: shape of its first result.
        kernel: the window of a pooling.

    Returns:
        None where shapes are unknown, where a body is repeated an unknown number of times, and for operators that
        nobody here knows.
    """
    if operator in MOVES:
        return 0
    first = inputs[0] if inputs else None
    if operator in REDUCTIONS or operator in GLOBAL_POOLS or operator == "Einsum":
        return None if first is None else prod(first)
    if output is None:
        return None
    if operator in POOLS:
        return prod(output) * prod(kernel)
    if operator in VARIADIC:
        return prod(output) * max(1, len(inputs) - 1)
    if operator in BINARY or operator in UNARY:
        return prod(output)
    if operator in TRANSFORMS:
        return _transform(operator, inputs, output)
    return 0 if operator in WEIGHT_INPUT and 0 in output else None


def _transform(operator: str, inputs: Sequence[Shape | None], output: Shape) -> int | None:
    """Multiply-accumulates of a Fourier transform as a product by its matrix: all of a frame for each frequency."""
    if operator == "STFT":
        window = inputs[2] if len(inputs) > 2 else None
        return prod(output) * window[0] if window else None
    signal = inputs[0]
    if not signal or len(signal) != len(output):
        return None
    along = [n for n, m in zip(signal[:-1], output[:-1], strict=True) if n != m]
    along = along or (list(signal[1:2]) if len(signal) == 3 else [])
    return prod(output) * along[0] * signal[-1] if along else None
