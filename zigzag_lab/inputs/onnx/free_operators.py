"""Operators beside the products: those that only move data, and how many operations the others do.

They are free, and become layers on request (``price_all``): one operation an element, without reuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from zigzag_lab.inputs.onnx.node import OnnxNode, Shape
from zigzag_lab.workload import Layer


def _named(text: str) -> frozenset[str]:
    return frozenset(text.split())


PASSES_ON = ("Identity", "Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze")
"""Operators that hand on the data of their first input."""

MOVES = frozenset(PASSES_ON) | _named(
    """
    Cast CastLike BitCast Concat Constant ConstantOfShape DepthToSpace Dropout Expand EyeLike Gather GatherElements
    GatherND OneHot Pad Range Scatter ScatterElements ScatterND Shape Size Slice SpaceToDepth Split Tile
    TensorScatter ReverseSequence Compress CenterCropPad Col2Im ConcatFromSequence SequenceConstruct SequenceAt
    SequenceEmpty SequenceErase SequenceInsert SequenceLength SplitToSequence Optional OptionalGetElement
    OptionalHasElement RandomNormal RandomUniform RandomNormalLike RandomUniformLike HannWindow HammingWindow
    BlackmanWindow Trilu
    """
)
BINARY = _named(
    """
    Add Sub Mul Div Pow Mod PRelu And Or Xor Equal Less LessOrEqual Greater GreaterOrEqual BitShift BitwiseAnd
    BitwiseOr BitwiseXor
    """
)
VARIADIC = frozenset(("Sum", "Max", "Min", "Mean"))
ADDITIONS = ("Add", "Sub", "Sum", "Mean")
POOLS = ("MaxPool", "AveragePool", "LpPool")
GLOBAL_POOLS = ("GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool")
REDUCTIONS = _named(
    """
    ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp
    ReduceSumSquare ArgMax ArgMin
    """
)
UNARY = _named(
    """
    Abs Acos Acosh Asin Asinh Atan Atanh BatchNormalization BitwiseNot Ceil Celu Clip Cos Cosh CumSum
    DequantizeLinear Elu Erf Exp Floor Gelu GroupNormalization HardSigmoid HardSwish Hardmax InstanceNormalization
    IsInf IsNaN LRN LayerNormalization LeakyRelu Log LogSoftmax LpNormalization MeanVarianceNormalization Mish Neg
    Not QuantizeLinear RMSNormalization Reciprocal Relu RotaryEmbedding Round Selu Shrink Sigmoid Sign Sin Sinh
    Softmax Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu DynamicQuantizeLinear Where
    """
)
"""Operators that do one thing to each element of their (first, largest) input."""

TRANSFORMS = ("STFT", "DFT")

_NAMES = ("B", "G", "OZ", "OY", "OX")
"""Loops over the dimensions of a tensor: batch, channels, depth, height, width."""


def free_operations(
    operator: str,
    inputs: Sequence[Shape | None],
    output: Shape | None,
    kernel: Sequence[int],
    *,
    multiplies: bool = False,
) -> int | None:
    """Operations of a node that is not priced.

    One for each element of a result, times what is put together for it: the elements under a pooling window, the
    operands of a sum, the elements that a reduction reads.

    Args:
        operator: the operator (:func:`~zigzag_lab.inputs.onnx.node.operator_of`).
        inputs: shapes of what it reads; none where unknown.
        output: shape of its first result.
        kernel: the window of a pooling.
        multiplies: whether the operator is a product, which has none to do where its result has no elements.

    Returns:
        None where shapes are unknown, where a body is repeated an unknown number of times, and for operators that
        are in no table here.
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
    return 0 if multiplies and 0 in output else None


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


def reads_second(operator_type: str, n_inputs: int) -> bool:
    """Whether the second input of a node is an operand of its own."""
    return operator_type in BINARY or (operator_type in VARIADIC and n_inputs == 2)


def elementwise(node: OnnxNode, n_inputs: int) -> Layer | None:
    """The layer of an element-wise operator or a reduction; none where it is neither, or does nothing."""
    if 0 in node.input_shape or 0 in node.output_shape:
        return None
    if node.operator_type in REDUCTIONS:
        kept, all_of_it = prod(node.output_shape), prod(node.input_shape)
        return _reduction(node, ("G",), (kept,), max(1, all_of_it // kept))
    names, sizes = _loops(node.output_shape)
    if node.operator_type in VARIADIC and n_inputs > 2:
        return _reduction(node, names, sizes, n_inputs)
    if node.operator_type in UNARY and node.input_shape == node.output_shape:
        return _reduction(node, names, sizes, 1)
    if reads_second(node.operator_type, n_inputs) and node.weight_shape is not None:
        return _binary(node, names, sizes, node.weight_shape)
    return None


def _loops(shape: Shape) -> tuple[tuple[str, ...], Shape]:
    """Names and sizes of loops over a tensor; dimensions beyond five are folded into the batch."""
    if not shape:
        return ("G",), (1,)
    folded = shape if len(shape) <= 5 else (prod(shape[:-4]), *shape[-4:])
    return (_NAMES[:2] + _NAMES[7 - len(folded) :])[-len(folded) :], folded


def _reduction(node: OnnxNode, names: tuple[str, ...], sizes: Shape, n_each: int) -> Layer:
    """``O[..] += I[..][c]``: each result out of ``n_each`` elements."""
    more = ("C",) if n_each > 1 else ()
    loops = {**dict(zip(names, sizes, strict=True)), **dict.fromkeys(more, n_each)}
    return node.layer({"O": names, "I": (*names, *more)}, loops)


def _binary(node: OnnxNode, names: tuple[str, ...], sizes: Shape, second: Shape) -> Layer | None:
    """``O[..] += I[..] * W[..]``: an operand is not indexed with what it is broadcast along."""
    dims: dict[str, tuple[str, ...]] = {"O": names}
    for operand, shape in (("I", node.input_shape), ("W", second)):
        aligned = (1,) * (max(len(node.output_shape), 1) - len(shape)) + shape
        own = aligned if len(aligned) <= 5 else (prod(aligned[:-4]), *aligned[-4:])
        if len(own) != len(names):
            return None
        pairs = zip(names, sizes, own, strict=True)
        dims[operand] = tuple(name for name, size, n in pairs if n > 1 or size == 1)
    combine = "+" if node.operator_type in ADDITIONS else "*"
    return node.layer(dims, dict(zip(names, sizes, strict=True)), combine=combine)
