"""Write the ONNX presets: ``python -m tests.inputs.presets.make_workloads [FOLDER]``.

The files are the same byte for byte whenever they are made, and hold shapes, no weights.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, shape_inference

from zigzag_lab.inputs.presets import preset_path

OPSET = 20
IR_VERSION = 9
"""Both are pinned, so that the files do not change with the version of onnx at hand."""

NO_WEIGHTS = "weights-left-out"
"""The file that weights claim to live in. It does not exist: only shapes matter to a cost model."""


class NetworkBuilder:
    """Collects the nodes of one network, in order; weights are declared by shape and hold no numbers.

    Each method adds one node and returns the name of the tensor it makes, to be handed to the next. A node is named
    as an export from torch names it, ``/layer1/conv1/Conv``: the module's path, then the operator. Its output goes
    by the same name.

    Args:
        name: the network's.
        input_name: the tensor that comes in.
        input_shape: its shape, batch first.
    """

    def __init__(self, name: str, input_name: str, input_shape: Sequence[int]) -> None:
        self._name = name
        self._input = helper.make_tensor_value_info(input_name, TensorProto.FLOAT, list(input_shape))
        self._nodes: list[NodeProto] = []
        self._initializers: dict[str, TensorProto] = {}

    @property
    def input(self) -> str:
        """The tensor that comes in."""
        return self._input.name

    def weight(self, name: str, *shape: int) -> str:
        """Declare a constant tensor by its shape; its numbers are left out."""
        tensor = TensorProto(name=name, dims=shape, data_type=TensorProto.FLOAT)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=NO_WEIGHTS)
        return self._declare(tensor)

    def numbers(self, name: str, values: Sequence[int] | Sequence[float] | float) -> str:
        """Declare a constant with its numbers, where a shape depends on them: a list, or a scalar."""
        listed = list(values) if isinstance(values, Sequence) else [values]
        kind = TensorProto.INT64 if all(isinstance(v, int) for v in listed) else TensorProto.FLOAT
        shape = [len(listed)] if isinstance(values, Sequence) else []
        return self._declare(helper.make_tensor(name, kind, shape, listed))

    def add(self, operator: str, module: str, *inputs: str, **attributes: Any) -> str:
        """Add a node.

        Args:
            operator: the ONNX operator.
            module: path of the module it belongs to, such as ``/layer1/conv1``; empty at the top.
            inputs: tensors it reads.
            attributes: of the operator, by name.
        """
        name = f"{module}/{operator}"
        self._nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def conv(
        self, module: str, x: str, channels: tuple[int, int], kernel: int, stride: int = 1, pad: int = 0, group: int = 1
    ) -> str:
        """Add a convolution with a square kernel, the batch normalisation folded into its weights and bias.

        Args:
            module: its path.
            x: the input.
            channels: how many come in, and how many go out.
            kernel: its height and width.
            stride: step of the window, in both directions.
            pad: zeros on each side.
            group: groups that the channels fall into; as many as channels for a depthwise convolution.
        """
        n_in, n_out = channels
        path = _dotted(module)
        weight = self.weight(f"{path}.weight", n_out, n_in // group, kernel, kernel)
        bias = self.weight(f"{path}.bias", n_out)
        shape = {
            "kernel_shape": [kernel] * 2,
            "strides": [stride] * 2,
            "pads": [pad] * 4,
            "dilations": [1, 1],
        }
        return self.add("Conv", module, x, weight, bias, group=group, **shape)

    def max_pool(self, module: str, x: str, kernel: int, stride: int, pads: Sequence[int] = (0, 0, 0, 0)) -> str:
        """Add a maximum over square windows; pads are top, left, bottom, right."""
        return self.add("MaxPool", module, x, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=list(pads))

    def linear(self, module: str, x: str, n_in: int, n_out: int) -> str:
        """Add a fully connected layer; its weights are stored output by input."""
        path = _dotted(module)
        weight, bias = self.weight(f"{path}.weight", n_out, n_in), self.weight(f"{path}.bias", n_out)
        return self.add("Gemm", module, x, weight, bias, transB=1)

    def build(self, *outputs: str) -> ModelProto:
        """The model, with the shape of every tensor written into it, so that readers need no inference."""
        declared = [ValueInfoProto(name=name) for name in outputs]
        for output in declared:
            output.type.tensor_type.elem_type = TensorProto.FLOAT
        graph = helper.make_graph(self._nodes, self._name, [self._input], declared, list(self._initializers.values()))
        model = helper.make_model(
            graph, producer_name="zigzag-lab", ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
        )
        inferred = shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
        position = {node.output[0]: i for i, node in enumerate(self._nodes)}
        shapes = sorted(inferred.graph.value_info, key=lambda info: position[info.name])
        del inferred.graph.value_info[:]
        inferred.graph.value_info.extend(shapes)
        return inferred

    def _declare(self, tensor: TensorProto) -> str:
        self._initializers.setdefault(tensor.name, tensor)
        return str(tensor.name)


def _dotted(module: str) -> str:
    return module.strip("/").replace("/", ".")


def alexnet() -> ModelProto:
    """AlexNet for 224 x 224 images: five convolutions and three fully connected layers.

    The two halves of the original are groups of channels. There is no padding in the first, so 54 x 54 come out.
    """
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


N_LAYERS = 12
SEQUENCE = 128
HIDDEN = 768
N_HEADS = 12
FEED_FORWARD = 3072


def bert_base_encoder() -> ModelProto:
    """The encoder of BERT-base, from the embeddings on: twelve transformer layers over a sequence of 128 tokens.

    The two products of attention, queries by keys and scores by values, have no constant operand.
    """
    net = NetworkBuilder("bert_base_encoder", "embeddings", (1, SEQUENCE, HIDDEN))
    x = net.input
    for i in range(N_LAYERS):
        x = _layer(net, f"/layer.{i}", x)
    return net.build(x)


def _layer(net: NetworkBuilder, at: str, x: str) -> str:
    attended = _attention(net, f"{at}/attention", x)
    x = _project_and_add(net, f"{at}/attention/output", attended, x, HIDDEN)
    y = net.add("Gelu", f"{at}/intermediate/act", _dense(net, f"{at}/intermediate/dense", x, HIDDEN, FEED_FORWARD))
    return _project_and_add(net, f"{at}/output", y, x, FEED_FORWARD)


def _attention(net: NetworkBuilder, at: str, x: str) -> str:
    """Softmax(Q K^T / 8) V, with the heads as the second axis."""
    query = _heads(net, f"{at}/query", x, (0, 2, 1, 3))
    key = _heads(net, f"{at}/key", x, (0, 2, 3, 1))
    value = _heads(net, f"{at}/value", x, (0, 2, 1, 3))
    scores = net.add("MatMul", f"{at}/scores", query, key)
    scaled = net.add("Div", f"{at}/scores", scores, net.numbers("root_of_head_size", float(HIDDEN // N_HEADS) ** 0.5))
    context = net.add("MatMul", f"{at}/context", net.add("Softmax", at, scaled, axis=-1), value)
    joined = net.add("Transpose", f"{at}/context", context, perm=(0, 2, 1, 3))
    return net.add("Reshape", f"{at}/context", joined, net.numbers("joined_shape", [1, SEQUENCE, HIDDEN]))


def _heads(net: NetworkBuilder, at: str, x: str, order: tuple[int, ...]) -> str:
    """Project the tokens, and split the result into heads."""
    split = net.numbers("heads_shape", [1, SEQUENCE, N_HEADS, HIDDEN // N_HEADS])
    return net.add("Transpose", at, net.add("Reshape", at, _dense(net, at, x, HIDDEN, HIDDEN), split), perm=order)


def _project_and_add(net: NetworkBuilder, at: str, x: str, residual: str, n_in: int) -> str:
    """Project back to the hidden size, add what went around, and normalise."""
    total = net.add("Add", at, _dense(net, f"{at}/dense", x, n_in, HIDDEN), residual)
    path = _dotted(at)
    scale, shift = net.weight(f"{path}.LayerNorm.weight", HIDDEN), net.weight(f"{path}.LayerNorm.bias", HIDDEN)
    return net.add("LayerNormalization", f"{at}/LayerNorm", total, scale, shift, axis=-1)


def _dense(net: NetworkBuilder, at: str, x: str, n_in: int, n_out: int) -> str:
    """A linear layer over the last axis, as a product and a sum."""
    path = _dotted(at)
    product = net.add("MatMul", at, x, net.weight(f"{path}.weight", n_in, n_out))
    return net.add("Add", at, product, net.weight(f"{path}.bias", n_out))


BLOCKS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Groups of equal blocks: expansion, channels out, how many, stride of the first."""


def mobilenetv2() -> ModelProto:
    """MobileNetV2 for 224 x 224 images at width 1.0, 1000 classes.

    Each block is a depthwise convolution between a widening and a narrowing 1 x 1 convolution.
    """
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


Block = Callable[[NetworkBuilder, str, str, int, int, int], str]
"""Adds a block: network, module, input, channels in, width, stride. Returns its output."""


def resnet18() -> ModelProto:
    """ResNet-18 for 224 x 224 images: two 3 x 3 convolutions a block."""
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


N_OUT = 3 * (80 + 5)
"""Channels of a head: three boxes a cell, each with 80 classes, four coordinates and a score."""


def yolo_tiny() -> ModelProto:
    """A small detector for 416 x 416 images, after Tiny YOLOv3.

    Seven convolutions with pooling between them, then a coarse head (13 x 13 cells), and a fine one (26 x 26 cells) fed
    by both resolutions.
    """
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


NETWORKS = {
    network.__name__: network for network in (alexnet, bert_base_encoder, mobilenetv2, resnet18, resnet50, yolo_tiny)
}
"""Name of the preset -> the function that makes its model."""


def model_bytes(name: str) -> bytes:
    """The ONNX file of a network, deterministic.

    Args:
        name: such as ``resnet18``.
    """
    return bytes(NETWORKS[name]().SerializeToString(deterministic=True))


def write_workloads(folder: Path) -> list[Path]:
    """Write every network into a folder, which is made where it is missing; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in NETWORKS:
        path = folder / f"{name}.onnx"
        path.write_bytes(model_bytes(name))
        paths.append(path)
    return paths


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else preset_path("workload", "resnet18").parent
    for written in write_workloads(target):
        print(f"{written}: {written.stat().st_size / 1000:.1f} kB")
