"""A small detector for 416 x 416 images, after Tiny YOLOv3: one backbone, two heads at 13 x 13 and 26 x 26 cells."""

from __future__ import annotations

from onnx import ModelProto

from zigzag_lab.inputs.presets.networks.builder import NetworkBuilder

N_OUT = 3 * (80 + 5)
"""Channels of a head: three boxes a cell, each with 80 classes, four coordinates and a score."""


def yolo_tiny() -> ModelProto:
    """Seven convolutions with pooling between them, then a coarse head, and a fine one fed by both resolutions."""
    net = NetworkBuilder("yolo_tiny", "image", (1, 3, 416, 416))
    x, n_in = net.input, 3
    for i, n_out in enumerate((16, 32, 64, 128), start=1):
        x = _conv(net, f"/backbone/conv{i}", x, n_in, n_out, 3)
        x = net.max_pool(f"/backbone/pool{i}", x, 2, 2)
        n_in = n_out
    fine = _conv(net, "/backbone/conv5", x, 128, 256, 3)
    x = net.max_pool("/backbone/pool5", fine, 2, 2)
    x = _conv(net, "/backbone/conv6", x, 256, 512, 3)
    x = net.max_pool("/backbone/pool6", x, 2, 1, (0, 0, 1, 1))
    x = _conv(net, "/backbone/conv7", x, 512, 1024, 3)
    neck = _conv(net, "/neck/conv", x, 1024, 256, 1)
    coarse = _head(net, "/coarse", neck, 256, 512)
    small = _conv(net, "/neck/reduce", neck, 256, 128, 1)
    scales = net.numbers("upsample.scales", [1.0, 1.0, 2.0, 2.0])
    large = net.add("Resize", "/neck/upsample", small, "", scales, mode="nearest")
    both = net.add("Concat", "/neck", large, fine, axis=1)
    return net.build(coarse, _head(net, "/fine", both, 128 + 256, 256))


def _head(net: NetworkBuilder, at: str, x: str, n_in: int, width: int) -> str:
    return net.conv(f"{at}/detect", _conv(net, f"{at}/conv", x, n_in, width, 3), (width, N_OUT), 1)


def _conv(net: NetworkBuilder, at: str, x: str, n_in: int, n_out: int, kernel: int) -> str:
    y = net.conv(at, x, (n_in, n_out), kernel, pad=kernel // 2)
    return net.add("LeakyRelu", at, y, alpha=0.1)
