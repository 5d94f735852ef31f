from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto

from tests.inputs import onnx_samples as made
from tests.inputs.onnx_samples import node
from zigzag_lab.inputs import read_onnx
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import Layer


def only_layer(model: Any, **options: Any) -> Layer:
    (layer,) = read_onnx(model, **options).layers
    return layer


@st.composite
def batches(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Leading dimensions of two operands that broadcast against each other."""
    full = draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    sides = [[size if draw(st.booleans()) else 1 for size in full] for _ in range(2)]
    cut = draw(st.integers(0, len(full)))
    return tuple(sides[0]), tuple(sides[1][cut:])


@given(pair=batches())
@settings(max_examples=60, deadline=None)
def test_broadcasting_counts_each_element_once(pair: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    a, b = (*pair[0], 5, 7), (*pair[1], 7, 3)
    layer = only_layer(made.matmul_model(a, b))
    out = np.broadcast_shapes(*pair)
    assert layer.n_macs == prod(out) * 5 * 7 * 3
    assert [layer.tensor_elems(op) for op in "OIW"] == [prod(out) * 15, prod(a), prod(b)]


def test_partial_broadcasts_have_loops_of_their_own() -> None:
    layer = only_layer(made.matmul_model((2, 3, 4, 5, 7), (2, 1, 4, 7, 3)))
    assert layer.equation == "O[b][b2][h][d][k]+=I[b][b2][h][d][c]*W[b][h][c][k]"
    assert [layer.loop_sizes[d] for d in ("B", "B2", "H")] == [2, 3, 4]


def einsum_model(equation: str, a: tuple[int, ...], b: tuple[int, ...]) -> Any:
    nodes = [node("Relu", "u", "x"), node("Relu", "v", "y"), node("Einsum", "x y", "z", "sum", equation=equation)]
    return made.model(nodes, {"u": a, "v": b}, inferred=True)


EINSUMS = [
    ("ij,jk->ik", (2, 3), (3, 4), "C3 D2 K4"),
    ("bij,bjk", (2, 3, 4), (2, 4, 5), "C8 D3 K5"),
    ("bhid,bhjd->bhij", (2, 3, 4, 5), (2, 3, 6, 5), "C5 D4 K6 B6"),
    ("...ij,...jk->...ik", (2, 3, 4), (1, 4, 5), "C4 D6 K5"),
    ("bnd,dhe->bnhe", (2, 3, 4), (4, 5, 6), "C4 D6 K30"),
    ("ij,k->k", (2, 3), (4,), "C1 D1 K4 E6"),
    ("i,i->", (5,), (5,), "C5 D1 K1"),
]


@pytest.mark.parametrize(("equation", "a", "b", "loops"), EINSUMS)
def test_einsum_of_two_operands(equation: str, a: tuple[int, ...], b: tuple[int, ...], loops: str) -> None:
    layer = only_layer(einsum_model(equation, a, b))
    assert " ".join(f"{dim}{size}" for dim, size in layer.loop_sizes.items()) == loops
    out = np.einsum(equation, np.ones(a), np.ones(b))
    assert [layer.tensor_elems(op) for op in "OIW"] == [out.size, prod(a), prod(b)]
    assert layer.n_macs == np.einsum(equation, np.ones(a), np.ones(b)).sum()


def test_an_einsum_that_makes_no_sense() -> None:
    model = einsum_model("ij,jk->ik", (2, 3), (3, 4))
    model.graph.node[2].attribute[0].s = b"ij,jk->iz"
    with pytest.raises(InputError, match="node sum: the result of 'ij,jk->iz' has unknown index z"):
        read_onnx(model)
    model.graph.node[2].attribute[0].s = b"ij,ij,jk->i"
    with pytest.raises(InputError, match="'ij,ij,jk->i' is none of 2 operands"):
        read_onnx(model)


@pytest.mark.parametrize(("kind", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
@pytest.mark.parametrize("directions", [1, 2])
def test_recurrent_cells_multiply_inputs_and_hidden_states(kind: str, gates: int, directions: int) -> None:
    steps, batch, n_in, hidden = 6, 2, 5, 4
    weights = {"w": [directions, gates * hidden, n_in], "r": [directions, gates * hidden, hidden]}
    direction = {"direction": "bidirectional"} if directions == 2 else {}
    nodes = [node("Relu", "u", "x"), node(kind, "x w r", "- h", "cell", hidden_size=hidden, **direction)]
    layer = only_layer(made.model(nodes, {"u": [steps, batch, n_in]}, weights))
    assert layer.n_macs == steps * batch * directions * gates * hidden * (n_in + hidden)
    assert layer.tensor_elems("W") == sum(prod(shape) for shape in weights.values())
    assert (layer.sources, layer.constant_operands) == ({"I": 0}, ("W",))


QUANTISED = [
    ("ConvInteger", "q w z z", {"w": [4, 3, 3, 3]}, 4 * 6 * 6 * 27, 32),
    ("MatMulInteger", "q w z z", {"w": [8, 5]}, 1 * 3 * 8 * 8 * 5, 32),
    ("QLinearMatMul", "q s z w s z s z", {"w": [8, 5]}, 1 * 3 * 8 * 8 * 5, 8),
    ("QLinearConv", "q s z w s z s z", {"w": [4, 3, 3, 3]}, 4 * 6 * 6 * 27, 8),
]


@pytest.mark.parametrize(("kind", "inputs", "weights", "n_macs", "bits"), QUANTISED)
def test_integer_operators(kind: str, inputs: str, weights: dict[str, list[int]], n_macs: int, bits: int) -> None:
    made_as = TensorProto.INT32 if bits == 32 else TensorProto.UINT8
    nodes = [node("QuantizeLinear", "x s z", "q"), node(kind, inputs, "y", "product")]
    model = made.model(nodes, {"x": [1, 3, 8, 8]}, {**weights, "s": [], "z": []})
    for tensor in model.graph.initializer:
        tensor.data_type = TensorProto.FLOAT if tensor.name == "s" else TensorProto.UINT8
    model.graph.output[0].type.tensor_type.elem_type = made_as
    layer = only_layer(model)
    assert (layer.n_macs, layer.operator_type) == (n_macs, kind)
    assert (layer.sources, layer.constant_operands) == ({"I": 0}, ("W",))
    assert (layer.precision_bits["O_final"], layer.precision_bits["O"]) == (bits, 32 if bits == 32 else 16)
