"""One ONNX node as a layer."""

from __future__ import annotations

from collections.abc import Callable

from zigzag_lab.inputs.onnx_einsum import einsum
from zigzag_lab.inputs.onnx_elementwise import elementwise
from zigzag_lab.inputs.onnx_node import OnnxNode
from zigzag_lab.inputs.onnx_operators import CONVOLUTIONS, GLOBAL_POOLS, POOLS, PRODUCTS, RECURRENT
from zigzag_lab.inputs.onnx_products import matrix_product, recurrent
from zigzag_lab.inputs.onnx_windows import convolution, pooling, transposed_convolution
from zigzag_lab.workload import Layer

_READERS: dict[str, Callable[[OnnxNode], Layer]] = {
    **dict.fromkeys(CONVOLUTIONS, convolution),
    **dict.fromkeys(PRODUCTS, matrix_product),
    **dict.fromkeys(RECURRENT, recurrent),
    "ConvTranspose": transposed_convolution,
    "Einsum": einsum,
}


def read_layer(node: OnnxNode) -> Layer:
    """The layer of a node that multiplies and accumulates.

    Raises:
        InputError: the node's shapes and attributes do not belong together.
    """
    return _READERS[node.operator_type](node)


def read_free_layer(node: OnnxNode, n_inputs: int) -> Layer | None:
    """The layer of a node that is free by default; none where it only moves data or is not understood.

    Raises:
        InputError: the node's shapes and attributes do not belong together.
    """
    if node.operator_type in (*POOLS, *GLOBAL_POOLS):
        return pooling(node)
    return elementwise(node, n_inputs)
