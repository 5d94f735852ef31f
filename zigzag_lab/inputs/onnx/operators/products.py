"""Operators that multiply matrices: products of any rank, ``Einsum`` of two operands, and recurrent cells.

Fourier transforms become the products by a matrix that they are, where everything is priced.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from onnx import NodeProto, helper

from zigzag_lab.inputs.onnx.einsum import einsum_sizes, einsum_terms
from zigzag_lab.inputs.onnx.node import OnnxNode, Shape, shape_text
from zigzag_lab.inputs.onnx.registry import product, replaced_by
from zigzag_lab.inputs.onnx.replacement import Replacement, Rule
from zigzag_lab.workload import Layer

_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
"""Recurrent operator -> gates of a cell."""

_LOOPS = {
    (True, True, True): "B",
    (True, True, False): "D",
    (True, False, True): "K",
    (True, False, False): "D",
    (False, True, True): "C",
    (False, True, False): "E",
    (False, False, True): "F",
    (False, False, False): "C",
}
"""Whether the result, I and W vary along an index -> the loop that it is folded into."""


@product("MatMulInteger", sums_integers=True)
@product("QLinearMatMul", weight_input=3)
@product("Gemm", "MatMul")
def matrix_product(node: OnnxNode) -> Layer:
    """``O[b][h][d][k] += I[b][h][d][c] * W[b][h][c][k]``.

    The last leading dimension is h where there are two or more, the others are folded: into b those along which the
    same operands vary as along the first, into b2 and b3 the others. An operand that is broadcast along a dimension
    is not indexed with it.
    """
    a, b, out = _as_matrices(node)
    batch, (d, k), c = out[:-2], out[-2:], a[-1]
    if a[-2] != d or (b is not None and b[-2:] != (c, k)):
        raise _misfit(node)
    is_constant = "W" not in node.sources
    batch_of_w = b[:-2] if b is not None else () if is_constant else batch
    sizes, index_i, index_w = _batch_loops(node, batch, a[:-2], batch_of_w, w_if_one=not is_constant)
    return node.layer(
        {"O": (*sizes, "D", "K"), "I": (*index_i, "D", "C"), "W": (*index_w, "C", "K")},
        {"C": c, "D": d, "K": k, **sizes},
    )


def _batch_loops(
    node: OnnxNode, batch: Shape, of_i: Shape, of_w: Shape, *, w_if_one: bool
) -> tuple[dict[str, int], tuple[str, ...], tuple[str, ...]]:
    """Loops over the leading dimensions, and those that index I and W."""
    n = len(batch)
    own_i, own_w = (((1,) * (n - len(own)) + own) for own in (of_i, of_w))
    if any(i not in (1, size) or w not in (1, size) for size, i, w in zip(batch, own_i, own_w, strict=True)):
        raise _misfit(node)
    names = _batch_names(batch, own_i, own_w)
    sizes: dict[str, int] = {}
    for name, size in zip(names, batch, strict=True):
        sizes[name] = sizes.get(name, 1) * size
    extent_i = {x: prod(s for name, s in zip(names, own_i, strict=True) if name == x) for x in sizes}
    extent_w = {x: prod(s for name, s in zip(names, own_w, strict=True) if name == x) for x in sizes}
    index_i = tuple(x for x, size in sizes.items() if size == 1 or extent_i[x] > 1)
    index_w = tuple(x for x, size in sizes.items() if (extent_w[x] > 1 if size > 1 else w_if_one))
    return sizes, index_i, index_w


def _batch_names(batch: Shape, own_i: Shape, own_w: Shape) -> list[str]:
    """The loop of each leading dimension."""
    n_folded = len(batch) - 1 if len(batch) > 1 else len(batch)
    known: dict[tuple[bool, bool], str] = {}
    names = []
    for size, i, w in list(zip(batch, own_i, own_w, strict=True))[:n_folded]:
        if size == 1:
            names.append("B")
            continue
        names.append(known.setdefault((i > 1, w > 1), f"B{len(known) + 1}" if known else "B"))
    return names if n_folded == len(batch) else [*names, "H"]


def _as_matrices(node: OnnxNode) -> tuple[Shape, Shape | None, Shape]:
    """Shapes of I, W and O with at least two dimensions each, transpositions undone."""
    a, b, out = node.input_shape, node.weight_shape, node.output_shape
    if not a or b == ():
        raise node.error(f"a product of {shape_text(a)} by {shape_text(b)}", "vectors or matrices")
    if node.operator_type == "Gemm":
        if len(a) != 2 or len(out) != 2 or (b is not None and len(b) != 2):
            raise node.error(
                f"a Gemm of {shape_text(a)} by {shape_text(b)} to {shape_text(out)}", "two dimensions each"
            )
        a = a[::-1] if node.integer("transA", 0) else a
        b = b[::-1] if b is not None and node.integer("transB", 0) else b
        return a, b, out
    if b is not None and len(b) == 1:
        b, out = (b[0], 1), (*out, 1)
    if len(a) == 1:
        a, out = (1, a[0]), (*out[:-1], 1, *out[-1:])
    if len(out) < 2 or len(out) < max(len(a), len(b or ())):
        raise node.error(f"a product of {shape_text(a)} by {shape_text(b)} to {shape_text(out)}", "sizes that fit")
    return a, b, out


def _misfit(node: OnnxNode) -> Exception:
    shapes = f"{shape_text(node.input_shape)} by {shape_text(node.weight_shape)} to {shape_text(node.output_shape)}"
    return node.error(f"a product of {shapes}", "sizes that fit", "Check --input-shape, or export the model again.")


@product(*_GATES, is_recurrent=True)
def recurrent(node: OnnxNode) -> Layer:
    """All steps of an LSTM, GRU or RNN: ``O[h][d][k] += I[h][d][c] * W[h][c][k]``.

    d counts steps times batch, c the input and the hidden state side by side, k the gates of all hidden units, h the
    directions. That a step waits for the one before it is not modelled.
    """
    x, weights = node.input_shape, node.weight_shape
    if len(x) != 3 or weights is None or len(weights) != 3 or weights[2] != x[2]:
        raise _misfit(node)
    n_directions, k, n_inputs = weights
    n_hidden = k // _GATES[node.operator_type]
    loops = {"C": n_inputs + n_hidden, "D": x[0] * x[1], "K": k}
    both: Sequence[str] = ("H",) if n_directions > 1 else ()
    return node.layer(
        {"O": (*both, "D", "K"), "I": (*both, "D", "C"), "W": (*both, "C", "K")},
        {**loops, **dict.fromkeys(both, n_directions)},
    )


@product("Einsum")
def einsum(node: OnnxNode) -> Layer:
    """``O[b][d][k] += I[b][d][c] * W[b][c][k]``, whatever letters the equation uses.

    Indices are folded by the operands that have them: b all three, d and k the result and one operand, c both
    operands, e and f one operand only (they are summed over with the rest).
    """
    equation = node.text("equation", "")
    if node.weight_shape is None:
        raise node.error(f"the shape of an operand of '{equation}' is not known", "fixed sizes")
    shapes = (node.input_shape, node.weight_shape)
    try:
        (first, second), result = einsum_terms(equation, [len(shape) for shape in shapes])
        sizes = einsum_sizes(equation, (first, second), shapes)
    except ValueError as error:
        shown = " and ".join(map(shape_text, shapes))
        raise node.error(f"{error}; the operands have shapes {shown}", "an equation of its operands") from None
    own = [dict(zip(term, shape, strict=True)) for term, shape in zip((first, second), shapes, strict=True)]
    loops: dict[str, int] = {"C": 1, "D": 1, "K": 1}
    for index, size in sizes.items():
        name = _LOOPS[index in result, own[0].get(index) == size, own[1].get(index) == size]
        loops[name] = loops.get(name, 1) * size
    have = {"O": "BDK", "I": "BDCE", "W": "BCKF"}
    return node.layer({op: tuple(x for x in dims if x in loops) for op, dims in have.items()}, loops)


_AXIS_BY_INPUT = 20


def _stft(e: Replacement) -> bool:
    """Frames of a signal, each multiplied by the matrix of its transform; half of the frequencies by default."""
    e.known.add(_told(e))
    signal, frames = e.shape(e.input(0)), e.shape(e.output(0))
    window, length = e.shape(e.input(2)), e.known.values.get(e.input(3))
    if signal is None or frames is None or len(frames) != 4 or len(signal) < 2:
        return False
    n = window[0] if window else int(length.reshape(-1)[0]) if length is not None and length.size else 0
    if n < 1:
        return False
    n_parts = signal[2] if len(signal) == 3 else 1
    rows = e.add("Gather", [e.input(0), e.weight((frames[1], n))], part="frames", axis=1)
    flat = e.reshaped(rows, (frames[0], frames[1], n * n_parts))
    made = e.add("MatMul", [flat, e.weight((n * n_parts, frames[2] * 2))], part="transform", shown=True)
    e.reshaped(made, frames, e.output(0))
    return True


def _one_sided(e: Replacement) -> bool:
    """Half of the frequencies by default, as the standard has it and ONNX's inference has not."""
    if "onesided" in e.given:
        return False
    e.keep(_told(e))
    return True


def _told(e: Replacement) -> NodeProto:
    node = NodeProto()
    node.CopyFrom(e.node)
    if "onesided" not in e.given:
        node.attribute.append(helper.make_attribute("onesided", 1))
    return node


def _dft(e: Replacement) -> bool:
    """One dimension of a tensor, multiplied by the matrix of its transform."""
    e.known.add(e.node)
    x, y = e.shape(e.input(0)), e.shape(e.output(0))
    if not x or not y or len(x) != len(y) or prod(x) == 0 or len(x) < 2:
        return False
    axes = e.known.values.get(e.input(2))
    axis = (
        int(axes.reshape(-1)[0])
        if axes is not None and axes.size
        else e.integer("axis", -2 if e.opset >= _AXIS_BY_INPUT else 1)
    )
    if not -len(x) <= axis < len(x):
        return False
    return _transform(e, x[axis] * x[-1], y[axis] * y[-1], y)


def _fft(*, is_inverse: bool) -> Rule:
    """The transform of the last dimension, of complex numbers or of real ones, and its inverse."""

    def rule(e: Replacement) -> bool:
        x, n_dims = e.shape(e.input(0)), e.integer("signal_ndim", 1)
        if not x or n_dims != 1 or prod(x) == 0 or (is_inverse and len(x) < 2):
            return False
        if is_inverse:
            n = (x[-2] - 1) * 2 if e.integer("onesided") else x[-2]
            return _transform(e, x[-2] * x[-1], n, (*x[:-2], n))
        n = x[-1] // 2 + 1 if e.integer("onesided") else x[-1]
        return _transform(e, x[-1], 2 * n, (*x[:-1], n, 2))

    return rule


def _transform(e: Replacement, n_in: int, n_out: int, shape: Sequence[int]) -> bool:
    rows = e.reshaped(e.input(0), (-1, n_in))
    made = e.add("MatMul", [rows, e.weight((n_in, n_out))], part="transform", shown=True)
    e.reshaped(made, shape, e.output(0))
    return True


replaced_by({"STFT": _one_sided})
replaced_by({"STFT": _stft, "DFT": _dft}, if_all_priced=True)
replaced_by(
    {"Rfft": _fft(is_inverse=False), "Irfft": _fft(is_inverse=True)}, domain="com.microsoft", if_all_priced=True
)
