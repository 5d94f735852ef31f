"""Products beside ONNX's own: of matrices among scales and blocks, of experts, of a quantised cell."""

from __future__ import annotations

from functools import partial
from math import prod

from onnx import helper

from zigzag_lab.inputs.onnx.node import SHOWN_TYPE
from zigzag_lab.inputs.onnx.registry import replaced_by
from zigzag_lab.inputs.onnx.replacement import Replacement

_MOST_EXPERTS = 4096


def _turned(e: Replacement, tensor: str, side: str) -> str:
    """A factor as attributes turn it: its last two dimensions swapped, or its rows in front of its batch."""
    batch_first, swapped = e.integer(f"transBatch{side}"), e.integer(f"trans{side}")
    if not (batch_first or swapped):
        return tensor
    order = list(range(len(e.sizes(tensor, 2))))
    if batch_first:
        order = [*order[1:-1], 0, order[-1]]
    if swapped:
        order[-2:] = order[:-3:-1]
    return e.transposed(tensor, order)


def _matrix(e: Replacement, first: int = 0, second: int = 1) -> None:
    """A product of matrices that stand among scales, zero points and attributes."""
    sides = [_turned(e, e.input(place), side) for place, side in ((first, "A"), (second, "B"))]
    e.add("MatMul", sides, e.output(0), shown=True)


def _gemm(e: Replacement, first: int = 0, second: int = 1) -> None:
    """A product of two matrices, each perhaps turned."""
    e.become("Gemm", (first, second), transA=e.integer("transA"), transB=e.integer("transB"))


def _distances(e: Replacement) -> None:
    """All pairs of rows of two matrices, one subtraction and product for each of their columns."""
    e.become("Gemm", (0, 1), transB=1)


def _packed(e: Replacement, bits: int = 4, n_outputs: int = 1) -> None:
    """Products by weights packed in blocks, whose sizes stand in attributes."""
    sizes, width = (e.positive("K"), e.positive("N")), e.positive("bits", bits)
    for _ in range(n_outputs - 1):
        e.add("MatMul", [e.input(0), e.weight(sizes)], part="gate", shown=True, weight_size=width)
    e.add("MatMul", [e.input(0), e.weight(sizes)], e.output(0), shown=True, weight_size=width)


def _packed_three(e: Replacement) -> None:
    """Queries, keys and values of one input."""
    k, width = e.positive("K"), e.positive("bits", 4)
    sizes = [e.positive("Nq"), e.positive("Nkv"), e.positive("Nkv")]
    for place, n in enumerate(sizes):
        output = e.output(place)
        e.add("MatMul", [e.input(0), e.weight((k, n))], output, part="qkv"[place], shown=True, weight_size=width)
    e.copy(e.input(0), e.output(3))


def _packed_with_adapter(e: Replacement) -> None:
    """A product, and one of low rank beside it."""
    k, n, adapter = e.positive("K"), e.positive("N"), e.sizes(e.input(3), 0)
    base = e.add("MatMul", [e.input(0), e.weight((k, n))], part="base", shown=True, weight_size=e.integer("bits", 4))
    if not adapter or not adapter[0]:
        e.copy(base, e.output(0))
        return
    bits = e.integer("lora_bits", 4)
    low = e.add("MatMul", [e.input(0), e.weight((k, adapter[0]))], part="down", shown=True, weight_size=bits)
    high = e.add("MatMul", [low, e.weight((adapter[0], n))], part="up", shown=True, weight_size=bits)
    e.add("Add", [base, high], e.output(0), part="sum")


def _packed_by_shape(e: Replacement, bits: int) -> None:
    """Weights packed along their rows, one row for each column of the result; the other size is that of the input."""
    x, weights = e.sizes(e.input(0)), e.sizes(e.input(1))
    e.add("MatMul", [e.input(0), e.weight((x[-1], weights[0]))], e.output(0), shown=True, weight_size=bits)


def _packed_by_value(e: Replacement) -> None:
    """A product by packed weights whose sizes are a tensor of their own."""
    sizes = e.numbers(e.input(2))
    e.require(len(sizes) == 2 and min(sizes) > 0)
    e.add("MatMul", [e.input(0), e.weight(sizes)], e.output(0), shown=True, weight_size=4)


def _quantised_lstm(e: Replacement) -> None:
    """An LSTM whose weights are turned and quantised."""
    weights = [e.transposed(e.input(place), (0, 2, 1)) for place in (1, 2)]
    more = [e.input(place) for place in (4, 5, 6, 7)]
    given = {**e.attributes(*e.given), SHOWN_TYPE: e.node.op_type}
    inputs = [e.input(0), *weights, "", *more]
    e.keep(helper.make_node("LSTM", inputs, list(e.node.output), name=e.node.name, **given))


def _experts(e: Replacement, first: int, second: int, third: int) -> None:
    """As many experts for each token as the router takes, with tokens spread evenly over the experts.

    The numbers say which inputs are the weights in front of the activation, behind it, and beside those in front.
    """
    x, inner, outer = e.sizes(e.input(0)), e.sizes(e.input(first), 3, 3), e.sizes(e.input(second), 3, 3)
    k = e.integer("k", 1)
    e.require(0 < k <= inner[0] <= _MOST_EXPERTS and prod(x))
    width, bits = x[-1], e.integer("expert_weight_bits", 4) if e.node.op_type == "QMoE" else 8
    n_inner = inner[2] if inner[1] == width != inner[2] and bits == 8 else inner[1]
    n_hidden = outer[2] * 8 // bits if outer[1] == width else outer[1]
    n_rows = prod(x[:-1]) * k
    n_used = next(n for n in range(max(1, min(inner[0], n_rows)), 0, -1) if n_rows % n == 0)
    e.require(0 < n_hidden <= n_inner)

    def product(rows: str, sizes: tuple[int, int], part: str) -> str:
        return e.add("MatMul", [rows, e.weight((n_used, *sizes))], part=part, shown=True, weight_size=bits)

    tokens = e.add("Concat", [e.reshaped(e.input(0), (-1, width))] * k, part="tokens", axis=0)
    rows = e.reshaped(tokens, (n_used, n_rows // n_used, width))
    made = product(rows, (width, n_inner), "in")
    if e.input(third):
        product(rows, (width, n_inner), "beside")
    made = e.parts(made, 2, [n_hidden, n_inner - n_hidden])[0] if n_hidden < n_inner else made
    results = e.parts(e.reshaped(product(made, (n_hidden, width), "out"), (k, *x)), 0, [1] * k)
    e.reshaped(e.add("Sum", results, part="sum"), x, e.output(0))


replaced_by(
    {
        **dict.fromkeys(("FusedMatMul", "TransposeMatMul", "FusedMatMulActivation", "MatMulInteger16"), _matrix),
        **dict.fromkeys(("DynamicQuantizeMatMul", "MatMulIntegerToFloat", "GemmFastGelu"), _matrix),
        "QOrderedMatMul": partial(_matrix, second=2),
        **dict.fromkeys(("FusedGemm", "GemmFloat8"), _gemm),
        "QGemm": partial(_gemm, second=3),
        "CDist": _distances,
        **dict.fromkeys(("MatMulNBits", "MatMulBnb4", "MatMulPacked"), _packed),
        "MatMulNBitsMlp": partial(_packed, n_outputs=2),
        "MatMulNBitsQkv": _packed_three,
        "MatMulNBitsQLoRA": _packed_with_adapter,
        "MatMulFpQ4": _packed_by_value,
        "MatMulBlockQuantizedFp4Weight": partial(_packed_by_shape, bits=4),
        "MatMulBlockQuantizedFp8Weight": partial(_packed_by_shape, bits=8),
        "DynamicQuantizeLSTM": _quantised_lstm,
        "MoE": partial(_experts, first=2, second=4, third=6),
        "QMoE": partial(_experts, first=2, second=5, third=8),
    },
    domain="com.microsoft",
    multiplies=True,
)
