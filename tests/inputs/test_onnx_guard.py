from __future__ import annotations

import pytest
from onnx import TensorProto, helper

from tests.inputs import onnx_samples as made
from tests.inputs.onnx_samples import node
from zigzag_lab.inputs import read_onnx
from zigzag_lab.vocab import InputError


@pytest.mark.parametrize("kind", ["Expand", "Tile", "Reshape"])
def test_a_shape_of_two_thousand_million_numbers_is_refused_at_once(kind: str) -> None:
    """ONNX would make a tensor of as many dimensions, which takes all memory there is."""
    nodes = [node("Identity", "sizes", "same"), node(kind, "x same", "e", "odd"), node("MatMul", "e w", "y")]
    model = made.model(nodes, {"x": [2, 3]}, {"w": [3, 4]})
    model.graph.input.append(helper.make_tensor_value_info("sizes", TensorProto.INT64, [2**31 - 1]))
    with pytest.raises(InputError, match="node odd: 'same' has more than 4096 numbers"):
        read_onnx(model)
