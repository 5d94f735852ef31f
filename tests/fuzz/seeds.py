"""Sound inputs to spoil: presets, ZigZag's own files, the samples of the tests, and the models that ONNX tests with."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import onnx
import yaml
import zigzag

from tests.inputs import samples
from tests.inputs.contributed import PRODUCTS, one_node
from tests.inputs.onnx_samples import conv_model, model, node
from zigzag_lab.inputs import presets

_PRESETS = Path(presets.__file__).parent
_ZIGZAG = Path(zigzag.__file__).parent / "inputs"
_ONNX = Path(onnx.__file__).parent / "backend" / "test" / "data"
_MOST_BYTES = 30_000


def _documents(*folders: Path) -> tuple[Any, ...]:
    return tuple(
        yaml.safe_load(file.read_text("utf-8")) for folder in folders for file in sorted(folder.glob("*.yaml"))
    )


@cache
def accelerators() -> tuple[Any, ...]:
    return (*_documents(_PRESETS / "accelerators", _ZIGZAG / "hardware"), *[samples.accelerator()] * 8)


@cache
def mappings() -> tuple[Any, ...]:
    return (*_documents(_PRESETS / "mappings", _ZIGZAG / "mapping"), *[samples.mapping()] * 8)


def small_network() -> list[dict[str, Any]]:
    """A convolution and a matrix product, searched in milliseconds."""
    product = {
        "id": 1,
        "operator_type": "Gemm",
        "equation": "O[b][k]+=W[k][c]*I[b][c]",
        "dimension_relations": [],
        "loop_dims": ["B", "K", "C"],
        "loop_sizes": [4, 16, 12],
        "operand_precision": {"I": 8, "W": 8, "O": 16, "O_final": 8},
        "operand_source": {"I": 0, "W": 1},
    }
    return [samples.conv_layer(), product]


@cache
def workloads() -> tuple[Any, ...]:
    many = {
        "id": 0,
        "operator_type": "Conv",
        "equation": "O[m][n]+=A[m][r]*B[r][s]*X[s][n]",
        "loop_dims": ["M", "N", "R", "S"],
        "loop_sizes": [6, 4, 5, 3],
        "operand_precision": {"A": 8, "B": 4, "X": 8, "O": 32, "O_final": 8},
        "operand_source": {"B": 0},
    }
    return (samples.workload(), small_network(), [many])


@cache
def models() -> tuple[bytes, ...]:
    """Small models, each as bytes."""
    small = (file for file in sorted(_ONNX.glob("**/model.onnx")) if file.stat().st_size < _MOST_BYTES)
    return (*(file.read_bytes() for file in small), *(m.SerializeToString() for m in _made_models()))


def _made_models() -> tuple[onnx.ModelProto, ...]:
    contributed = [one_node(kind, inputs, len(shapes), **more) for kind, inputs, more, shapes, _ in PRODUCTS]
    image = {"x": [1, 3, 8, 8]}
    quantised = [
        node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z", "d"), node("Conv", "d w", "y"),
        node("Relu", "y", "r"), node("QuantizeLinear", "r s z", "qq"), node("MaxPool", "qq", "p", kernel_shape=[2, 2]),
        node("ReduceMean", "p", "m"), node("Add", "m m", "a"),
    ]  # fmt: skip
    inner = onnx.helper.make_graph([node("Conv", "x w", "c"), node("Relu", "c", "b")], "inner", [], [_unknown("b")])
    other = onnx.helper.make_graph([node("Identity", "x", "i")], "other", [], [_unknown("i")])
    branches = [node("Cast", "k", "t", to=9), node("If", "t", "y", then_branch=inner, else_branch=other)]
    return (
        *contributed,
        conv_model(),
        conv_model((1, 3, 8, 8, 8), (4, 3, 2, 2, 2)),
        model([node("Einsum", "x y", "z", equation="bij,bjk->bik")], {"x": [2, 3, 4], "y": [2, 4, 5]}),
        model([node("Einsum", "x y", "z", equation="...ij,...jk->...ik")], {"x": [2, 3, 4], "y": [1, 4, 5]}),
        model([node("LSTM", "x w r", "y h c", hidden_size=4)], {"x": [5, 2, 3]}, {"w": [1, 16, 3], "r": [1, 16, 4]}),
        model([node("ConvTranspose", "x w", "y", strides=[2, 2])], {"x": [1, 4, 5, 5]}, {"w": [4, 3, 3, 3]}),
        model(quantised, image, {"w": [4, 3, 3, 3], "s": [], "z": []}),
        model(branches, {**image, "k": []}, {"w": [4, 3, 3, 3]}),
    )


def load() -> None:
    """Read everything now, so that processes forked later need not."""
    for kind in (accelerators, mappings, workloads, models):
        kind()


def _unknown(name: str) -> Any:
    return onnx.helper.make_tensor_value_info(name, 1, None)
