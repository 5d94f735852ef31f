from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest
from onnx import ModelProto, shape_inference

from tests.inputs.presets.make_workloads import model_bytes, write_workloads
from zigzag_lab.inputs.presets import preset_names, preset_path

NAMES = preset_names("workload")


def load(name: str) -> ModelProto:
    return onnx.load(preset_path("workload", name), load_external_data=False)


def shapes(model: ModelProto) -> Iterator[tuple[str, list[int]]]:
    for info in (*model.graph.input, *model.graph.value_info, *model.graph.output):
        yield info.name, [d.dim_value for d in info.type.tensor_type.shape.dim]


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_file_is_what_the_script_makes(name: str) -> None:
    assert preset_path("workload", name).read_bytes() == model_bytes(name)


def test_the_script_writes_every_network(tmp_path: Path) -> None:
    paths = write_workloads(tmp_path / "made" / "here")
    assert sorted(path.name for path in paths) == [f"{name}.onnx" for name in NAMES]
    assert all(path.read_bytes() == preset_path("workload", path.stem).read_bytes() for path in paths)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_small_and_holds_no_weights(name: str) -> None:
    assert preset_path("workload", name).stat().st_size < 100_000
    for tensor in load(name).graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            assert not tensor.raw_data
            assert not tensor.float_data
        else:
            assert sum(tensor.dims) <= 4


@pytest.mark.parametrize("name", NAMES)
def test_every_tensor_has_its_shape_in_the_file(name: str) -> None:
    model = load(name)
    known = dict(shapes(model))
    made = [output for node in model.graph.node for output in node.output]
    assert set(made) <= known.keys()
    assert all(size > 0 for shape in known.values() for size in shape)


@pytest.mark.parametrize("name", NAMES)
def test_shape_inference_finds_the_same_shapes_again(name: str) -> None:
    model = load(name)
    bare = ModelProto()
    bare.CopyFrom(model)
    del bare.graph.value_info[:]
    again = shape_inference.infer_shapes(bare, check_type=True, strict_mode=True, data_prop=True)
    assert dict(shapes(again)) == dict(shapes(model))


@pytest.mark.parametrize("name", NAMES)
def test_node_names_are_unique_and_every_input_is_known(name: str) -> None:
    graph = load(name).graph
    names = [node.name for node in graph.node]
    assert len(set(names)) == len(names)
    known = {graph.input[0].name, "", *(tensor.name for tensor in graph.initializer)}
    for node in graph.node:
        assert set(node.input) <= known
        known.update(node.output)
    assert {output.name for output in graph.output} <= known
