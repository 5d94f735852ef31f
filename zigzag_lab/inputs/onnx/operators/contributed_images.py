"""Convolutions and poolings in layouts of ONNX Runtime: channels last, or in blocks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from zigzag_lab.inputs.onnx.free_operators import GLOBAL_POOLS, POOLS
from zigzag_lab.inputs.onnx.registry import replaced_by
from zigzag_lab.inputs.onnx.replacement import Replacement

_MS = "com.microsoft"
_NCHWC = "com.microsoft.nchwc"
_NHWC = "com.ms.internal.nhwc"
_OF_WINDOWS = ("kernel_shape", "strides", "dilations", "pads", "group", "auto_pad", "ceil_mode", "output_padding")


def _channels_first(e: Replacement, image: str, output: str = "") -> str:
    """``[batch, height, width, channels]`` as ``[batch, channels, height, width]``."""
    n = len(e.sizes(image, 3))
    return e.transposed(image, (0, n - 1, *range(1, n - 1)), output)


def _channels_last(e: Replacement, image: str, n_dims: int) -> None:
    """Write an image with channels behind height and width to the first output."""
    e.transposed(image, (0, *range(2, n_dims), 1), e.output(0))


def _window(
    e: Replacement, kind: str, inputs: Sequence[int] = (0,), *, weights: int | None = None, last: bool | None = None
) -> None:
    """A convolution or a pooling, perhaps with channels behind height and width.

    Input ``weights``, if any, are weights; by default an attribute says whether channels come ``last``.
    """
    given = e.attributes(*_OF_WINDOWS)
    names = [e.input(place) for place in inputs]
    if not (e.integer("channels_last") if last is None else last):
        e.add(kind, _with_channels(e, names, weights, e.integer("group", 1)), e.output(0), shown=True, **given)
        return
    n_dims = len(e.sizes(names[0], 3))
    names[0] = _channels_first(e, names[0])
    _channels_last(e, e.add(kind, names, shown=True, **given), n_dims)


def _with_pads(e: Replacement) -> None:
    """A transposed convolution whose padding is a tensor of its own."""
    e.require(e.input(2) in e.known.values)
    given = {**e.attributes(*_OF_WINDOWS), "pads": e.numbers(e.input(2))}
    e.become("ConvTranspose", (0, 1), **given)


def _causal(e: Replacement) -> None:
    """A convolution of each channel with its past, along one dimension."""
    x, w = e.sizes(e.input(0), 3, 3), e.sizes(e.input(1), 3, 3)
    e.require(not any(e.integer(key) for key in ("channels_last", "input_channels", "state_window")))
    dilation = max(1, e.integer("dilation", 1))
    before = (w[2] - 1) * dilation
    e.become("Conv", (0, 1), group=x[1], pads=[before, 0], dilations=[dilation])
    e.copy(e.weight((x[0], x[1], before)), e.output(1))


def _with_channels(e: Replacement, names: list[str], weights: int | None, groups: int) -> list[str]:
    """The inputs of a convolution in blocks of channels: an input with fewer channels than its weights is padded."""
    if weights is None or not e.node.domain.endswith("nchwc"):
        return names
    x, w = e.shape(names[0]), e.shape(names[1])
    if x is None or w is None or len(x) < 3 or len(w) < 3 or w[1] * max(1, groups) <= x[1]:
        return names
    missing = (x[0], w[1] * max(1, groups) - x[1], *x[2:])
    return [e.add("Concat", [names[0], e.weight(missing)], part="channels", axis=1), *names[1:]]


def _into_blocks(e: Replacement) -> None:
    """The same image, in blocks of channels."""
    if e.integer("channels_last"):
        _channels_first(e, e.input(0), e.output(0))
    else:
        e.copy(e.input(0), e.output(0))


def _out_of_blocks(e: Replacement) -> None:
    """The same image without blocks, and without channels that only fill one."""
    x, shape, n_channels = e.input(0), e.sizes(e.input(0), 3), e.positive("channels")
    if shape[1] > n_channels:
        x = e.parts(x, 1, [n_channels, shape[1] - n_channels])[0]
    if e.integer("channels_last"):
        _channels_last(e, x, len(shape))
    else:
        e.copy(x, e.output(0))


def _repeated(e: Replacement) -> None:
    """An image with each pixel several times."""
    scales = e.integers("scales")
    e.require(scales and min(scales) > 0 and ("mode" not in e.given or e.given["mode"].s == b"nearest"))
    e.add("Tile", [e.input(0), e.integer_list(scales)], e.output(0), shown=True)


replaced_by({"CausalConvWithState": _causal}, multiplies=True)
replaced_by(
    {
        "FusedConv": partial(_window, kind="Conv", inputs=(0, 1), last=False),
        **dict.fromkeys(("NhwcConv", "NhwcFusedConv"), partial(_window, kind="Conv", inputs=(0, 1), last=True)),
        "QLinearConv": partial(_window, kind="QLinearConv", inputs=range(8)),
        "ConvTransposeWithDynamicPads": _with_pads,
        "CausalConvWithState": _causal,
    },
    domain=_MS,
    multiplies=True,
)
replaced_by(
    {
        **{kind: partial(_window, kind=kind, inputs=(0, 1), last=True) for kind in ("Conv", "ConvTranspose")},
        "QLinearConv": partial(_window, kind="QLinearConv", inputs=range(8), last=True),
        "QLinearConvTranspose": partial(_window, kind="ConvTranspose", inputs=(0, 3), last=True),
    },
    domain=_NHWC,
    multiplies=True,
)
replaced_by(
    {"Conv": partial(_window, kind="Conv", inputs=(0, 1), weights=1, last=False)}, domain=_NCHWC, multiplies=True
)

replaced_by(
    {
        "QLinearAveragePool": partial(_window, kind="AveragePool"),
        "QLinearGlobalAveragePool": partial(_window, kind="GlobalAveragePool"),
        "NhwcMaxPool": partial(_window, kind="MaxPool", last=True),
        "MaxpoolWithMask": partial(_window, kind="MaxPool", last=False),
    },
    domain=_MS,
)
replaced_by(
    {
        **{kind: partial(_window, kind=kind, last=True) for kind in (*POOLS, *GLOBAL_POOLS)},
        "QLinearAveragePool": partial(_window, kind="AveragePool", last=True),
    },
    domain=_NHWC,
)
replaced_by(
    {
        **{kind: partial(_window, kind=kind, last=False) for kind in (*POOLS, *GLOBAL_POOLS) if "Lp" not in kind},
        "Upsample": _repeated,
        "ReorderInput": _into_blocks,
        "ReorderOutput": _out_of_blocks,
    },
    domain=_NCHWC,
)
