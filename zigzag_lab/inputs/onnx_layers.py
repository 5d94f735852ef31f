"""One ONNX node as a layer: convolutions and matrix products, as nests of loops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, prod
from typing import Any

from zigzag_lab.inputs.onnx_file import Shape, shape_text
from zigzag_lab.vocab import FINAL_OUTPUT, OUTPUT, InputError
from zigzag_lab.workload import DimensionRelation, Layer

WEIGHT_INPUT = {"Conv": 1, "QLinearConv": 3, "Gemm": 1, "MatMul": 1}
"""Operator type -> which of its inputs is W; I is input 0. Scales, zero points and biases are no operands."""

DEFAULT_BITS = 8
_CONV_DIMS: dict[str, tuple[str, ...]] = {
    "O": ("B", "G", "K", "OY", "OX"),
    "W": ("G", "K", "C", "FY", "FX"),
    "I": ("B", "G", "C", "IY", "IX"),
}


@dataclass(frozen=True)
class OnnxNode:
    """A node that becomes a layer.

    Attributes:
        where: the file and the node, for messages.
        id: index of the node in its graph.
        name: unique in its graph.
        operator_type: one of ``WEIGHT_INPUT``.
        attributes: as ONNX gives them.
        input_shape, output_shape: of I and O.
        weight_shape: of W; none where the model does not say.
        sources: W and I -> the node that makes them, in this order; an operand that is constant or an input of the
            graph is absent.
    """

    where: str
    id: int
    name: str
    operator_type: str
    attributes: dict[str, Any]
    input_shape: Shape
    output_shape: Shape
    weight_shape: Shape | None
    sources: dict[str, int]

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
        is_list = isinstance(value, (list, tuple)) and all(isinstance(v, int) and v >= least for v in value)
        if not is_list or len(value) != len(default):
            raise self.error(f"attribute {key} is {value!r}", f"{len(default)} whole numbers, {least} or more")
        return list(value)

    def layer(
        self, operand_dims: dict[str, tuple[str, ...]], loops: dict[str, int], weight_bits: int, **more: Any
    ) -> Layer:
        """The layer of these loops, with what every kind of node has in common."""
        act_bits = self.integer("act_size", DEFAULT_BITS)
        precision = {"W": weight_bits, "I": act_bits, FINAL_OUTPUT: act_bits}
        return Layer(
            id=self.id,
            name=self.name,
            operator_type=self.operator_type,
            operand_dims=operand_dims,
            loop_sizes=loops,
            precision_bits={**precision, OUTPUT: self.integer("output_size", 2 * act_bits)},
            constant_operands=tuple(op for op in ("W", "I") if op not in self.sources),
            sources=self.sources,
            **more,
        )


def read_layer(node: OnnxNode) -> Layer:
    """The layer of a node.

    Raises:
        InputError: the node's shapes and attributes do not belong together, or it slides over three dimensions.
    """
    return _convolution(node) if node.operator_type in ("Conv", "QLinearConv") else _matrix_product(node)


def _convolution(node: OnnxNode) -> Layer:
    n_slides = len(node.input_shape) - 2
    if n_slides not in (1, 2) or len(node.output_shape) != n_slides + 2:
        raise node.error(
            f"a {node.operator_type} from {shape_text(node.input_shape)} to {shape_text(node.output_shape)}",
            "a 1-D or 2-D convolution",
            "Convolutions over three dimensions are not supported: replace or remove the node.",
        )
    kernel = _kernel(node, n_slides)
    groups = max(1, node.integer("group", 1))
    if _is_misfit(node, groups):
        raise node.error(
            f"{groups} groups of weights of shape {shape_text(node.weight_shape)}, an input of shape "
            f"{shape_text(node.input_shape)} and an output of shape {shape_text(node.output_shape)}",
            "batch and channels that fit",
            "Check --input-shape, or export the model again.",
        )
    strides = node.integers("strides", [1] * n_slides, 1)
    dilations = node.integers("dilations", [1] * n_slides, 1)
    pads = _pads(node, kernel, strides, dilations)
    (n_y, n_x), (fy, fx) = _two(node.input_shape[2:], 1), _two(kernel, 1)
    (oy, ox), (sy, sx), (dy, dx) = _two(node.output_shape[2:], 1), _two(strides, 1), _two(dilations, 1)
    pad_y, pad_x = _two(pads, (0, 0))
    loops = {"B": node.output_shape[0], "K": ceil(node.output_shape[1] / groups), "G": groups, "OX": ox, "OY": oy}
    return node.layer(
        _CONV_DIMS,
        {**loops, "C": ceil(node.input_shape[1] / groups), "FX": fx, "FY": fy},
        node.integer("weight_size", DEFAULT_BITS),
        relations=(DimensionRelation("IX", "OX", sx, "FX", dx), DimensionRelation("IY", "OY", sy, "FY", dy)),
        data_sizes={"IX": n_x, "IY": n_y},
        padding={"IX": pad_x, "IY": pad_y},
    )


def _is_misfit(node: OnnxNode, groups: int) -> bool:
    """Whether batch, channels and groups contradict each other, as they do once wrong input shapes are given."""
    n_channels, weights = node.input_shape[1], node.weight_shape
    wrong_weights = weights is not None and (len(weights) != len(node.input_shape) or weights[1] * groups != n_channels)
    return wrong_weights or node.input_shape[0] != node.output_shape[0] or n_channels % groups != 0


def _two(values: Sequence[Any], absent: Any) -> tuple[Any, Any]:
    """Values along height and width; a 1-D convolution has a height of one."""
    return (values[0], values[1]) if len(values) == 2 else (absent, values[0])


def _kernel(node: OnnxNode, n_slides: int) -> list[int]:
    """Height and width of the kernel: from the attribute, or from the weights where it is left out."""
    if "kernel_shape" in node.attributes:
        return node.integers("kernel_shape", [1] * n_slides, 1)
    if node.weight_shape is None or len(node.weight_shape) != n_slides + 2:
        raise node.error(
            "neither kernel_shape nor the shape of the weights is known", "one of them", "Export it again."
        )
    return list(node.weight_shape[2:])


def _pads(node: OnnxNode, kernel: list[int], strides: list[int], dilations: list[int]) -> list[tuple[int, int]]:
    """Elements before and after, along height and width. With ``auto_pad`` they follow from the shapes."""
    mode = node.attributes.get("auto_pad", b"NOTSET")
    mode = mode.decode(errors="replace") if isinstance(mode, bytes) else str(mode)
    n = len(kernel)
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        totals = [
            max(
                0,
                (node.output_shape[2 + i] - 1) * strides[i]
                + dilations[i] * (kernel[i] - 1)
                + 1
                - node.input_shape[2 + i],
            )
            for i in range(n)
        ]
        small_first = mode == "SAME_UPPER"
        return [(t // 2, t - t // 2) if small_first else (t - t // 2, t // 2) for t in totals]
    if mode not in ("NOTSET", "VALID", ""):
        raise node.error(f"auto_pad is {mode!r}", "NOTSET, SAME_UPPER, SAME_LOWER or VALID")
    pads = node.integers("pads", [0] * 2 * n, 0) if mode != "VALID" else [0] * 2 * n
    return list(zip(pads[:n], pads[n:], strict=True))


def _matrix_product(node: OnnxNode) -> Layer:
    """``O[b][h][d][k] += I[b][h][d][c] * W[b][h][c][k]``; leading dimensions beyond two are folded into b.

    An operand that is broadcast along b (or h) is not indexed with it. Where it is broadcast along some of the
    dimensions folded into b only, it counts as if it were not: more data than there is, never less.
    """
    a, b, out = _as_matrices(node)
    batch, (d, k), c = out[:-2], out[-2:], a[-1]
    if a[-2] != d or (b is not None and b[-2:] != (c, k)):
        shapes = f"{shape_text(node.input_shape)} by {shape_text(node.weight_shape)} to {shape_text(node.output_shape)}"
        raise node.error(f"a product of {shapes}", "sizes that fit", "Check --input-shape, or export the model again.")
    is_constant = "W" not in node.sources
    folded = {"B": batch[:-1] or batch, "H": batch[-1:]} if len(batch) > 1 else {"B": batch}
    sizes = {dim: prod(part) for dim, part in folded.items() if part}
    index_i = _batch_index(sizes, folded, a[:-2], True)
    index_w = _batch_index(sizes, folded, b[:-2] if b is not None else () if is_constant else batch, not is_constant)
    act_bits = node.integer("act_size", DEFAULT_BITS)
    return node.layer(
        {"O": (*sizes, "D", "K"), "I": (*index_i, "D", "C"), "W": (*index_w, "C", "K")},
        {"C": c, "D": d, "K": k, **sizes},
        node.integer("weight_size", DEFAULT_BITS) if is_constant else act_bits,
    )


def _batch_index(sizes: dict[str, int], folded: dict[str, Shape], batch: Shape, if_one: bool) -> tuple[str, ...]:
    """Which of B and H an operand is indexed with, given its own leading dimensions."""
    n_batch = sum(map(len, folded.values()))
    aligned = (1,) * (n_batch - len(batch)) + batch
    own = {"B": prod(aligned[: len(folded["B"])]), "H": prod(aligned[len(folded["B"]) :])}
    return tuple(dim for dim, size in sizes.items() if (own[dim] > 1 if size > 1 else if_one))


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
