from __future__ import annotations

from typing import Any

import pytest
from onnx import TensorProto, helper

from tests.inputs import onnx_samples as made
from tests.inputs.onnx_samples import node
from zigzag_lab.inputs import read_onnx
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import Layer


def only_layer(model: Any, **options: Any) -> Layer:
    (layer,) = read_onnx(model, **options).layers
    return layer


def windows(layer: Layer) -> dict[str, tuple[int, int]]:
    return {r.data_dim: (r.coef_a, r.coef_b) for r in layer.relations}


def test_height_and_width_stand_the_right_way_round() -> None:
    layer = only_layer(made.conv_model(strides=[1, 2], dilations=[3, 1], pads=[1, 2, 3, 4]))
    assert layer.equation == "O[b][g][k][oy][ox]+=W[g][k][c][fy][fx]*I[b][g][c][iy][ix]"
    assert list(layer.loop_sizes.items()) == [
        ("B", 1), ("K", 8), ("G", 1), ("OX", 16), ("OY", 18), ("C", 3), ("FX", 5), ("FY", 3),
    ]  # fmt: skip
    assert windows(layer) == {"IX": (2, 1), "IY": (1, 3)}
    assert layer.data_sizes == {"IX": 30, "IY": 20}
    assert layer.padding == {"IY": (1, 3), "IX": (2, 4)}
    assert layer.tensor_elems("I") == 1 * 3 * 20 * 30
    assert layer.tensor_elems("W") == 8 * 3 * 3 * 5
    assert layer.tensor_elems("O") == 8 * 18 * 16


def test_one_row_kernel_reads_the_whole_width() -> None:
    layer = only_layer(made.conv_model((1, 10, 10, 8), (10, 10, 1, 7), pads=[0, 3, 0, 3]))
    assert (layer.loop_sizes["FY"], layer.loop_sizes["FX"]) == (1, 7)
    assert layer.tensor_elems("I") == 800


def test_groups_split_the_channels() -> None:
    layer = only_layer(made.conv_model((2, 6, 8, 8), (6, 1, 3, 3), group=6))
    sizes = layer.loop_sizes
    assert (sizes["B"], sizes["G"], sizes["K"], sizes["C"]) == (2, 6, 1, 1)


def test_kernel_shape_follows_from_the_weights() -> None:
    assert only_layer(made.model([node("Conv", "x w", "y")], {"x": [1, 3, 9, 9]}, {"w": [4, 3, 2, 5]})) == only_layer(
        made.model([node("Conv", "x w", "y", kernel_shape=[2, 5])], {"x": [1, 3, 9, 9]}, {"w": [4, 3, 2, 5]})
    )


@pytest.mark.parametrize(
    ("mode", "out", "padding"),
    [
        ("SAME_UPPER", (10, 15), {"IY": (0, 1), "IX": (1, 2)}),
        ("SAME_LOWER", (10, 15), {"IY": (1, 0), "IX": (2, 1)}),
        ("VALID", (9, 13), {"IY": (0, 0), "IX": (0, 0)}),
        ("NOTSET", (9, 13), {"IY": (0, 0), "IX": (0, 0)}),
    ],
)
def test_auto_pad(mode: str, out: tuple[int, int], padding: dict[str, tuple[int, int]]) -> None:
    layer = only_layer(made.conv_model(strides=[2, 2], auto_pad=mode))
    assert (layer.loop_sizes["OY"], layer.loop_sizes["OX"]) == out
    assert layer.padding == padding
    assert layer.data_sizes == {"IX": 30, "IY": 20}


def test_convolution_over_one_dimension_has_a_height_of_one() -> None:
    layer = only_layer(made.conv_model((1, 3, 20), (8, 3, 5), strides=[2], pads=[2, 2], dilations=[1]))
    sizes = layer.loop_sizes
    assert (sizes["OX"], sizes["FX"], sizes["OY"], sizes["FY"]) == (10, 5, 1, 1)
    assert layer.data_sizes == {"IX": 20, "IY": 1}
    assert layer.tensor_elems("I") == 60


def test_scales_and_zero_points_are_no_operands() -> None:
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("QLinearConv", "q s z w s z s z", "r", "qconv"),
        node("DynamicQuantizeLinear", "x", "dq ds dz"),
        node("QLinearConv", "dq ds dz w s z s z", "t", "dynamic"),
    ]
    network = read_onnx(made.model(nodes, {"x": [1, 3, 8, 8]}, {"w": [4, 3, 3, 3], "s": [], "z": []}, inferred=False))
    first, second = network.layers
    assert (first.sources, first.constant_operands) == ({"I": 0}, ("W",))
    assert (second.sources, second.constant_operands) == ({"I": 2}, ("W",))
    assert first.loop_sizes["FX"] == 3


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"strides": [1]}, r"attribute strides is \[1\]; expected 2 whole numbers, 1 or more"),
        ({"strides": [0, 1]}, "attribute strides is"),
        ({"dilations": 2}, "attribute dilations is 2"),
        ({"pads": [0, 0]}, "attribute pads is .*expected 4 whole numbers"),
        ({"kernel_shape": [3, 0]}, "attribute kernel_shape is"),
        ({"group": 2}, r"2 groups of weights of shape \[8, 3, 3, 5\].*batch and channels that fit"),
        ({"auto_pad": "SAME"}, "auto_pad is 'SAME'; expected NOTSET"),
        ({"act_size": 2.5}, "attribute act_size is 2.5; expected a whole number"),
    ],
)
def test_bad_attributes(attributes: dict[str, Any], message: str) -> None:
    model = made.conv_model(**attributes)
    del model.graph.output[0].type.tensor_type.shape.dim[:]
    shape = model.graph.output[0].type.tensor_type.shape
    for size in (1, 8, 18, 26):
        shape.dim.add().dim_value = size
    with pytest.raises(InputError, match=f"ONNX model tiny: node conv: {message}"):
        read_onnx(model)


def test_precisions_can_be_set_on_the_node() -> None:
    plain, custom = only_layer(made.conv_model()), only_layer(made.conv_model(weight_size=2, act_size=4))
    assert plain.precision_bits == {"W": 8, "I": 8, "O_final": 8, "O": 16}
    assert custom.precision_bits == {"W": 2, "I": 4, "O_final": 4, "O": 8}
    assert only_layer(made.conv_model(output_size=24)).precision_bits["O"] == 24


GEMM = "O[d][k]+=I[d][c]*W[c][k]"


@pytest.mark.parametrize(
    ("a", "b", "flags"),
    [
        ([5, 7], [7, 3], {}),
        ([7, 5], [7, 3], {"transA": 1}),
        ([5, 7], [3, 7], {"transB": 1}),
        ([7, 5], [3, 7], {"transA": 1, "transB": 1}),
    ],
)
def test_gemm_with_transpositions(a: list[int], b: list[int], flags: dict[str, int]) -> None:
    layer = only_layer(made.model([node("Gemm", "x w", "y", **flags)], {"x": a}, {"w": b}))
    assert list(layer.loop_sizes.items()) == [("C", 7), ("D", 5), ("K", 3)]
    assert layer.equation == GEMM
    assert layer.constant_operands == ("W", "I")


@pytest.mark.parametrize(
    ("a", "b", "loops", "equation"),
    [
        ((5, 7), (7, 3), "C7 D5 K3", GEMM),
        ((2, 5, 7), (2, 7, 3), "C7 D5 K3 B2", "O[b][d][k]+=I[b][d][c]*W[b][c][k]"),
        ((2, 4, 5, 7), (2, 4, 7, 3), "C7 D5 K3 B2 H4", "O[b][h][d][k]+=I[b][h][d][c]*W[b][h][c][k]"),
        ((2, 3, 4, 5, 7), (2, 3, 4, 7, 3), "C7 D5 K3 B6 H4", "O[b][h][d][k]+=I[b][h][d][c]*W[b][h][c][k]"),
        ((2, 5, 7), (7, 3), "C7 D5 K3 B2", "O[b][d][k]+=I[b][d][c]*W[c][k]"),
        ((5, 7), (2, 7, 3), "C7 D5 K3 B2", "O[b][d][k]+=I[d][c]*W[b][c][k]"),
        ((2, 4, 5, 7), (4, 7, 3), "C7 D5 K3 B2 H4", "O[b][h][d][k]+=I[b][h][d][c]*W[h][c][k]"),
        ((2, 1, 5, 7), (1, 4, 7, 3), "C7 D5 K3 B2 H4", "O[b][h][d][k]+=I[b][d][c]*W[h][c][k]"),
        ((1, 4, 5, 7), (1, 4, 7, 3), "C7 D5 K3 B1 H4", "O[b][h][d][k]+=I[b][h][d][c]*W[b][h][c][k]"),
        ((7,), (7, 3), "C7 D1 K3", GEMM),
        ((5, 7), (7,), "C7 D5 K1", GEMM),
        ((7,), (7,), "C7 D1 K1", GEMM),
        ((2, 5, 7), (7,), "C7 D5 K1 B2", "O[b][d][k]+=I[b][d][c]*W[c][k]"),
        ((7,), (2, 7, 3), "C7 D1 K3 B2", "O[b][d][k]+=I[d][c]*W[b][c][k]"),
    ],
)
def test_products_of_any_rank(a: Any, b: Any, loops: str, equation: str) -> None:
    layer = only_layer(made.matmul_model(a, b))
    assert " ".join(f"{dim}{size}" for dim, size in layer.loop_sizes.items()) == loops
    assert layer.equation == equation
    assert (layer.sources, layer.constant_operands) == ({"W": 0, "I": 1}, ())
    elems = [1, 1]
    for i, shape in enumerate((a, b)):
        for size in shape:
            elems[i] *= size
    assert [layer.tensor_elems("I"), layer.tensor_elems("W")] == elems


def test_constant_weights_have_no_batch() -> None:
    layer = only_layer(made.matmul_model((1, 5, 7), (7, 3), constant=True))
    assert layer.equation == "O[b][d][k]+=I[b][d][c]*W[c][k]"
    assert (layer.sources, layer.constant_operands) == ({"I": 0}, ("W",))


def test_variable_weights_have_the_precision_of_activations() -> None:
    variable, constant = made.matmul_model((5, 7), (7, 3)), made.matmul_model((5, 7), (7, 3), constant=True)
    for model in (variable, constant):
        product = model.graph.node[-1]
        product.attribute.extend(node("Relu", "x", "y", act_size=4, weight_size=2).attribute)
    assert only_layer(variable).precision_bits == {"W": 4, "I": 4, "O_final": 4, "O": 8}
    assert only_layer(constant).precision_bits["W"] == 2


def test_a_product_whose_sizes_do_not_fit() -> None:
    model = made.model([node("Gemm", "x w", "y", "fc")], {"x": [5, 8]}, {"w": [7, 3]})
    with pytest.raises(InputError, match=r"\[5, 8\](, | by )\[7, 3\]"):
        read_onnx(model)
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, [5, 3]))
    with pytest.raises(InputError, match=r"node fc: a product of \[5, 8\] by \[7, 3\].*Check --input-shape"):
        read_onnx(model)
