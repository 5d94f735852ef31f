"""Residual networks for 224 x 224 images: ResNet-18 of basic blocks, ResNet-50 of bottlenecks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from onnx import ModelProto

from zigzag_lab.inputs.presets.networks.builder import NetworkBuilder

Block = Callable[[NetworkBuilder, str, str, int, int, int], str]
"""Adds a block: network, module, input, channels in, width, stride. Returns its output."""


def resnet18() -> ModelProto:
    """ResNet-18: two 3 x 3 convolutions a block."""
    return _resnet("resnet18", (2, 2, 2, 2), _basic_block, expansion=1)


def resnet50() -> ModelProto:
    """ResNet-50, version 1.5: the 3 x 3 convolution of a bottleneck halves the image, not the 1 x 1 before it."""
    return _resnet("resnet50", (3, 4, 6, 3), _bottleneck, expansion=4)


def _resnet(name: str, depths: Sequence[int], block: Block, expansion: int) -> ModelProto:
    net = NetworkBuilder(name, "image", (1, 3, 224, 224))
    x = net.add("Relu", "/relu", net.conv("/conv1", net.input, (3, 64), 7, stride=2, pad=3))
    x = net.max_pool("/maxpool", x, 3, 2, (1, 1, 1, 1))
    n_in = 64
    for stage, depth in enumerate(depths):
        width = 64 << stage
        for i in range(depth):
            stride = 2 if stage > 0 and i == 0 else 1
            x = block(net, f"/layer{stage + 1}/layer{stage + 1}.{i}", x, n_in, width, stride)
            n_in = width * expansion
    x = net.add("Flatten", "", net.add("GlobalAveragePool", "/avgpool", x), axis=1)
    return net.build(net.linear("/fc", x, n_in, 1000))


def _basic_block(net: NetworkBuilder, at: str, x: str, n_in: int, width: int, stride: int) -> str:
    y = net.add("Relu", f"{at}/relu", net.conv(f"{at}/conv1", x, (n_in, width), 3, stride, pad=1))
    y = net.conv(f"{at}/conv2", y, (width, width), 3, pad=1)
    sum_ = net.add("Add", at, y, _shortcut(net, at, x, n_in, width, stride))
    return net.add("Relu", f"{at}/relu_1", sum_)


def _bottleneck(net: NetworkBuilder, at: str, x: str, n_in: int, width: int, stride: int) -> str:
    y = net.add("Relu", f"{at}/relu", net.conv(f"{at}/conv1", x, (n_in, width), 1))
    y = net.add("Relu", f"{at}/relu_1", net.conv(f"{at}/conv2", y, (width, width), 3, stride, pad=1))
    y = net.conv(f"{at}/conv3", y, (width, 4 * width), 1)
    sum_ = net.add("Add", at, y, _shortcut(net, at, x, n_in, 4 * width, stride))
    return net.add("Relu", f"{at}/relu_2", sum_)


def _shortcut(net: NetworkBuilder, at: str, x: str, n_in: int, n_out: int, stride: int) -> str:
    """The way around a block: the input itself, or a 1 x 1 convolution where the shape changes."""
    if n_in == n_out and stride == 1:
        return x
    return net.conv(f"{at}/downsample/downsample.0", x, (n_in, n_out), 1, stride)
