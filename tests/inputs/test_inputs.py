from __future__ import annotations

from pathlib import Path

import pytest

from tests.inputs import onnx_samples as made
from tests.inputs import samples
from zigzag_lab.inputs import read_any_workload, read_onnx, read_workload
from zigzag_lab.vocab import InputError


def test_the_kind_of_workload_follows_from_the_source(tmp_path: Path) -> None:
    layers, model = samples.workload(), made.conv_model()
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    for name in ("net.yaml", "net.yml"):
        path = samples.written(tmp_path, layers, name)
        assert read_any_workload(path) == read_any_workload(str(path)) == read_workload(path)
    assert read_any_workload(layers) == read_workload(layers)
    assert read_any_workload(tmp_path / "net.onnx") == read_onnx(tmp_path / "net.onnx")
    assert read_any_workload(model) == read_onnx(model)
    workload = read_workload(layers)
    assert read_any_workload(workload) is workload


def test_input_shapes_reach_the_onnx_reader() -> None:
    shapes = {"x": (4, 3, 20, 30)}
    assert read_any_workload(made.conv_model(), shapes).layers[0].loop_sizes["B"] == 4
    with pytest.raises(InputError, match="--input-shape: shapes for x; expected an ONNX model"):
        read_any_workload(samples.workload(), shapes)


@pytest.mark.parametrize("source", ["net.pb", "net", 3])
def test_other_sources_are_refused(source: object) -> None:
    with pytest.raises(InputError, match="expected"):
        read_any_workload(source)
