"""Shapes follow from values and values from shapes, whatever exporters write; what hides one is named."""

from __future__ import annotations

import pytest
from onnx import ModelProto, TensorProto, helper

from tests.inputs import onnx_samples as made
from tests.inputs.onnx_samples import node
from zigzag_lab.inputs import read_onnx
from zigzag_lab.inputs.onnx.shapes import in_order
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import operations_left_out


def scalar(name: str, value: float) -> TensorProto:
    kind = TensorProto.FLOAT if isinstance(value, float) else TensorProto.INT64
    return helper.make_tensor(name, kind, [], [value])


LENGTH = [node("Shape", "x", "sizes"), node("Gather", "sizes one", "n", axis=0)]
NUMBERS = [scalar("zero", 0), scalar("one", 1), scalar("frame", 256)]


def total(model: ModelProto, **shapes: tuple[int, ...]) -> int:
    return sum(layer.n_macs for layer in read_onnx(model, input_shapes=shapes).layers)


@pytest.mark.parametrize("length", [1, 16, 256, 257, 5000])
def test_positions_may_be_as_many_as_there_are(length: int) -> None:
    nodes = [
        *LENGTH, node("Range", "zero n one", "r"), node("Cast", "r", "t", to=1),
        node("Unsqueeze", "t ax", "u"), node("MatMul", "u f", "y"),
    ]  # fmt: skip
    model = made.model(nodes, {"x": ["batch", "seq"]}, {"f": [1, 32]}, [*NUMBERS, made.integers("ax", [1])])
    model.graph.value_info.append(helper.make_tensor_value_info("t", TensorProto.FLOAT, ["an old symbol"]))
    assert total(model, x=(1, length)) == length * 32


PADDINGS = {
    "Max": [node("Sub", "frame n", "d"), node("Max", "d zero", "p")],
    "Min": [node("Sub", "n frame", "d"), node("Min", "d zero", "e"), node("Neg", "e", "p")],
    "Mod": [node("Neg", "n", "m"), node("Mod", "m frame", "p")],
    "Abs": [node("Sub", "n frame", "d"), node("Abs", "d", "p")],
    "Clip": [node("Sub", "frame n", "d"), node("Clip", "d zero", "p")],
    "ReduceMax": [
        node("Sub", "frame n", "d"), node("Unsqueeze", "d ax", "e"), node("Concat", "e ax", "f", axis=0),
        node("ReduceMax", "f", "p", keepdims=0),
    ],
    "Sign": [node("Sub", "frame n", "d"), node("Sign", "d", "s"), node("Mul", "s d", "p")],
    "Sum": [node("Neg", "n", "m"), node("Sum", "frame m", "p")],
    "Where": [node("Sub", "frame n", "d"), node("Greater", "d zero", "c"), node("Where", "c d zero", "p")],
    "Ceil": [
        node("Cast", "n", "a", to=1), node("Cast", "frame", "b", to=1), node("Div", "a b", "c"), node("Ceil", "c", "k"),
        node("Mul", "k b", "w"), node("Sub", "w a", "v"), node("Cast", "v", "p", to=7),
    ],
    "TopK": [
        node("Sub", "frame n", "d"), node("Unsqueeze", "d ax", "e"), node("Concat", "e ax", "f", axis=0),
        node("TopK", "f count", "g i"), node("Squeeze", "g ax", "p"),
    ],
    "Split": [
        node("Sub", "frame n", "d"), node("Unsqueeze", "d ax", "e"), node("Concat", "e ax", "f", axis=0),
        node("Split", "f", "g h"), node("Squeeze", "g ax", "p"),
    ],
    "NonZero": [
        node("Sub", "frame n", "d"), node("Unsqueeze", "d ax", "e"), node("ConstantOfShape", "e", "f", value=
             helper.make_tensor("v", TensorProto.INT64, [1], [1])), node("NonZero", "f", "g"), node("Size", "g", "p"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", PADDINGS)
def test_arithmetic_on_sizes_is_followed(name: str) -> None:
    """A signal of 200 is padded to a frame of 256, with the padding computed in many ways."""
    after = [
        node("Unsqueeze", "p ax", "p1"), node("Concat", "before p1", "pads", axis=0), node("Pad", "x pads", "q"),
        node("Reshape", "q target", "frames"), node("MatMul", "frames weights", "y"),
    ]  # fmt: skip
    lists = {"ax": [0], "before": [0, 0, 0], "target": [1, -1, 256], "count": [1]}
    extra = [*NUMBERS, *(made.integers(key, values) for key, values in lists.items())]
    model = made.model([*LENGTH, *PADDINGS[name], *after], {"x": ["batch", "samples"]}, {"weights": [256, 32]}, extra)
    assert total(model, x=(1, 200)) == 256 * 32


def test_nodes_may_stand_in_any_order() -> None:
    nodes = [
        node("MatMul", "f w", "y"), node("Reshape", "x target", "f"), node("Concat", "rows rest", "target", axis=0),
        node("Slice", "s zero one", "rows"), node("Shape", "x", "s"),
    ]  # fmt: skip
    assert in_order(nodes) == [4, 3, 2, 1, 0]
    given = [made.integers("zero", [0]), made.integers("one", [1]), made.integers("rest", [-1])]
    assert total(made.model(nodes, {"x": [4, 2, 3]}, {"w": [6, 5]}, given)) == 4 * 6 * 5


def test_a_newer_operator_is_taken_in_its_own_version() -> None:
    nodes = [node("LayerNormalization", "x g", "n"), node("MatMul", "n w", "y")]
    model = made.model(nodes, {"x": [2, 6]}, {"g": [6], "w": [6, 5]})
    model.opset_import[0].version = 11
    assert total(model) == 2 * 6 * 5


@pytest.mark.parametrize("attributes", [{}, {"onesided": 1}, {"onesided": 0}])
def test_a_transform_keeps_half_of_the_frequencies_unless_told_otherwise(attributes: dict[str, int]) -> None:
    n = 400 if attributes.get("onesided") == 0 else 201
    nodes = [
        node("STFT", "x hop window", "s", **attributes), node("ReduceSumSquare", "s", "p", axes=[-1], keepdims=0),
        node("MatMul", "p mel", "y"),
    ]  # fmt: skip
    model = made.model(nodes, {"x": [1, 16000]}, {"window": [400], "mel": [n, 64]}, [scalar("hop", 160)])
    assert total(model) == 98 * n * 64
    assert operations_left_out(read_onnx(model)).n_operations_left_out == 98 * n * 2 * 400 + 98 * n * 2
    priced = [(layer.operator_type, layer.n_macs) for layer in read_onnx(model, price_all=True).layers]
    assert priced[0] == ("STFT", 98 * n * 2 * 400)


def test_a_transform_of_one_dimension_is_priced_on_request() -> None:
    for version, inputs, more, n in ((17, "x", {"onesided": 1}, 201), (20, "x - axis", {}, 400)):
        model = made.model([node("DFT", inputs, "y", **more)], {"x": [3, 400, 1]}, extra=[scalar("axis", 1)])
        model.opset_import[0].version = version
        (layer,) = read_onnx(model, price_all=True).layers
        assert (layer.operator_type, layer.n_macs) == ("DFT", 3 * 400 * n * 2)
        with pytest.raises(InputError, match=r"no node costs anything.*transforms are priced with --price-all"):
            read_onnx(model)


# -- what is asked for, and what is named ------------------------------------------------------------------------------


def test_one_symbol_has_one_value_and_what_follows_is_not_asked_for() -> None:
    nodes = [node("MatMul", "x w", "a"), node("Add", "a state", "b"), node("MatMul", "b v", "y")]
    shapes = {"x": ["batch", 32], "state": [2, "batch", 64], "image": ["batch", "c", "h", "h"]}
    model = made.model(nodes, shapes, {"w": [32, 64], "v": [64, 8]})
    with pytest.raises(InputError, match=r"--input-shape x=1,32 --input-shape state=2,1,64\.") as caught:
        read_onnx(model)
    assert "image" not in str(caught.value)
    assert total(model, x=(3, 32)) == 3 * 32 * 64 + 2 * 3 * 64 * 8


def test_the_first_operator_whose_shape_is_unknown_is_named_and_nothing_is_asked_for() -> None:
    nodes = [
        node("Relu", "x", "r"), node("Mystery", "r", "m", "odd", domain="far"), node("Neg", "m", "k"),
        node("Sigmoid", "k", "g"), node("MatMul", "g w", "y", "product"),
    ]  # fmt: skip
    model = made.model(nodes, {"x": [2, 3], "unused": ["n", 4]}, {"w": [3, 4]})
    model.opset_import.append(made.opset(1, "far"))
    with pytest.raises(InputError, match=r"'m', made by node 1 \(far::Mystery\) from \[2, 3\], is not known") as caught:
        read_onnx(model)
    assert "--input-shape" not in str(caught.value)
    model.graph.value_info.append(helper.make_tensor_value_info("m", TensorProto.FLOAT, [2, 3]))
    assert total(model) == 2 * 3 * 4


def test_a_shape_that_depends_on_the_data_is_said_to() -> None:
    nodes = [node("NonZero", "x", "z"), node("Cast", "z", "f", to=1), node("MatMul", "w f", "y")]
    with pytest.raises(InputError, match=r"'z', made by node 0 \(NonZero\).*depends on the data"):
        read_onnx(made.model(nodes, {"x": [2, 3]}, {"w": [4, 2]}))


def test_what_onnx_says_of_a_node_is_passed_on() -> None:
    nodes = [node("Concat", "x w", "c", axis=1), node("MatMul", "c v", "y")]
    with pytest.raises(InputError, match=r"made by node 0 \(Concat\) from \[2, 3\], \[4, 3\].*(mismatch|[Dd]imension)"):
        read_onnx(made.model(nodes, {"x": [2, 3]}, {"w": [4, 3], "v": [6, 2]}))


def test_declared_shapes_hold_for_the_sizes_that_are_given_where_symbols_say_so() -> None:
    nodes = [node("Mystery", "x", "m", domain="far"), node("MatMul", "m w", "y")]
    model = made.model(nodes, {"x": ["batch", 3]}, {"w": [7, 4]})
    model.opset_import.append(made.opset(1, "far"))
    model.graph.value_info.append(helper.make_tensor_value_info("m", TensorProto.FLOAT, ["batch", 5, 7]))
    assert total(model, x=(6, 3)) == 6 * 5 * 7 * 4
    model.graph.value_info[0].type.tensor_type.shape.dim[0].dim_value = 9
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 9
    with pytest.raises(InputError, match="'m', made by node 0"):  # made for a batch of 9
        total(model, x=(6, 3))


def test_scalars_need_no_shape() -> None:
    nodes = [node("Mul", "x gain", "a"), node("MatMul", "a w", "y")]
    model = made.model(nodes, {"x": ["n", 3], "gain": []}, {"w": [3, 4]})
    with pytest.raises(InputError, match=r"such as --input-shape x=1,3\.$"):
        read_onnx(model)
    assert total(model, x=(2, 3)) == 24


@pytest.mark.parametrize("kind", ["Expand", "Tile", "Reshape"])
def test_a_shape_of_two_thousand_million_numbers_is_refused_at_once(kind: str) -> None:
    """ONNX would make a tensor of as many dimensions, which takes all memory there is."""
    nodes = [node("Identity", "sizes", "same"), node(kind, "x same", "e", "odd"), node("MatMul", "e w", "y")]
    model = made.model(nodes, {"x": [2, 3]}, {"w": [3, 4]})
    model.graph.input.append(helper.make_tensor_value_info("sizes", TensorProto.INT64, [2**31 - 1]))
    with pytest.raises(InputError, match=rf"'e', made by node 1.*{kind} takes 2147483647 numbers for sizes"):
        read_onnx(model)
