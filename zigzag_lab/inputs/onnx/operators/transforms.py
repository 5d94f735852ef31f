"""Fourier transforms as the products by a matrix that they are, for whoever asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from zigzag_lab.inputs.onnx.registry import replaced_by
from zigzag_lab.inputs.onnx.replacement import Replacement, Rule

_AXIS_BY_INPUT = 20


def _stft(e: Replacement) -> bool:
    """Frames of a signal, each multiplied by the matrix of its transform; half of the frequencies unless said."""
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
    """Half of the frequencies where the model does not say, as the standard has it and ONNX's inference has not."""
    if "onesided" in e.given:
        return False
    e.keep(_told(e))
    return True


def _told(e: Replacement) -> Any:
    from onnx import NodeProto, helper

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
