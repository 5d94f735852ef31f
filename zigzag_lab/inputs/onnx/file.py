"""ONNX files: loading them without weights, and the shapes of their tensors, inferred where they are missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import ModelProto, NodeProto, TensorProto, TypeProto, helper

from zigzag_lab.inputs.checked import shown
from zigzag_lab.inputs.onnx.node import Shape, shape_text
from zigzag_lab.inputs.onnx.shapes import Declared, ShapeInference, in_order, sizes_of, static
from zigzag_lab.inputs.yaml_file import read_bytes
from zigzag_lab.vocab import InputError, nearest

_LARGE_BYTES = 4096


@dataclass(frozen=True)
class OnnxModel:
    """A model that is being read. Weights in other files are never opened.

    Attributes:
        where: the file, for messages.
        proto: the model; it is not changed.
        input_shapes: inputs of the graph -> shapes that replace the declared ones.
    """

    where: str
    proto: ModelProto
    input_shapes: Mapping[str, Shape]

    @property
    def nodes(self) -> Sequence[NodeProto]:
        """The nodes of its graph."""
        nodes: Sequence[NodeProto] = self.proto.graph.node
        return nodes

    @property
    def opset(self) -> int:
        """Version of ONNX's own operators."""
        return max((o.version for o in self.proto.opset_import if o.domain in ("", "ai.onnx")), default=1)

    def copy(self) -> OnnxModel:
        """A copy without the data of large weights."""
        copy = ModelProto(ir_version=self.proto.ir_version, opset_import=self.proto.opset_import)
        copy.graph.name = self.proto.graph.name
        for part in ("node", "input", "output", "value_info", "sparse_initializer"):
            getattr(copy.graph, part).extend(getattr(self.proto.graph, part))
        copy.graph.initializer.extend(
            tensor if tensor.ByteSize() <= _LARGE_BYTES else hollow_weight(tensor.name, tensor.dims, tensor.data_type)
            for tensor in self.proto.graph.initializer
        )
        return replace(self, proto=copy)

    def set_nodes(self, nodes: Iterable[NodeProto]) -> None:
        """Give a copy other nodes."""
        del self.proto.graph.node[:]
        self.proto.graph.node.extend(nodes)


def hollow_weight(name: str, dims: Sequence[int], data_type: int = TensorProto.FLOAT) -> TensorProto:
    """Weights of which only the shape is given."""
    tensor = TensorProto(name=name, data_type=data_type, dims=dims)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="left-out")
    return tensor


@dataclass(frozen=True)
class Tensors:
    """Shapes of a model's tensors.

    Attributes:
        shapes: tensor -> its shape; tensors whose shape is open or unknown are absent.
        inputs: inputs of the graph -> their shapes as declared.
        constants: tensors with values before the network runs.
        types: tensor -> the number of its element type in ONNX, where the model says it.
        problems: tensor -> why its shape could not be inferred, where ONNX says it.
    """

    shapes: dict[str, Shape]
    inputs: dict[str, Declared]
    constants: frozenset[str]
    types: dict[str, int]
    problems: dict[str, str]


def load_model(source: object, input_shapes: Mapping[str, Shape] | None = None) -> OnnxModel:
    """Load a model from its path, or as it is in memory.

    Raises:
        InputError: the file cannot be read or holds no ONNX model.
    """
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
    return OnnxModel(where, model, input_shapes or {})


def tensors_of(model: OnnxModel, needed: Sequence[str]) -> Tensors:
    """The shapes of a model's tensors; they are inferred only where those of ``needed`` are not declared.

    Raises:
        InputError: an input shape is wrong.
    """
    declared = _declared_types(model.proto)
    inputs = _inputs(model.proto, declared)
    given = _given(model.where, inputs, model.input_shapes)
    inputs |= given
    weights = model.proto.graph.initializer
    shapes = {name: shape for name, of in declared.items() if (shape := static(sizes_of(of))) is not None}
    shapes |= {t.name: tuple(t.dims) for t in weights}
    types, problems = _element_types(declared), dict[str, str]()
    if given or not all(name in shapes and 0 not in shapes[name] for name in needed):
        known = inference_of(model)
        shapes, problems = known.shapes, known.problems
        types = {**types, **_element_types(known.types)}
    types |= {t.name: t.data_type for t in weights}
    return Tensors(shapes, inputs, frozenset(_constants(model.proto)), types, problems)


def inference_of(model: OnnxModel) -> ShapeInference:
    """Infer the shapes and the small values of all tensors of a model.

    Raises:
        InputError: an input shape is wrong.
    """
    known, nodes = before_nodes(model), model.nodes
    for i in in_order(nodes):
        known.add(nodes[i])
    return known


def before_nodes(model: OnnxModel) -> ShapeInference:
    """What is known before the first node: inputs and weights.

    Raises:
        InputError: an input shape is wrong.
    """
    declared = _declared_types(model.proto)
    inputs = _inputs(model.proto, declared)
    given = _given(model.where, inputs, model.input_shapes)
    known = ShapeInference(model.proto, _bound(declared, inputs, given))
    for name, sizes in {**inputs, **given}.items():
        of = declared[name]
        if sizes is not None and of.WhichOneof("value") == "tensor_type":
            of = helper.make_tensor_type_proto(of.tensor_type.elem_type, [None if s == "?" else s for s in sizes])
        known.types[name] = of
    known.give_weights(model.proto.graph)
    return known


def _declared_types(model: ModelProto) -> dict[str, TypeProto]:
    """Tensor -> its type by the model's word: of several, the last one with a fixed shape."""
    types: dict[str, TypeProto] = {}
    for values in (model.graph.value_info, model.graph.output, model.graph.input):
        for value in values:
            if static(sizes_of(value.type)) is not None or value.name not in types:
                types[value.name] = value.type
    return types


def _inputs(model: ModelProto, declared: Mapping[str, TypeProto]) -> dict[str, Declared]:
    """Inputs of the model without a value -> their sizes; one below 1 is open, which is how exporters write it."""
    weights = {t.name for t in model.graph.initializer} | {t.values.name for t in model.graph.sparse_initializer}
    sizes = {i.name: sizes_of(declared[i.name]) for i in model.graph.input if i.name not in weights}
    return {
        name: None if one is None else tuple("?" if isinstance(size, int) and size < 1 else size for size in one)
        for name, one in sizes.items()
    }


def _bound(
    declared: Mapping[str, TypeProto], inputs: Mapping[str, Declared], given: Mapping[str, Shape]
) -> dict[str, TypeProto]:
    """The declared types as far as they hold for the given shapes, with the values of symbols put in."""
    fixed = [
        name
        for name, shape in given.items()
        if any(isinstance(size, int) and size != n for size, n in zip(inputs[name] or (), shape, strict=False))
    ]
    if fixed:  # the model was exported for other sizes
        return {}
    symbols = _symbols(inputs, given)
    return {name: _with_sizes(of, symbols) for name, of in declared.items()}


def _with_sizes(of: TypeProto, symbols: Mapping[str, int]) -> TypeProto:
    """A type with the values of its symbols, and without sizes below 1, by which exporters mean open ones."""
    dims = of.tensor_type.shape.dim
    if not any(d.dim_param in symbols or (d.HasField("dim_value") and d.dim_value < 1) for d in dims):
        return of
    copy = TypeProto()
    copy.CopyFrom(of)
    for d in copy.tensor_type.shape.dim:
        if d.dim_param in symbols:
            d.dim_value = symbols[d.dim_param]
        elif d.HasField("dim_value") and d.dim_value < 1:
            d.ClearField("dim_value")
    return copy


def _symbols(inputs: Mapping[str, Declared], given: Mapping[str, Shape]) -> dict[str, int]:
    """Symbol -> its value, where the given shapes agree on one."""
    found: dict[str, set[int]] = {}
    for name, shape in given.items():
        for size, n in zip(inputs[name] or (), shape, strict=False):
            if isinstance(size, str) and size != "?":
                found.setdefault(size, set()).add(n)
    return {symbol: next(iter(values)) for symbol, values in found.items() if len(values) == 1}


def _element_types(types: Mapping[str, TypeProto]) -> dict[str, int]:
    """Tensor -> the number of its element type, where it is known."""
    found = {name: of.tensor_type.elem_type for name, of in types.items() if of.WhichOneof("value") == "tensor_type"}
    return {name: kind for name, kind in found.items() if kind}


def _given(where: str, inputs: Mapping[str, Declared], given: Mapping[str, Shape]) -> dict[str, Shape]:
    """The given shapes, once they are checked, and those that follow from them by symbols; only what is new."""
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
    symbols = _symbols(inputs, given)
    for name, declared in inputs.items():
        if name not in given and declared is not None and any(size in symbols for size in declared):
            follows = static(tuple(symbols.get(size, size) if isinstance(size, str) else size for size in declared))
            if follows is not None:
                changed[name] = follows
    return changed


def _constants(model: ModelProto) -> set[str]:
    """Tensors that follow from weights and constants alone, such as weights behind a DequantizeLinear."""
    constants = {t.name for t in model.graph.initializer} | {t.values.name for t in model.graph.sparse_initializer}
    for node in model.graph.node:
        inputs = [name for name in node.input if name]
        is_closed = not any(a.HasField("g") or a.graphs for a in node.attribute)
        if node.op_type == "Constant" or (inputs and is_closed and constants.issuperset(inputs)):
            constants.update(node.output)
    return constants


def open_inputs_error(where: str, inputs: Mapping[str, Declared], among: Collection[str]) -> InputError | None:
    """The error that asks for the shapes of inputs ``among`` some tensors that are open; none where all are fixed."""
    dynamic = {name: sizes for name, sizes in inputs.items() if static(sizes) is None and name in among}
    if not dynamic:
        return None
    found = ", ".join(f"input {name} has shape {shape_text(sizes)}" for name, sizes in dynamic.items())
    symbols: dict[str, int] = {}
    options = " ".join(f"--input-shape {name}={_example(sizes, symbols)}" for name, sizes in dynamic.items())
    return InputError(where, found, "fixed sizes", f"Pass them, such as {options}.")


def _example(sizes: Declared, symbols: dict[str, int]) -> str:
    """Sizes as one may pass them; a symbol has the same value wherever it stands."""
    if sizes is None:
        return "1,3,224,224"
    usual = (1, 3, 224, 224) if len(sizes) == 4 else (1, *(128,) * max(0, len(sizes) - 1))
    shown = []
    for size, value in zip(sizes, usual, strict=True):
        if isinstance(size, int):
            shown.append(size)
        else:
            shown.append(value if size == "?" else symbols.setdefault(size, value))
    return ",".join(map(str, shown))
