"""What ONNX operators do: which multiply and accumulate, which only move data, how many operations the others do."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

CONVOLUTIONS = {"Conv": 1, "QLinearConv": 3, "ConvInteger": 1, "DeformConv": 1, "FusedConv": 1}
PRODUCTS = {"Gemm": 1, "MatMul": 1, "QLinearMatMul": 3, "MatMulInteger": 1, "QGemm": 3, "FusedGemm": 1}
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
SECOND_INPUT = {"QLinearAdd": 3, "QLinearMul": 3}
"""Operators of two tensors among scales and zero points -> which input the second one is."""

ADDITIONS = ("QLinearAdd", "Add", "Sub", "Sum", "Mean")
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

Shape = tuple[int, ...]

_BODIES = ("Loop", "Scan", "If", "SequenceMap")


def free_operations(
    operator_type: str, inputs: Sequence[Shape | None], output: Shape | None, kernel: Sequence[int]
) -> int | None:
    """Operations of a node that is not priced.

    One for each element of a result, times what is put together for it: the elements under a pooling window, the
    operands of a sum, the elements that a reduction reads. Operators nobody knows count one for each element.

    Args:
        operator_type: of ONNX.
        inputs: shapes of what it reads; none where unknown.
        output: shape of its first result.
        kernel: the window of a pooling.

    Returns:
        None where shapes are unknown, or where a body is repeated an unknown number of times.
    """
    if operator_type in MOVES:
        return 0
    first = inputs[0] if inputs else None
    if operator_type in REDUCTIONS or operator_type in GLOBAL_POOLS:
        return None if first is None else prod(first)
    if operator_type == "Attention":
        return _attention(inputs)
    if output is None or operator_type in _BODIES:
        return None
    if operator_type in POOLS:
        return prod(output) * prod(kernel)
    if operator_type in VARIADIC:
        return prod(output) * max(1, len(inputs) - 1)
    return prod(output)


def _attention(inputs: Sequence[Shape | None]) -> int | None:
    """Multiply-accumulates of scores and weighted sums, from queries, keys and values of any layout."""
    shapes = inputs[:3]
    if len(shapes) < 3 or any(shape is None or len(shape) < 3 for shape in shapes):
        return None
    query, key, value = (tuple(shape or ()) for shape in shapes)
    n_keys = key[-2]
    elems = prod(query)
    n_values = elems // query[-1] * value[-1] if query[-1] else 0
    return n_keys * (elems + n_values)
