"""MobileNetV2 for 224 x 224 images: depthwise convolutions between a widening and a narrowing 1 x 1 convolution."""

from __future__ import annotations

from onnx import ModelProto

from zigzag_lab.inputs.presets.networks.builder import NetworkBuilder

BLOCKS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Groups of equal blocks: expansion, channels out, how many, stride of the first."""


def mobilenetv2() -> ModelProto:
    """MobileNetV2 at width 1.0, 1000 classes."""
    net = NetworkBuilder("mobilenetv2", "image", (1, 3, 224, 224))
    x = net.conv("/features/features.0/features.0.0", net.input, (3, 32), 3, stride=2, pad=1)
    x = _relu6(net, "/features/features.0/features.0.2", x)
    n_in, number = 32, 1
    for expansion, n_out, repeats, first_stride in BLOCKS:
        for i in range(repeats):
            stride = first_stride if i == 0 else 1
            x = _inverted_residual(net, f"/features/features.{number}", x, (n_in, n_out), expansion, stride)
            n_in, number = n_out, number + 1
    x = net.conv(f"/features/features.{number}/features.{number}.0", x, (n_in, 1280), 1)
    x = _relu6(net, f"/features/features.{number}/features.{number}.2", x)
    x = net.add("Flatten", "", net.add("GlobalAveragePool", "", x), axis=1)
    return net.build(net.linear("/classifier/classifier.1", x, 1280, 1000))


def _inverted_residual(
    net: NetworkBuilder, at: str, x: str, channels: tuple[int, int], expansion: int, stride: int
) -> str:
    n_in, n_out = channels
    hidden = n_in * expansion
    y, step = x, 0
    if expansion > 1:
        y = _relu6(net, f"{at}/conv/conv.0/conv.0.2", net.conv(f"{at}/conv/conv.0/conv.0.0", y, (n_in, hidden), 1))
        step = 1
    depthwise = f"{at}/conv/conv.{step}/conv.{step}"
    y = net.conv(f"{depthwise}.0", y, (hidden, hidden), 3, stride, pad=1, group=hidden)
    y = _relu6(net, f"{depthwise}.2", y)
    y = net.conv(f"{at}/conv/conv.{step + 1}", y, (hidden, n_out), 1)
    return net.add("Add", at, x, y) if stride == 1 and n_in == n_out else y


def _relu6(net: NetworkBuilder, at: str, x: str) -> str:
    return net.add("Clip", at, x, net.numbers("relu6.low", 0.0), net.numbers("relu6.high", 6.0))
