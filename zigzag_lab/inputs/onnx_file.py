"""ONNX files: loading them without weights, and the shapes of their tensors, inferred here where they are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from zigzag_lab.inputs.checked import shown
from zigzag_lab.inputs.onnx_contrib import with_stand_ins
from zigzag_lab.inputs.yaml_file import read_bytes
from zigzag_lab.vocab import InputError, nearest

if TYPE_CHECKING:
    from onnx import ModelProto

Shape = tuple[int, ...]
Declared = tuple[int | str, ...] | None
"""A shape as a file declares it: sizes, names of sizes that are open, ``?`` where it says nothing; none if unknown."""

_SMALL_BYTES = 4096
"""Initializers up to this size are kept for shape inference: among them are the targets of reshapes."""

_MOST_ROUNDS = 256
"""Steps from known values to shapes and back; each resolves one reshape whose target depends on shapes before it."""

_MOST_SECONDS = 5.0


@dataclass(frozen=True)
class Tensors:
    """Shapes of a model's tensors.

    Attributes:
        shapes: tensor -> its shape; tensors whose shape is open or unknown are absent.
        inputs: inputs of the graph -> their shapes as declared.
        constants: tensors that are known before the network runs.
        types: tensor -> the number of its element type in ONNX, where the model says it.
    """

    shapes: dict[str, Shape]
    inputs: dict[str, Declared]
    constants: frozenset[str]
    types: dict[str, int]


def load_model(source: object) -> tuple[str, ModelProto]:
    """A model and what to call it in messages. Weights kept in other files are never opened.

    Raises:
        InputError: the file cannot be read or holds no ONNX model.
    """
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from onnx import ModelProto

    if isinstance(source, ModelProto):
        where, model = f"ONNX model {source.graph.name}".strip(), source
    elif isinstance(source, (str, Path)):
        where, model = str(source), ModelProto()
        content = read_bytes(source, "an ONNX model")
        if not content:
            raise InputError(where, "the file is empty", "an ONNX model", "Check that it was saved and copied whole.")
        try:
            model.ParseFromString(content)
        except (DecodeError, ValueError):
            raise InputError(
                where, "this is not an ONNX model, or only a part of one", "a .onnx file", "Export or copy it again."
            ) from None
    else:
        raise InputError("workload", f"found {shown(source)}", "the path of an .onnx file, or a ModelProto")
    if not model.graph.node:
        raise InputError(where, "the model has no nodes", "an ONNX model", "Check that this is the right file.")
    return where, model


def tensors_of(
    where: str,
    model: ModelProto,
    needed: Sequence[str],
    input_shapes: Mapping[str, Shape] | None,
    wanted: Sequence[str] = (),
) -> Tensors:
    """The shapes of a model's tensors; shape inference runs, on a copy, only where it is called for.

    Args:
        where: the file, for messages.
        model: the model; it is not changed.
        needed: tensors whose shapes the layers depend on.
        input_shapes: inputs of the graph -> shapes that replace the declared ones.
        wanted: tensors whose shapes only tell how much is left out; nothing fails for them.

    Raises:
        InputError: an input shape is wrong, or shape inference fails.
    """
    declared = _declared_shapes(model)
    weights = {t.name for t in model.graph.initializer} | {t.values.name for t in model.graph.sparse_initializer}
    inputs = {i.name: declared[i.name] for i in model.graph.input if i.name not in weights}
    changed = _changed_inputs(where, inputs, input_shapes or {})
    inputs.update(changed)
    must = bool(changed) or not all(_is_static(declared.get(name)) for name in needed)
    inferred = model
    if must or not all(_is_static(declared.get(name)) for name in wanted):
        lean = _without_weights(model)
        if changed:
            _set_inputs(lean, changed)
        try:
            inferred = _inferred(where, lean, [*needed, *wanted])
            declared = {**_initializer_shapes(model), **_declared_shapes(inferred)}
        except InputError:
            if must:
                raise
    shapes = {name: shape for name, shape in declared.items() if shape is not None and _is_static(shape)}
    return Tensors(
        {name: tuple(int(size) for size in shape) for name, shape in shapes.items()},
        inputs,
        frozenset(_constants(model, weights)),
        _element_types(model, inferred),
    )


def _element_types(*models: ModelProto) -> dict[str, int]:
    types: dict[str, int] = {}
    for model in models:
        for values in (model.graph.value_info, model.graph.output, model.graph.input):
            types.update((v.name, v.type.tensor_type.elem_type) for v in values if v.type.HasField("tensor_type"))
        types.update((t.name, t.data_type) for t in model.graph.initializer)
    return {name: kind for name, kind in types.items() if kind}


def _declared_shapes(model: ModelProto) -> dict[str, Declared]:
    shapes: dict[str, Declared] = dict(_initializer_shapes(model))
    for values in (model.graph.value_info, model.graph.output, model.graph.input):
        for value in values:
            shape = _declared(value)
            if _is_static(shape) or not _is_static(shapes.get(value.name)):
                shapes[value.name] = shape
    return shapes


def _initializer_shapes(model: ModelProto) -> dict[str, Declared]:
    return {t.name: tuple(t.dims) for t in model.graph.initializer}


def _declared(value: Any) -> Declared:
    tensor = value.type.tensor_type
    if not value.type.HasField("tensor_type") or not tensor.HasField("shape"):
        return None
    return tuple(d.dim_value if d.dim_value > 0 else d.dim_param or "?" for d in tensor.shape.dim)


def _is_static(shape: Declared) -> bool:
    return shape is not None and all(isinstance(size, int) for size in shape)


def _changed_inputs(where: str, inputs: Mapping[str, Declared], given: Mapping[str, Shape]) -> dict[str, Shape]:
    """The given shapes, once they are checked, that differ from the declared ones."""
    changed: dict[str, Shape] = {}
    for name, shape in given.items():
        if name not in inputs:
            known = ", ".join(inputs) or "none at all"
            raise InputError(
                f"{where}: input shape {name}", f"the model has no input {name}", known, nearest(name, inputs)
            )
        declared = inputs[name]
        sizes = ",".join(map(str, shape))
        if not all(isinstance(size, int) and size > 0 for size in shape):
            raise InputError(f"{where}: input shape {name}={sizes}", "a size is not positive", "whole numbers from 1")
        if declared is not None and len(declared) != len(shape):
            raise InputError(
                f"{where}: input shape {name}={sizes}",
                f"{len(shape)} sizes",
                f"{len(declared)}: {shape_text(declared)}",
            )
        if declared != tuple(shape):
            changed[name] = tuple(shape)
    return changed


def _without_weights(model: ModelProto) -> ModelProto:
    """A copy for shape inference. Large weights become inputs of the same shape, so that nobody reads their data."""
    from onnx import ModelProto, helper

    lean = ModelProto(ir_version=model.ir_version, opset_import=model.opset_import, functions=model.functions)
    lean.graph.name = model.graph.name
    lean.graph.node.extend(with_stand_ins(list(model.graph.node)))
    for part in ("input", "output", "value_info"):
        getattr(lean.graph, part).extend(getattr(model.graph, part))
    known = {i.name for i in model.graph.input}
    for sparse in model.graph.sparse_initializer:
        value = helper.make_tensor_value_info(sparse.values.name, sparse.values.data_type, list(sparse.dims))
        lean.graph.input.append(value)
    for tensor in model.graph.initializer:
        if tensor.ByteSize() <= _SMALL_BYTES and not tensor.external_data:
            lean.graph.initializer.append(tensor)
        elif tensor.name not in known:
            lean.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims)))
    return lean


def _set_inputs(model: ModelProto, input_shapes: Mapping[str, Shape]) -> None:
    """Give inputs of a copy new shapes, and forget every shape that followed from the old ones."""
    from onnx import TensorShapeProto

    del model.graph.value_info[:]
    for value in model.graph.output:
        if value.type.HasField("tensor_type"):
            value.type.tensor_type.ClearField("shape")
    for value in model.graph.input:
        if value.name in input_shapes:
            shape = value.type.tensor_type.shape
            del shape.dim[:]
            shape.dim.extend(TensorShapeProto.Dimension(dim_value=size) for size in input_shapes[value.name])


def _inferred(where: str, model: ModelProto, needed: Sequence[str] = ()) -> ModelProto:
    """The model with inferred shapes.

    Where shapes that are needed stay open, values that follow from the known ones (such as the target of a reshape)
    are put in as constants, and the inference goes on from there. ONNX's own propagation of data is not used: a
    damaged model can keep it busy for ever.
    """
    from onnx import shape_inference

    from zigzag_lab.inputs.onnx_guard import check_ranks

    check_ranks(where, model)
    try:
        inferred, deadline = shape_inference.infer_shapes(model), monotonic() + _MOST_SECONDS
        for _ in range(_MOST_ROUNDS):
            declared = _declared_shapes(inferred)
            if all(_is_static(declared.get(name)) for name in needed) or not _fold(inferred, declared):
                break
            if monotonic() > deadline:
                break
            inferred = shape_inference.infer_shapes(inferred)
    except Exception as error:  # the library raises what its C++ code throws, of any type
        reason = " ".join(str(error).split())[:300]
        raise InputError(
            where,
            f"shape inference failed: {reason}",
            "a valid model",
            "Check it with onnx.checker, or export it again.",
        ) from None
    return inferred


def _fold(model: ModelProto, declared: Mapping[str, Declared]) -> bool:
    """Put known values into a model in place of the nodes that compute them; whether there were any."""
    from onnx import numpy_helper

    from zigzag_lab.inputs.onnx_values import known_values

    shapes = {name: shape for name, shape in declared.items() if _is_static(shape)}
    values = known_values(model.graph.node, model.graph.initializer, shapes)  # type: ignore[arg-type]
    outputs = {value.name for value in model.graph.output}
    kept = []
    for node in model.graph.node:
        name = node.output[0] if len(node.output) == 1 else ""
        if name in values and name not in outputs:
            model.graph.initializer.append(numpy_helper.from_array(values[name], name))
        else:
            kept.append(node)
    has_folded = len(kept) < len(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(kept)
    return has_folded


def _constants(model: ModelProto, weights: set[str]) -> set[str]:
    """Tensors that follow from weights and constants alone, such as weights behind a DequantizeLinear."""
    constants = set(weights)
    for node in model.graph.node:
        inputs = [name for name in node.input if name]
        is_closed = not any(a.HasField("g") or a.graphs for a in node.attribute)
        if node.op_type == "Constant" or (inputs and is_closed and constants.issuperset(inputs)):
            constants.update(node.output)
    return constants


def shape_text(shape: Declared) -> str:
    """A shape as messages show it, such as ``[batch, 3, 224, 224]``."""
    return "[" + ", ".join(map(str, shape)) + "]" if shape is not None else "unknown"


def open_inputs_error(where: str, tensors: Tensors) -> InputError | None:
    """The error that asks for the shapes of inputs that are open; none where all are fixed."""
    dynamic = {name: shape for name, shape in tensors.inputs.items() if not _is_static(shape)}
    if not dynamic:
        return None
    found = ", ".join(f"input {name} has shape {shape_text(shape)}" for name, shape in dynamic.items())
    options = " ".join(f"--input-shape {name}={_example(shape)}" for name, shape in dynamic.items())
    return InputError(where, found, "fixed sizes", f"Pass them, such as {options}.")


def _example(shape: Declared) -> str:
    if shape is None:
        return "1,3,224,224"
    usual = (1, 3, 224, 224) if len(shape) == 4 else (1, *(128,) * max(0, len(shape) - 1))
    return ",".join(str(size if isinstance(size, int) else usual[i]) for i, size in enumerate(shape))
