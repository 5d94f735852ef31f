"""Products beside ONNX's own: of matrices among scales and blocks, of experts, of a quantised cell."""

from __future__ import annotations

from math import prod

from onnx import helper

from zigzag_lab.inputs.onnx.node import SHOWN_TYPE
from zigzag_lab.inputs.onnx.registry import replaced_by
from zigzag_lab.inputs.onnx.replacement import Replacement, Rule


def _turned(e: Replacement, tensor: str, *, batch_first: bool, swapped: bool) -> str | None:
    """A factor with its last two dimensions swapped, or its rows in front of its batch; none if its rank is unknown."""
    if not (batch_first or swapped):
        return tensor
    shape = e.shape(tensor)
    if shape is None or len(shape) < 2:
        return None
    order = list(range(len(shape)))
    if batch_first:
        order = [*order[1:-1], 0, order[-1]]
    if swapped:
        order[-2:] = order[:-3:-1]
    return e.transposed(tensor, order)


_MOST_EXPERTS = 4096


def _matrix(first: int = 0, second: int = 1) -> Rule:
    """A product of matrices that stand among scales, zero points and attributes."""

    def rule(e: Replacement) -> bool:
        sides = []
        for place, side in ((first, "A"), (second, "B")):
            batch_first, swapped = bool(e.integer(f"transBatch{side}")), bool(e.integer(f"trans{side}"))
            sides.append(_turned(e, e.input(place), batch_first=batch_first, swapped=swapped))
        if None in sides:
            return False
        e.add("MatMul", [side or "" for side in sides], e.output(0), shown=True)
        return True

    return rule


def _gemm(first: int = 0, second: int = 1) -> Rule:
    """A product of two matrices, each perhaps turned."""

    def rule(e: Replacement) -> bool:
        turns = e.integer("transA"), e.integer("transB")
        e.add("Gemm", [e.input(first), e.input(second)], e.output(0), shown=True, transA=turns[0], transB=turns[1])
        return True

    return rule


def _distances(e: Replacement) -> bool:
    """All pairs of rows of two matrices, one subtraction and product for each of their columns."""
    e.add("Gemm", [e.input(0), e.input(1)], e.output(0), shown=True, transB=1)
    return True


def _packed(bits: int = 8, n_outputs: int = 1) -> Rule:
    """Products by weights packed in blocks, whose sizes stand in attributes."""

    def rule(e: Replacement) -> bool:
        k, n, width = e.integer("K"), e.integer("N"), e.integer("bits", bits)
        if k < 1 or n < 1 or width < 1:
            return False
        x = e.input(0)
        for _ in range(n_outputs - 1):
            e.add("MatMul", [x, e.weight((k, n))], part="gate", shown=True, weight_size=width)
        e.add("MatMul", [x, e.weight((k, n))], e.output(0), shown=True, weight_size=width)
        return True

    return rule


def _packed_three(e: Replacement) -> bool:
    """Queries, keys and values of one input."""
    k, width = e.integer("K"), e.integer("bits", 4)
    sizes = [e.integer("Nq"), e.integer("Nkv"), e.integer("Nkv")]
    if k < 1 or width < 1 or min(sizes) < 1:
        return False
    for place, n in enumerate(sizes):
        output = e.output(place)
        e.add("MatMul", [e.input(0), e.weight((k, n))], output, part="qkv"[place], shown=True, weight_size=width)
    e.copy(e.input(0), e.output(3))
    return True


def _packed_with_adapter(e: Replacement) -> bool:
    """A product, and one of low rank beside it."""
    k, n, adapter = e.integer("K"), e.integer("N"), e.shape(e.input(3))
    if k < 1 or n < 1 or adapter is None:
        return False
    base = e.add("MatMul", [e.input(0), e.weight((k, n))], part="base", shown=True, weight_size=e.integer("bits", 4))
    if not adapter or not adapter[0]:
        e.copy(base, e.output(0))
        return True
    bits = e.integer("lora_bits", 4)
    low = e.add("MatMul", [e.input(0), e.weight((k, adapter[0]))], part="down", shown=True, weight_size=bits)
    high = e.add("MatMul", [low, e.weight((adapter[0], n))], part="up", shown=True, weight_size=bits)
    e.add("Add", [base, high], e.output(0), part="sum")
    return True


def _packed_by_shape(bits: int) -> Rule:
    """Weights packed along their rows, one row for each column of the result; the other size is that of the input."""

    def rule(e: Replacement) -> bool:
        x, weights = e.shape(e.input(0)), e.shape(e.input(1))
        if not x or not weights:
            return False
        e.add("MatMul", [e.input(0), e.weight((x[-1], weights[0]))], e.output(0), shown=True, weight_size=bits)
        return True

    return rule


def _packed_by_value(e: Replacement) -> bool:
    """A product by packed weights whose sizes are a tensor of their own."""
    sizes = e.known.values.get(e.input(2))
    if sizes is None or sizes.size != 2 or sizes.min() < 1:
        return False
    weight = e.weight([int(size) for size in sizes.reshape(-1)])
    e.add("MatMul", [e.input(0), weight], e.output(0), shown=True, weight_size=4)
    return True


def _quantised_lstm(e: Replacement) -> bool:
    """An LSTM whose weights are turned and quantised."""
    weights = [e.transposed(e.input(place), (0, 2, 1)) for place in (1, 2)]
    more = [e.input(place) for place in (4, 5, 6, 7)]
    given = {**e.attributes(*e.given), SHOWN_TYPE: e.node.op_type}
    inputs = [e.input(0), *weights, "", *more]
    e.keep(helper.make_node("LSTM", inputs, list(e.node.output), name=e.node.name, **given))
    return True


def _experts(first: int, second: int, third: int) -> Rule:
    """As many experts for each token as the router takes, with tokens spread evenly over the experts.

    The numbers say which inputs are the weights in front of the activation, behind it, and beside those in front.
    """

    def rule(e: Replacement) -> bool:
        x, inner, outer = (e.shape(e.input(place)) for place in (0, first, second))
        k = e.integer("k", 1)
        if not x or inner is None or outer is None or (len(inner), len(outer)) != (3, 3):
            return False
        if not 0 < k <= inner[0] <= _MOST_EXPERTS or prod(x) == 0:
            return False
        width, bits = x[-1], e.integer("expert_weight_bits", 4) if e.node.op_type == "QMoE" else 8
        n_inner = inner[2] if inner[1] == width != inner[2] and bits == 8 else inner[1]
        n_hidden = outer[2] * 8 // bits if outer[1] == width else outer[1]
        n_rows = prod(x[:-1]) * k
        n_used = next(n for n in range(max(1, min(inner[0], n_rows)), 0, -1) if n_rows % n == 0)
        if not 0 < n_hidden <= n_inner:
            return False

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
        return True

    return rule


replaced_by(
    {
        **dict.fromkeys(("FusedMatMul", "TransposeMatMul", "FusedMatMulActivation"), _matrix()),
        **dict.fromkeys(("DynamicQuantizeMatMul", "MatMulIntegerToFloat", "GemmFastGelu"), _matrix()),
        **dict.fromkeys(("FusedGemm", "GemmFloat8"), _gemm()),
        "MatMulInteger16": _matrix(),
        "QOrderedMatMul": _matrix(0, 2),
        "QGemm": _gemm(0, 3),
        "CDist": _distances,
        **dict.fromkeys(("MatMulNBits", "MatMulBnb4", "MatMulPacked"), _packed(4)),
        "MatMulNBitsMlp": _packed(4, n_outputs=2),
        "MatMulNBitsQkv": _packed_three,
        "MatMulNBitsQLoRA": _packed_with_adapter,
        "MatMulFpQ4": _packed_by_value,
        "MatMulBlockQuantizedFp4Weight": _packed_by_shape(4),
        "MatMulBlockQuantizedFp8Weight": _packed_by_shape(8),
        "DynamicQuantizeLSTM": _quantised_lstm,
        "MoE": _experts(2, 4, 6),
        "QMoE": _experts(2, 5, 8),
    },
    domain="com.microsoft",
    multiplies=True,
)
