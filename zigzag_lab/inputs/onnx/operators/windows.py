"""Operators that slide a window over an image: convolutions, their transposes, and poolings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, gcd

from zigzag_lab.inputs.onnx.node import OnnxNode, shape_text
from zigzag_lab.inputs.onnx.registry import product
from zigzag_lab.workload import DimensionRelation, Layer

_AXES = {1: "X", 2: "YX", 3: "ZYX"}
"""Directions that a window slides along, in the order of ONNX."""


@dataclass(frozen=True)
class _Window:
    """A window along one direction, X, Y or Z."""

    axis: str
    n_in: int
    n_out: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    pads: tuple[int, int] = (0, 0)

    @property
    def relation(self) -> DimensionRelation:
        return DimensionRelation(f"I{self.axis}", f"O{self.axis}", self.stride, f"F{self.axis}", self.dilation)


@dataclass(frozen=True)
class _Windows:
    """The windows of a layer: X first, with a Y of one pixel where there is a single direction."""

    along: tuple[_Window, ...]

    @classmethod
    def of(cls, windows: Sequence[_Window]) -> _Windows:
        found = {w.axis: w for w in windows}
        found.setdefault("Y", _Window("Y", 1, 1, 1))
        return cls(tuple(found[axis] for axis in "XYZ" if axis in found))

    def sizes(self, letter: str) -> dict[str, int]:
        """Loops over outputs (O) or over the window (F)."""
        return {f"{letter}{w.axis}": w.n_out if letter == "O" else w.kernel for w in self.along}

    def dims(self, letter: str) -> tuple[str, ...]:
        """Dimensions of an image (I, O) or of the window (F), outermost first."""
        return tuple(f"{letter}{w.axis}" for w in reversed(self.along))

    def layer(self, node: OnnxNode, operand_dims: dict[str, tuple[str, ...]], loops: dict[str, int]) -> Layer:
        return node.layer(
            operand_dims,
            loops,
            relations=tuple(w.relation for w in self.along),
            data_sizes={f"I{w.axis}": w.n_in for w in self.along},
            padding={f"I{w.axis}": w.pads for w in reversed(self.along)},
        )


@product("ConvInteger", sums_integers=True)
@product("QLinearConv", weight_input=3)
@product("Conv", "DeformConv")
def convolution(node: OnnxNode) -> Layer:
    """``O[b][g][k][oy][ox] += W[g][k][c][fy][fx] * I[b][g][c][iy][ix]``, with z in front of y where there is depth."""
    n_slides = _n_slides(node, "convolution")
    if len(node.output_shape) != n_slides + 2:
        raise node.error(
            f"a {node.operator_type} from {shape_text(node.input_shape)} to {shape_text(node.output_shape)}",
            "a convolution over one to three dimensions",
            "Check --input-shape, or export the model again.",
        )
    kernel = _kernel(node, n_slides)
    groups = max(1, node.integer("group", 1))
    n_channels, weights = node.input_shape[1], node.weight_shape
    wrong_weights = weights is not None and (len(weights) != n_slides + 2 or weights[1] * groups != n_channels)
    if wrong_weights or node.input_shape[0] != node.output_shape[0] or n_channels % groups != 0:
        raise _misfit(node, groups)
    windows = _windows(node, kernel)
    return _as_convolution(node, windows, ceil(node.output_shape[1] / groups), groups)


def _as_convolution(node: OnnxNode, windows: _Windows, n_results: int, groups: int) -> Layer:
    batch, channels = node.input_shape[:2]
    loops = {"B": batch, "K": n_results, "G": groups, **windows.sizes("O"), "C": channels // groups}
    operand_dims: dict[str, tuple[str, ...]] = {
        "O": ("B", "G", "K", *windows.dims("O")),
        "W": ("G", "K", "C", *windows.dims("F")),
        "I": ("B", "G", "C", *windows.dims("I")),
    }
    return windows.layer(node, operand_dims, {**loops, **windows.sizes("F")})


@product("ConvTranspose")
def transposed_convolution(node: OnnxNode) -> Layer:
    """A transposed convolution as the dense convolution that makes its results side by side.

    With stride s, each pixel of the input makes s pixels of the output along each direction, each from a part of the
    window: they become s times the output channels of a convolution of stride 1 whose window is s times smaller. The
    multiplications are those of the operator, pixel by pixel of its input, also of those that padding crops. Where the
    window is no multiple of s, the smallest divisor of it above s takes the place of s: more results than there are
    (3 for 2 along a window of 3 with stride 2), which is what adding up the overlaps afterwards would write.
    """
    n_slides = _n_slides(node, "transposed convolution")
    kernel = _kernel(node, n_slides)
    groups = max(1, node.integer("group", 1))
    n_channels, weights = node.input_shape[1], node.weight_shape
    if weights is not None and (len(weights) != n_slides + 2 or weights[0] != n_channels):
        raise _misfit(node, groups)
    if n_channels % groups or len(node.output_shape) != n_slides + 2:
        raise _misfit(node, groups)
    strides = node.integers("strides", [1] * n_slides, 1)
    dilations = node.integers("dilations", [1] * n_slides, 1)
    n_out = weights[1] if weights is not None else ceil(node.output_shape[1] / groups)
    along = []
    for axis, n_in, size, stride, dilation in zip(
        _AXES[n_slides], node.input_shape[2:], kernel, strides, dilations, strict=True
    ):
        common = gcd(stride, dilation)
        n_phases = _divisor_from(size, stride // common)
        taps, apart = size // n_phases, dilation // common
        n_out *= n_phases
        along.append(_Window(axis, n_in, n_in, taps, 1, apart, ((taps - 1) * apart, 0)))
    return _as_convolution(node, _Windows.of(along), n_out, groups)


def _divisor_from(number: int, least: int) -> int:
    """The smallest divisor of a number that is not below the other; the number itself where that is larger."""
    return next((d for d in range(least, min(number, 4096)) if number % d == 0), number)


def pooling(node: OnnxNode) -> Layer:
    """``O[b][g][oy][ox] += I[b][g][iy][ix]`` over a window; a global pooling has the whole image as its window."""
    n_slides = _n_slides(node, "pooling")
    is_global = node.operator_type.startswith("Global")
    if is_global:
        sizes = zip(_AXES[n_slides], node.input_shape[2:], strict=True)
        windows = _Windows.of([_Window(axis, size, 1, size) for axis, size in sizes])
    elif len(node.output_shape) == n_slides + 2:
        windows = _windows(node, _kernel(node, n_slides))
    else:
        raise node.error(f"a pooling to {shape_text(node.output_shape)}", f"{n_slides + 2} dimensions")
    batch, channels = node.input_shape[:2]
    operand_dims = {"O": ("B", "G", *windows.dims("O")), "I": ("B", "G", *windows.dims("I"))}
    loops = {"B": batch, "G": channels, **windows.sizes("O"), **windows.sizes("F")}
    return windows.layer(node, operand_dims, loops)


def _n_slides(node: OnnxNode, kind: str) -> int:
    n_slides = len(node.input_shape) - 2
    if n_slides not in _AXES:
        raise node.error(
            f"a {node.operator_type} of {shape_text(node.input_shape)}",
            f"a {kind} over one to three dimensions",
            "Check --input-shape, or export the model again.",
        )
    return n_slides


def _misfit(node: OnnxNode, groups: int) -> Exception:
    return node.error(
        f"{groups} groups of weights of shape {shape_text(node.weight_shape)}, an input of shape "
        f"{shape_text(node.input_shape)} and an output of shape {shape_text(node.output_shape)}",
        "batch and channels that fit",
        "Check --input-shape, or export the model again.",
    )


def _windows(node: OnnxNode, kernel: list[int]) -> _Windows:
    n = len(kernel)
    strides = node.integers("strides", [1] * n, 1)
    dilations = node.integers("dilations", [1] * n, 1)
    pads = _pads(node, kernel, strides, dilations)
    along = zip(
        _AXES[n], node.input_shape[2:], node.output_shape[2:], kernel, strides, dilations, pads, strict=True
    )  # fmt: skip
    return _Windows.of([_Window(*values) for values in along])


def _kernel(node: OnnxNode, n_slides: int) -> list[int]:
    """Sizes of the window: from the attribute, or from the weights where it is left out."""
    if "kernel_shape" in node.attributes:
        return node.integers("kernel_shape", [1] * n_slides, 1)
    if node.weight_shape is None or len(node.weight_shape) != n_slides + 2:
        raise node.error(
            "neither kernel_shape nor the shape of the weights is known", "one of them", "Export it again."
        )
    return list(node.weight_shape[2:])


def _pads(node: OnnxNode, kernel: list[int], strides: list[int], dilations: list[int]) -> list[tuple[int, int]]:
    """Elements before and after, along each direction. With ``auto_pad`` they follow from the shapes."""
    mode, n = node.text("auto_pad", "NOTSET"), len(kernel)
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        spans = [
            (out - 1) * stride + dilation * (size - 1) + 1
            for out, stride, dilation, size in zip(node.output_shape[2:], strides, dilations, kernel, strict=True)
        ]
        totals = [max(0, span - size) for span, size in zip(spans, node.input_shape[2:], strict=True)]
        small_first = mode == "SAME_UPPER"
        return [(t // 2, t - t // 2) if small_first else (t - t // 2, t // 2) for t in totals]
    if mode not in ("NOTSET", "VALID", ""):
        raise node.error(f"auto_pad is {mode!r}", "NOTSET, SAME_UPPER, SAME_LOWER or VALID")
    pads = node.integers("pads", [0] * 2 * n, 0) if mode != "VALID" else [0] * 2 * n
    return list(zip(pads[:n], pads[n:], strict=True))
