from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from onnx import TensorProto, helper

from tests.inputs import onnx_samples as made
from tests.inputs.onnx_samples import node
from zigzag_lab.inputs.onnx.file import OnnxModel, load_model, open_inputs_error, tensors_of
from zigzag_lab.vocab import InputError


def test_a_path_and_a_model_in_memory(tmp_path: Path) -> None:
    model = made.conv_model()
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    assert load_model(tmp_path / "net.onnx") == OnnxModel(str(tmp_path / "net.onnx"), model, {})
    assert load_model(model) == OnnxModel("ONNX model tiny", model, {})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"- id: 0\n  name: a workload in YAML\n", "this is not an ONNX model"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "this is not an ONNX model"),
        (made.conv_model().SerializeToString()[:-20], "this is not an ONNX model, or only a part of one"),
        (made.model([], {"x": [1]}).SerializeToString(), "the model has no nodes"),
    ],
)
def test_files_that_hold_no_model(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "bad.onnx").write_bytes(content)
    with pytest.raises(InputError, match=rf"bad\.onnx: {message}.*expected an? .*(Export|Check)"):
        load_model(tmp_path / "bad.onnx")


def test_missing_file_folder_and_other_things(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.onnx: there is no such file; expected an ONNX model"):
        load_model(tmp_path / "none.onnx")
    with pytest.raises(InputError, match="this is a folder; expected an ONNX model"):
        load_model(tmp_path)
    with pytest.raises(InputError, match="found the number 3; expected the path"):
        load_model(3)


def test_shapes_are_inferred_where_they_are_missing_and_the_model_stays_as_it_is() -> None:
    model = made.conv_model(strides=[2, 2])
    before = model.SerializeToString()
    tensors = tensors_of(OnnxModel("net", model, {}), ["x", "y"])
    assert tensors.shapes == {"x": (1, 3, 20, 30), "w": (8, 3, 3, 5), "y": (1, 8, 9, 13)}
    assert tensors.inputs == {"x": (1, 3, 20, 30)}
    assert tensors_of(OnnxModel("net", model, {"x": (2, 3, 20, 10)}), ["y"]).shapes["y"] == (2, 8, 9, 3)
    assert model.SerializeToString() == before


def test_reshapes_are_followed_through_constants_and_computed_targets() -> None:
    nodes = [
        node("Conv", "x w", "y"),
        node("Shape", "y", "s"),
        node("Gather", "s first", "n"),
        node("Unsqueeze", "n zero", "batch"),
        node("Concat", "batch rest", "target", axis=0),
        node("Reshape", "y target", "flat"),
        node("Gemm", "flat v", "z"),
    ]
    scalar = helper.make_tensor("first", TensorProto.INT64, [], [0])
    extra = [scalar, made.integers("zero", [0]), made.integers("rest", [-1])]
    model = made.model(nodes, {"x": [2, 3, 8, 8]}, {"w": [4, 3, 3, 3], "v": [144, 10]}, extra)
    shapes = tensors_of(OnnxModel("net", model, {}), ["z"]).shapes
    assert (shapes["flat"], shapes["z"]) == ((2, 144), (2, 10))


def test_large_weights_are_not_copied_for_shape_inference() -> None:
    big = helper.make_tensor("w", TensorProto.FLOAT, [64, 3, 16, 16], bytes(64 * 3 * 256 * 4), raw=True)
    model = made.model([node("Conv", "x w", "y")], {"x": [1, 3, 20, 20]}, extra=[big])
    assert tensors_of(OnnxModel("net", model, {}), ["y"]).shapes["y"] == (1, 64, 5, 5)


def test_sparse_weights_have_shapes_too() -> None:
    model = made.model([node("MatMul", "x w", "y")], {"x": [5, 4]})
    sparse = model.graph.sparse_initializer.add(dims=[4, 6])
    sparse.values.CopyFrom(helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0]))
    sparse.indices.CopyFrom(helper.make_tensor("w_at", TensorProto.INT64, [1], [3]))
    tensors = tensors_of(OnnxModel("net", model, {}), ["y"])
    assert tensors.shapes["y"] == (5, 6)
    assert tensors.constants == {"w"}


def test_what_follows_from_weights_alone_is_constant() -> None:
    nodes = [
        node("Constant", "", "c", value_ints=[1]),
        node("DequantizeLinear", "w scale", "dw"),
        node("Transpose", "dw", "tw"),
        node("RandomNormal", "", "noise", shape=[3]),
        node("Add", "x tw", "sum"),
    ]
    model = made.model(nodes, {"x": [4, 4]}, {"w": [4, 4], "scale": [1]})
    assert tensors_of(OnnxModel("net", model, {}), []).constants == {"w", "scale", "c", "dw", "tw"}


def test_weights_that_are_listed_as_inputs_are_no_inputs() -> None:
    model = made.conv_model()
    model.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [8, 3, 3, 5]))
    assert tensors_of(OnnxModel("net", model, {}), ["y"]).inputs == {"x": (1, 3, 20, 30)}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"xx": (1, 3, 8, 8)}, r"net: input shape xx: the model has no input xx; expected x\."),
        ({"x": (1, 3, 8)}, r"input shape x=1,3,8: 3 sizes; expected 4: \[batch, 3, 20, \?\]"),
        ({"x": (1, 3, 8, 0)}, r"input shape x=1,3,8,0: a size is not positive; expected whole numbers from 1"),
    ],
)
def test_bad_input_shapes(given: Any, message: str) -> None:
    model = made.conv_model(["batch", 3, 20, None])
    with pytest.raises(InputError, match=message):
        tensors_of(OnnxModel("net", model, given), ["y"])


def test_open_inputs_say_what_to_pass() -> None:
    model = made.model(
        [node("Add", "x y", "z")], {"x": ["batch", 3, "height", None], "y": [0, 7], "fixed": [1]}, inferred=False
    )
    tensors = tensors_of(OnnxModel("net", model, {}), ["z"])
    error = open_inputs_error("net", tensors.inputs, "xy")
    assert error is not None
    assert "input x has shape [batch, 3, height, ?], input y has shape [?, 7]" in str(error)
    assert "--input-shape x=1,3,224,224 --input-shape y=1,7" in str(error)
    fixed = tensors_of(OnnxModel("net", model, {"x": (1, 3, 4, 7), "y": (1, 7)}), ["z"])
    assert open_inputs_error("net", fixed.inputs, "xy") is None
    assert "input y" not in str(open_inputs_error("net", tensors.inputs, "x"))
    assert fixed.shapes["z"] == (1, 3, 4, 7)
