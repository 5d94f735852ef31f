"""Other operators beside ONNX's own, as ONNX Runtime's optimiser and quantisers and scikit-learn's exporter write them.

Each is replaced by operators of ONNX that multiply as much and give a result of the same shape, or left out for a
reason: then none of its operations are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod

from onnx import TensorProto, helper

from zigzag_lab.inputs.onnx.einsum import two_by_two
from zigzag_lab.inputs.onnx.node import SHOWN_TYPE
from zigzag_lab.inputs.onnx.registry import left_out, replaced_by, shaped_by
from zigzag_lab.inputs.onnx.replacement import NotReplaceableError, Replacement, Rule

_MS = "com.microsoft"
_ML = "ai.onnx.ml"


def _elementwise(e: Replacement, also: Sequence[int] = ()) -> None:
    """One operation for each element of the first input; the outputs named besides have its shape, too."""
    e.become("Tanh", (0,))
    for output in also:
        e.copy(e.input(0), e.output(output))


def _as(kind: str, places: Sequence[int], *keys: str) -> Rule:
    """The operator of ONNX that takes some of the inputs and the attributes of these names."""
    return lambda e: e.become(kind, places, *keys)


def _joined(e: Replacement, first: int, step: int, axis: int | None = None) -> None:
    """Inputs one beside the other, among scales and zero points."""
    along = e.integer("axis", 1) if axis is None else axis
    e.add("Concat", list(e.node.input[first::step]), e.output(0), shown=True, axis=along)


def _embedded(e: Replacement) -> None:
    """A row of the embedding for each number."""
    rows = e.add("Gather", [e.input(2), e.input(0)], part="words", axis=0)
    e.add("Tanh", [rows], e.output(0), shown=True)
    e.copy(rows, e.output(2))


def _unpacked_rows(e: Replacement) -> None:
    """Rows of a packed table, as many numbers each as it holds."""
    table = e.sizes(e.input(0), 2)
    e.require(not e.integer("gather_axis"))
    bits = e.integer("bits", 4) or 4
    is_packed = e.known.types[e.input(0)].tensor_type.elem_type == TensorProto.UINT8 and bits < 8
    width = e.integer("K") or table[-1] * (8 // bits if is_packed else 1)
    e.add("Gather", [e.weight((*table[:-1], width)), e.input(1)], e.output(0), shown=True, axis=0)


def _half(e: Replacement) -> None:
    """One half of an input, times what becomes of the other."""
    shape = e.sizes(e.input(0))
    e.require(shape[-1] % 2 == 0)
    halves = e.parts(e.input(0), len(shape) - 1, [shape[-1] // 2] * 2)
    e.add("Mul", halves, e.output(0), shown=True)


def _picked(e: Replacement) -> None:
    """Columns of a matrix."""
    axis = len(e.sizes(e.input(0))) - 1
    e.add("Gather", [e.input(0), e.reshaped(e.input(1), (-1,))], e.output(0), shown=True, axis=axis)


def _linear(e: Replacement, output: int, n_results: str) -> None:
    """A matrix product whose weights stand in attributes.

    ``output`` is which output the product is; attribute ``n_results`` tells its columns, by default the weights do.
    """
    x = e.sizes(e.input(0))
    n_weights = len(e.given["coefficients"].floats) if "coefficients" in e.given else 0
    e.require(x[-1] > 0 and n_weights > 0 and n_weights % x[-1] == 0)
    n_columns = n_weights // x[-1]
    e.require(e.integer(n_results, n_columns) == n_columns)
    rows = e.reshaped(e.input(0), (-1, x[-1]))
    made = e.add("MatMul", [rows, e.weight((x[-1], n_columns))], part="product", shown=True)
    if output:
        e.add("ArgMax", [made], e.output(0), part="label", axis=1, keepdims=0)
    e.add("Concat", [made] * (2 if output and n_columns == 1 else 1), e.output(output), part="scores", axis=1)


def _two_by_two(e: Replacement) -> None:
    """More than two operands, put together one after the other."""
    operands = list(e.node.input)
    equation = e.given["equation"].s.decode(errors="replace") if "equation" in e.given else ""
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    e.require(len(terms) == len(operands) > 2)
    ranks = []
    for term, name in zip(terms, operands, strict=True):
        shape = e.sizes(name, 0) if "..." in term else e.shape(name)
        ranks.append(len(term if shape is None else shape))
    try:
        equations = two_by_two(equation, ranks)
    except ValueError:
        raise NotReplaceableError from None
    so_far = operands[0]
    for i, one in enumerate(equations):
        output = e.output(0) if i == len(equations) - 1 else ""
        so_far = e.add("Einsum", [so_far, operands[i + 1]], output, part=f"operands to {i + 2}", equation=one)


_OF_EACH_ELEMENT = """
    BiasAdd BiasGelu FastGelu Gelu QuickGelu GatedAdd GatedRMSNorm ScaledSiLU BiasSoftmax QLinearSigmoid
    QLinearLeakyRelu QLinearSoftmax RotaryEmbedding MRotaryEmbedding GroupNorm GemmaRotaryEmbedding
    QuantizeWithOrder DequantizeWithOrder QOrderedGelu QOrderedLayerNormalization BranchwiseRMSNorm
"""

replaced_by({"Einsum": _two_by_two}, multiplies=True)
replaced_by(
    {
        "LinearRegressor": partial(_linear, output=0, n_results="targets"),
        "LinearClassifier": partial(_linear, output=1, n_results=""),
    },
    domain=_ML,
    multiplies=True,
)
replaced_by(
    {
        **dict.fromkeys(("SimplifiedLayerNormalization", "ScaledTanh", "ParametricSoftplus"), _elementwise),
        **dict.fromkeys(("MemcpyFromHost", "MemcpyToHost"), _as("Identity", (0,))),
    }
)
replaced_by(
    {
        **dict.fromkeys(_OF_EACH_ELEMENT.split(), _elementwise),
        **dict.fromkeys(
            ("SkipLayerNormalization", "SkipSimplifiedLayerNormalization"), partial(_elementwise, also=(3,))
        ),
        **dict.fromkeys(("SkipGroupNorm", "BiasDropout", "BitmaskBiasDropout"), partial(_elementwise, also=(1,))),
        **{f"{kind}Linear": _as(f"{kind}Linear", (0, 1, 2), "axis") for kind in ("Quantize", "Dequantize")},
        "QLinearAdd": _as("Add", (0, 3)),
        "QLinearMul": _as("Mul", (0, 3)),
        "MulInteger": _as("Mul", (0, 2)),
        **dict.fromkeys(("ComplexMul", "ComplexMulConj", "SwiGLU"), _as("Mul", (0, 1))),
        "QLinearReduceMean": _as("ReduceMean", (0,), "axes", "keepdims"),
        "ReduceSumInteger": _as("ReduceSum", (0,), "axes", "keepdims"),
        "QLinearWhere": _as("Where", (0, 1, 4)),
        "QLinearConcat": partial(_joined, first=2, step=3),
        **dict.fromkeys(("EmbedLayerNormalization", "QEmbedLayerNormalization"), _embedded),
        "TorchEmbedding": _as("Gather", (0, 1)),
        "RestorePadding": _as("Gather", (0, 1)),
        **dict.fromkeys(("GatherBlockQuantized", "GatherPacked"), _unpacked_rows),
        "BiasSplitGelu": _half,
        "ExpandDims": _as("Unsqueeze", (0, 1)),
        "Trilu": _as("Trilu", (0, 1), "upper"),
        "GatherND": _as("GatherND", (0, 1)),
        "Range": _as("Range", (0, 1, 2)),
        "Pad": _as("Pad", (0, 1, 2), "mode"),
        "BitmaskDropout": _as("Identity", (0,)),
    },
    domain=_MS,
)
replaced_by(
    dict.fromkeys(("BatchNormalization", "InstanceNormalization", "LRN"), _elementwise), domain="com.ms.internal.nhwc"
)
replaced_by(
    {
        **dict.fromkeys(("Scaler", "Normalizer", "Imputer", "Binarizer", "LabelEncoder"), _elementwise),
        "FeatureVectorizer": partial(_joined, first=0, step=1, axis=1),
        "ArrayFeatureExtractor": _picked,
    },
    domain=_ML,
)


left_out(
    {
        "how many keys there are follows from the data": "PagedAttention SparsePagedAttention",
        "which blocks of the scores are computed follows from the data": """
            SparseAttention DynamicSparseAttention SparseAttentionIndexer PackedSparseAttentionIndexer
        """,
        "which tokens see all others follows from the data": "LongformerAttention QOrderedLongformerAttention",
        "whether keys are computed or taken from a cache follows from the data": "DecoderAttention",
        "how many elements of its sparse operand there are follows from the data": "SparseToDenseMatMul",
        "how often the decoder runs follows from the data": "BeamSearch GreedySearch Sampling WhisperBeamSearch",
        "each step rewrites the state that the next one reads": """
            GatedDeltaNet GatedDeltaNetStateReplay Mamba2Verify AttnLSTM ConvStateReplay
        """,
        "where its sequences begin follows from the data": "VarlenCausalConvWithState",
        "how its weights are packed is not written in the model": """
            MoEPacked RouterGateUpProj MoEGroupRouter HyperConnectionLowRankMix GatedRelativePositionBias
        """,
        "it is no product of two tensors": "Inverse DynamicTimeWarping",
        "its embedding and its convolution are one": "WordConvEmbedding",
        "which branches are taken follows from the data": "TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor",
        "its kernel is no product of two tensors": "SVMClassifier SVMRegressor",
        "it holds a network that an accelerator's own compiler made": "EPContext Snpe",
    }
)
shaped_by(
    lambda e: e.keep_itself(0),
    """
    PagedAttention SparsePagedAttention SparseAttention LongformerAttention QOrderedLongformerAttention
    DecoderAttention VarlenCausalConvWithState
    """,
)
shaped_by(lambda e: e.keep_itself(2), "GatedDeltaNet")


# -- products: of matrices among scales and blocks, of experts, of a quantised cell ------------------------------------

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
