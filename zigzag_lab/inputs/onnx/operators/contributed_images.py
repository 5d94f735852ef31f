"""Convolutions and poolings in layouts of ONNX Runtime: channels last, or in blocks."""

from __future__ import annotations

from collections.abc import Sequence

from zigzag_lab.inputs.onnx.free_operators import GLOBAL_POOLS, POOLS
from zigzag_lab.inputs.onnx.registry import replaced_by
from zigzag_lab.inputs.onnx.replacement import Replacement, Rule

_MS = "com.microsoft"
_NCHWC = "com.microsoft.nchwc"
_NHWC = "com.ms.internal.nhwc"
_OF_WINDOWS = ("kernel_shape", "strides", "dilations", "pads", "group", "auto_pad", "ceil_mode", "output_padding")


def _window(kind: str, inputs: Sequence[int], *, weights: int | None = None, channels_last: bool | None = None) -> Rule:
    """A convolution or a pooling, perhaps with channels behind height and width.

    Args:
        kind: the operator of ONNX.
        inputs: which inputs it takes.
        weights: which of its inputs are weights.
        channels_last: whether channels come last; by default as an attribute states.
    """

    def rule(e: Replacement) -> bool:
        given = e.attributes(*_OF_WINDOWS)
        names = [e.input(place) for place in inputs]
        last = bool(e.integer("channels_last")) if channels_last is None else channels_last
        if not last:
            e.add(kind, _with_channels(e, names, weights, e.integer("group", 1)), e.output(0), shown=True, **given)
            return True
        shape = e.shape(names[0])
        if shape is None or len(shape) < 3:
            return False
        n = len(shape)
        names[0] = e.transposed(names[0], (0, n - 1, *range(1, n - 1)))
        e.transposed(e.add(kind, names, shown=True, **given), (0, *range(2, n), 1), e.output(0))
        return True

    return rule


def _with_pads(e: Replacement) -> bool:
    """A transposed convolution whose padding is a tensor of its own."""
    pads = e.known.values.get(e.input(2))
    if pads is None:
        return False
    given = e.attributes(*_OF_WINDOWS)
    given["pads"] = [int(size) for size in pads.reshape(-1)]
    e.add("ConvTranspose", [e.input(0), e.input(1)], e.output(0), shown=True, **given)
    return True


def _causal(e: Replacement) -> bool:
    """A convolution of each channel with its past, along one dimension."""
    x, w = e.shape(e.input(0)), e.shape(e.input(1))
    plain = not any(e.integer(key) for key in ("channels_last", "input_channels", "state_window"))
    if x is None or w is None or len(x) != 3 or len(w) != 3 or not plain:
        return False
    dilation = max(1, e.integer("dilation", 1))
    before = (w[2] - 1) * dilation
    given = {"group": x[1], "pads": [before, 0], "dilations": [dilation]}
    e.add("Conv", [e.input(0), e.input(1)], e.output(0), shown=True, **given)  # type: ignore[arg-type]
    e.copy(e.weight((x[0], x[1], before)), e.output(1))
    return True


def _with_channels(e: Replacement, names: list[str], weights: int | None, groups: int) -> list[str]:
    """The inputs of a convolution in blocks of channels: an input with fewer channels than its weights is padded."""
    if weights is None or not e.node.domain.endswith("nchwc"):
        return names
    x, w = e.shape(names[0]), e.shape(names[1])
    if x is None or w is None or len(x) < 3 or len(w) < 3 or w[1] * max(1, groups) <= x[1]:
        return names
    missing = (x[0], w[1] * max(1, groups) - x[1], *x[2:])
    return [e.add("Concat", [names[0], e.weight(missing)], part="channels", axis=1), *names[1:]]


def _into_blocks(e: Replacement) -> bool:
    """The same image, in blocks of channels."""
    if not e.integer("channels_last"):
        e.copy(e.input(0), e.output(0))
        return True
    shape = e.shape(e.input(0))
    if shape is None or len(shape) < 3:
        return False
    e.transposed(e.input(0), (0, len(shape) - 1, *range(1, len(shape) - 1)), e.output(0))
    return True


def _out_of_blocks(e: Replacement) -> bool:
    """The same image without blocks, and without channels that only fill one."""
    shape, n_channels = e.shape(e.input(0)), e.integer("channels")
    if shape is None or len(shape) < 3 or n_channels < 1:
        return False
    n, x = len(shape), e.input(0)
    if shape[1] > n_channels:
        x = e.parts(x, 1, [n_channels, shape[1] - n_channels])[0]
    if e.integer("channels_last"):
        e.transposed(x, (0, *range(2, n), 1), e.output(0))
    else:
        e.copy(x, e.output(0))
    return True


def _repeated(e: Replacement) -> bool:
    """An image with each pixel several times."""
    scales = e.integers("scales")
    if not scales or min(scales) < 1 or ("mode" in e.given and e.given["mode"].s != b"nearest"):
        return False
    e.add("Tile", [e.input(0), e.integer_list(scales)], e.output(0), shown=True)
    return True


replaced_by({"CausalConvWithState": _causal}, multiplies=True)
replaced_by(
    {
        "FusedConv": _window("Conv", (0, 1), channels_last=False),
        **dict.fromkeys(("NhwcConv", "NhwcFusedConv"), _window("Conv", (0, 1), channels_last=True)),
        "QLinearConv": _window("QLinearConv", range(8)),
        "ConvTransposeWithDynamicPads": _with_pads,
        "CausalConvWithState": _causal,
    },
    domain=_MS,
    multiplies=True,
)
replaced_by(
    {
        **{kind: _window(kind, (0, 1), channels_last=True) for kind in ("Conv", "ConvTranspose")},
        "QLinearConv": _window("QLinearConv", range(8), channels_last=True),
        "QLinearConvTranspose": _window("ConvTranspose", (0, 3), channels_last=True),
    },
    domain=_NHWC,
    multiplies=True,
)
replaced_by({"Conv": _window("Conv", (0, 1), weights=1, channels_last=False)}, domain=_NCHWC, multiplies=True)

replaced_by(
    {
        "QLinearAveragePool": _window("AveragePool", (0,)),
        "QLinearGlobalAveragePool": _window("GlobalAveragePool", (0,)),
        "NhwcMaxPool": _window("MaxPool", (0,), channels_last=True),
        "MaxpoolWithMask": _window("MaxPool", (0,), channels_last=False),
    },
    domain=_MS,
)
replaced_by(
    {
        **{kind: _window(kind, (0,), channels_last=True) for kind in (*POOLS, *GLOBAL_POOLS)},
        "QLinearAveragePool": _window("AveragePool", (0,), channels_last=True),
    },
    domain=_NHWC,
)
replaced_by(
    {
        **{kind: _window(kind, (0,), channels_last=False) for kind in (*POOLS, *GLOBAL_POOLS) if "Lp" not in kind},
        "Upsample": _repeated,
        "ReorderInput": _into_blocks,
        "ReorderOutput": _out_of_blocks,
    },
    domain=_NCHWC,
)
