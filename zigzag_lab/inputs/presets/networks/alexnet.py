"""AlexNet for 224 x 224 images, with the two halves of the original as groups of channels."""

from __future__ import annotations

from onnx import ModelProto

from zigzag_lab.inputs.presets.networks.builder import NetworkBuilder


def alexnet() -> ModelProto:
    """AlexNet: five convolutions and three fully connected layers; no padding in the first, so 54 x 54 come out."""
    net = NetworkBuilder("alexnet", "image", (1, 3, 224, 224))
    x = net.add("Relu", "/relu1", net.conv("/conv1", net.input, (3, 96), 11, stride=4))
    x = net.max_pool("/pool1", _normalise(net, "/norm1", x), 3, 2)
    x = net.add("Relu", "/relu2", net.conv("/conv2", x, (96, 256), 5, pad=2, group=2))
    x = net.max_pool("/pool2", _normalise(net, "/norm2", x), 3, 2)
    x = net.add("Relu", "/relu3", net.conv("/conv3", x, (256, 384), 3, pad=1))
    x = net.add("Relu", "/relu4", net.conv("/conv4", x, (384, 384), 3, pad=1, group=2))
    x = net.add("Relu", "/relu5", net.conv("/conv5", x, (384, 256), 3, pad=1, group=2))
    x = net.add("Flatten", "", net.max_pool("/pool5", x, 3, 2, (0, 0, 1, 1)), axis=1)
    x = net.add("Relu", "/relu6", net.linear("/fc6", x, 256 * 6 * 6, 4096))
    x = net.add("Relu", "/relu7", net.linear("/fc7", x, 4096, 4096))
    return net.build(net.add("Softmax", "", net.linear("/fc8", x, 4096, 1000), axis=1))


def _normalise(net: NetworkBuilder, at: str, x: str) -> str:
    return net.add("LRN", at, x, size=5, alpha=1e-4, beta=0.75, bias=1.0)
