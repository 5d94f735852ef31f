"""Readers of what the user hands over: accelerators, mappings and workloads, from YAML and ONNX files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from zigzag_lab.inputs.accelerator import read_accelerator as read_accelerator
from zigzag_lab.inputs.mapping import check_against as check_against
from zigzag_lab.inputs.mapping import check_links as check_links
from zigzag_lab.inputs.mapping import read_mapping as read_mapping
from zigzag_lab.inputs.python_modules import refuse_module
from zigzag_lab.inputs.workload_file import read_workload as read_workload
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.options import PRICE_ALL
from zigzag_lab.workload import Workload

if TYPE_CHECKING:
    from onnx import ModelProto

    from zigzag_lab.inputs.onnx.model import read_onnx as read_onnx
else:

    def __getattr__(name):
        if name == "read_onnx":  # slow to import, as ONNX is
            return import_module("zigzag_lab.inputs.onnx.model").read_onnx
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


YAML_SUFFIXES = (".yaml", ".yml")
ONNX_SUFFIXES = (".onnx",)


def read_any_workload(
    source: str | Path | Sequence[Mapping[str, object]] | ModelProto | Workload,
    input_shapes: Mapping[str, tuple[int, ...]] | None = None,
    *,
    price_all: bool = PRICE_ALL.default,
) -> Workload:
    """Read a workload of any kind: an ONNX model or hand-written layers, in a file or in memory.

    Args:
        source: path of a ``.onnx``, ``.yaml`` or ``.yml`` file, a list of layers, a ``ModelProto``, or a workload,
            which is handed back.
        input_shapes: inputs of an ONNX model -> shapes to use; refused for hand-written layers, whose sizes are given.
        price_all: whether poolings, element-wise operators and reductions of an ONNX model become layers too;
            hand-written layers are all priced anyway.

    Raises:
        InputError: nothing can be read from the source.
    """
    if isinstance(source, Workload):
        return source
    suffix = Path(source).suffix.lower() if isinstance(source, (str, Path)) else None
    if suffix in ONNX_SUFFIXES or type(source).__name__ == "ModelProto":
        from zigzag_lab.inputs.onnx.model import read_onnx

        return read_onnx(source, input_shapes=input_shapes, price_all=price_all)  # type: ignore[arg-type]
    if isinstance(source, (str, Path)):
        refuse_module(source, "workload")
    if suffix is not None and suffix not in YAML_SUFFIXES:
        expected = "a file that ends in " + ", ".join(ONNX_SUFFIXES + YAML_SUFFIXES)
        raise InputError(str(source), f"the file ends in '{suffix}'", expected, "Check the path of the workload.")
    if input_shapes:
        named = ", ".join(input_shapes)
        raise InputError(
            "--input-shape", f"shapes for {named}", "an ONNX model", "Hand-written layers give their sizes."
        )
    return read_workload(source)
