"""Every ONNX model that installed packages bring, on two accelerators, with operations counted a second way.

Run by hand: ``python -m tests.real_models [FILE[:INPUT=1,3,224,224...] ...]``; without files it takes those of the
``onnx`` and ``zigzag`` packages. It takes some minutes. Where onnxruntime is installed, operations are counted from the
shapes that it shows while it runs the model (:mod:`tests.observed_macs`); ``real_models.md`` keeps what was found.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import Any

import onnx
import zigzag
from onnx import shape_inference

from tests.observed_macs import observed_macs
from zigzag_lab.api import RunRequest, run
from zigzag_lab.vocab import InfeasibleError

ACCELERATORS = ("tpu_like", "eyeriss_like")
Shapes = dict[str, tuple[int, ...]]


def installed_models() -> list[Path]:
    """Networks that nobody here wrote."""
    light = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
    return [
        *sorted(light.glob("*.onnx")),
        *sorted((Path(zigzag.__file__).parent / "inputs" / "workload").glob("*.onnx")),
    ]


def counted(path: Path, given: Shapes) -> int | None:
    """Multiply-accumulates from shapes that onnxruntime shows, or else from those that ONNX infers; None if neither."""
    if find_spec("onnxruntime") is None:
        return _inferred(path, given)
    try:
        return observed_macs(path, given)
    except (
        Exception
    ) as error:  # whatever the runtime raises: a body, an operator it has no kernel for, inputs it refuses
        print(f"{path.name}: {' '.join(str(error).split())[:200]}", file=sys.stderr)
        return None


def _inferred(path: Path, given: Shapes) -> int | None:
    """Multiply-accumulates straight from shapes: each result of a convolution takes all weights of its channel.

    None where ONNX infers no shape, or where the network has other operators that multiply and accumulate.
    """
    model = onnx.load(path, load_external_data=False)
    for value in model.graph.input:
        for dim, size in zip(value.type.tensor_type.shape.dim, given.get(value.name, ()), strict=False):
            dim.dim_value = size
    graph = shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {t.name: tuple(t.dims) for t in graph.initializer}
    for values in (graph.value_info, graph.input, graph.output):
        known = (v for v in values if v.type.tensor_type.HasField("shape"))
        shapes.update({v.name: tuple(d.dim_value for d in v.type.tensor_type.shape.dim) for v in known})
    shapes.update({n.output[0]: tuple(n.attribute[0].t.dims) for n in graph.node if n.op_type == "Constant"})
    try:
        return sum(_macs(node, shapes) for node in graph.node)
    except (KeyError, IndexError):
        return None


def _macs(node: Any, shapes: dict[str, tuple[int, ...]]) -> int:
    if node.op_type == "Conv":
        return prod(shapes[node.output[0]]) * prod(shapes[node.input[1]][1:])
    if node.op_type == "ConvTranspose":
        return prod(shapes[node.input[0]]) * prod(shapes[node.input[1]][1:])
    if node.op_type == "Gemm":
        turned = any(a.name == "transA" and a.i for a in node.attribute)
        return prod(shapes[node.output[0]]) * shapes[node.input[0]][0 if turned else 1]
    if node.op_type == "MatMul":
        return prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]
    if node.op_type in ("If", "LSTM", "GRU", "RNN", "Einsum", "ConvInteger", "MatMulInteger", "QLinearConv"):
        raise KeyError(node.op_type)
    return 0


def table(models: Sequence[tuple[Path, Shapes]]) -> Iterator[str]:
    """One line for each model and accelerator."""
    for path, given in models:
        expected = counted(path, given)
        for accelerator in ACCELERATORS:
            started = time.perf_counter()
            request = RunRequest(path, accelerator, accelerator, input_shapes=given)
            try:
                outcome = run(request, store=None, mlflow="off")
            except InfeasibleError as error:
                yield f"{path.stem:34} {accelerator:13} nothing fits: {error}"
                continue
            assert outcome.coverage is not None
            macs = outcome.coverage.n_operations
            check = "not counted" if expected is None else "equal" if expected == macs else f"NOT {expected}"
            yield (
                f"{path.stem:34} {accelerator:13} {len(outcome.layers):4} layers {macs:15,} MACs ({check}) "
                f"{outcome.total.energy_total:.4g} pJ {outcome.total.latency_total2:.4g} cycles "
                f"{time.perf_counter() - started:.1f} s; {outcome.coverage.sentence() or 'nothing is left out'}"
            )


def _asked(word: str) -> tuple[Path, Shapes]:
    path, *shapes = word.split(":")
    pairs = (shape.split("=") for shape in shapes)
    return Path(path), {name: tuple(int(size) for size in sizes.split(",")) for name, sizes in pairs}


if __name__ == "__main__":
    for line in table([_asked(word) for word in sys.argv[1:]] or [(path, {}) for path in installed_models()]):
        print(line, flush=True)
