"""A small writer of ONNX models: nodes are added in order, weights are declared by shape and hold no numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, shape_inference

OPSET = 20
IR_VERSION = 9
"""Both are pinned, so that the files do not change with the version of onnx at hand."""

NO_WEIGHTS = "weights-left-out"
"""The file that weights claim to live in. It does not exist: only shapes matter to a cost model."""


class NetworkBuilder:
    """Collects the nodes of one network.

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
            attributes: the operator's.
        """
        name = f"{module}/{operator}"
        self._nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def conv(
        self, module: str, x: str, channels: tuple[int, int], kernel: int, stride: int = 1, pad: int = 0, group: int = 1
    ) -> str:
        """Add a convolution with a square kernel, the batch normalisation folded into its weights and bias.

        Args:
            module: path of the module.
            x: the input.
            channels: channels in and out.
            kernel: its height and width.
            stride: step of the window, in both directions.
            pad: zeros on each side.
            group: groups that the channels fall into; as many as channels for a depthwise convolution.
        """
        n_in, n_out = channels
        path = module.strip("/").replace("/", ".")
        weight = self.weight(f"{path}.weight", n_out, n_in // group, kernel, kernel)
        bias = self.weight(f"{path}.bias", n_out)
        shape = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [pad] * 4, "dilations": [1, 1]}
        return self.add("Conv", module, x, weight, bias, group=group, **shape)

    def max_pool(self, module: str, x: str, kernel: int, stride: int, pads: Sequence[int] = (0, 0, 0, 0)) -> str:
        """Add a maximum over square windows; pads are top, left, bottom, right."""
        return self.add("MaxPool", module, x, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=list(pads))

    def linear(self, module: str, x: str, n_in: int, n_out: int) -> str:
        """Add a fully connected layer; its weights are stored output by input."""
        path = module.strip("/").replace("/", ".")
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
