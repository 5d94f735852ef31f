"""Small tensors whose values follow from shapes and constants: targets of reshapes, and what branches are chosen by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

_MOST_ELEMS = 256
_MOST_BYTES = 4096


def known_values(
    nodes: Sequence[Any], initializers: Sequence[Any], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, Any]:
    """Tensor -> its value as an array, for small tensors that do not depend on the data.

    Args:
        nodes: of a graph, producers before consumers.
        initializers: of the graph.
        shapes: of its tensors, where they are fixed.
    """
    values = {t.name: value for t in initializers if (value := _array(t)) is not None}
    for node in nodes:
        if node.op_type in _RULES and len(node.output) == 1:
            value = _result(node, values, shapes)
            if value is not None and value.size <= _MOST_ELEMS:
                values[node.output[0]] = value
    return values


def _array(tensor: Any) -> Any:
    from onnx import TensorProto, numpy_helper

    kinds = (TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL, TensorProto.FLOAT)
    n_elems = 1
    for size in tensor.dims:
        n_elems *= max(0, size)
    if tensor.data_type not in kinds or n_elems > _MOST_ELEMS or tensor.external_data:
        return None
    try:
        return numpy_helper.to_array(tensor) if tensor.ByteSize() <= _MOST_BYTES else None
    except (ValueError, TypeError):
        return None


def _result(node: Any, values: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> Any:
    """The value of a node's result; none where it is not known, or where the node makes no sense."""
    import numpy as np

    given = {a.name: a for a in node.attribute}
    if node.op_type in ("Shape", "Size"):
        shape = shapes.get(node.input[0]) if node.input else None
        return None if shape is None else _RULES[node.op_type](given, shape)
    inputs = [values.get(name) if name else None for name in node.input]
    if any(value is None and name for value, name in zip(inputs, node.input, strict=True)):
        return None
    try:
        with np.errstate(all="ignore"):
            result = _RULES[node.op_type](given, *inputs)
        return None if result is None else np.asarray(result)
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, AttributeError, np.exceptions.AxisError):
        return None


def _shape(given: Mapping[str, Any], shape: tuple[int, ...]) -> Any:
    import numpy as np

    end = given["end"].i if "end" in given else None
    part = shape[given["start"].i if "start" in given else 0 : end]
    return np.array(part, dtype=np.int64)


def _size(given: Mapping[str, Any], shape: tuple[int, ...]) -> Any:
    import numpy as np

    return np.array(shape, dtype=np.int64).prod()


def _constant(given: Mapping[str, Any]) -> Any:
    import numpy as np

    if "value" in given:
        return _array(given["value"].t)
    for key, kind in (("value_int", np.int64), ("value_float", np.float32)):
        if key in given:
            return np.array(given[key].i if key == "value_int" else given[key].f, dtype=kind)
        if key + "s" in given:
            several = given[key + "s"]
            return np.array(several.ints if key == "value_int" else several.floats, dtype=kind)
    return None


def _constant_of_shape(given: Mapping[str, Any], shape: Any) -> Any:
    import numpy as np

    value = _array(given["value"].t) if "value" in given else np.zeros(1, dtype=np.float32)
    sizes = [int(size) for size in shape]
    n_elems = 1
    for size in sizes:
        n_elems = n_elems * max(0, size) if n_elems <= _MOST_ELEMS else n_elems
    return None if value is None or n_elems > _MOST_ELEMS else np.full(sizes, value.reshape(-1)[0])


def _gather(given: Mapping[str, Any], data: Any, indices: Any) -> Any:
    return data.take(indices, axis=given["axis"].i if "axis" in given else 0) if data.ndim <= 2 else None


def _cast(given: Mapping[str, Any], data: Any) -> Any:
    from onnx import TensorProto

    kinds = {TensorProto.BOOL: "bool", TensorProto.INT64: "int64", TensorProto.INT32: "int32"}
    kind = {**kinds, TensorProto.FLOAT: "float32"}.get(given["to"].i)
    return None if kind is None else data.astype(kind)


def _concat(given: Mapping[str, Any], *parts: Any) -> Any:
    import numpy as np

    return np.concatenate(parts, axis=given["axis"].i if "axis" in given else 0) if len(parts) <= 64 else None


def _axes(given: Mapping[str, Any], axes: Any) -> tuple[int, ...] | None:
    if axes is not None:
        return tuple(int(axis) for axis in axes.reshape(-1))
    return tuple(given["axes"].ints) if "axes" in given else None


def _squeeze(given: Mapping[str, Any], data: Any, axes: Any = None) -> Any:
    return data.squeeze(_axes(given, axes))


def _unsqueeze(given: Mapping[str, Any], data: Any, axes: Any = None) -> Any:
    import numpy as np

    return np.expand_dims(data, _axes(given, axes) or 0)


def _slice(given: Mapping[str, Any], data: Any, *bounds: Any) -> Any:
    if "starts" in given:
        starts, ends = list(given["starts"].ints), list(given["ends"].ints)
        axes = list(given["axes"].ints) if "axes" in given else list(range(len(starts)))
        steps = [1] * len(starts)
    else:
        starts, ends = (bound.reshape(-1).tolist() for bound in bounds[:2])
        more = [b.reshape(-1).tolist() if b is not None else None for b in (*bounds[2:], None, None)[:2]]
        axes = more[0] or list(range(len(starts)))
        steps = more[1] or [1] * len(starts)
    cut = [slice(None)] * data.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        cut[axis] = slice(start, end if end > -(2**31) + 1 else None, step)
    return data[tuple(cut)]


def _reshape(given: Mapping[str, Any], data: Any, shape: Any) -> Any:
    return data.reshape([int(size) for size in shape])


def _transpose(given: Mapping[str, Any], data: Any) -> Any:
    return data.transpose(list(given["perm"].ints) if "perm" in given else None)


def _divide(given: Mapping[str, Any], x: Any, y: Any) -> Any:
    import numpy as np

    if x.size * y.size > _MOST_ELEMS**2:
        return None
    if x.dtype.kind == "f":
        return x / y
    return (np.sign(x) * np.sign(y) * (np.abs(x) // np.abs(y))).astype(x.dtype) if y.all() else None


def _broadcast(rule: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The rule of two operands, unless its result would be large."""

    def guarded(given: Mapping[str, Any], x: Any, y: Any) -> Any:
        return rule(x, y) if x.size * y.size <= _MOST_ELEMS**2 else None

    return guarded


def _range(given: Mapping[str, Any], start: Any, end: Any, step: Any) -> Any:
    import numpy as np

    bounds = start.item(), end.item(), step.item()
    is_small = bounds[2] != 0 and (bounds[1] - bounds[0]) / bounds[2] <= _MOST_ELEMS
    return np.arange(*bounds).astype(start.dtype) if is_small else None


def _where(given: Mapping[str, Any], condition: Any, x: Any, y: Any) -> Any:
    import numpy as np

    n_elems = condition.size * x.size * y.size
    return np.where(condition, x, y) if n_elems <= _MOST_ELEMS**2 else None


def _reduce_prod(given: Mapping[str, Any], data: Any, axes: Any = None) -> Any:
    keeps = bool(given["keepdims"].i) if "keepdims" in given else True
    return data.prod(axis=_axes(given, axes), keepdims=keeps).astype(data.dtype)


_RULES: dict[str, Callable[..., Any]] = {
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Shape": _shape,
    "Size": _size,
    "Gather": _gather,
    "Cast": _cast,
    "Concat": _concat,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Slice": _slice,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "ReduceProd": _reduce_prod,
    "Identity": lambda given, x: x,
    "Neg": lambda given, x: -x,
    "Floor": lambda given, x: (x // 1).astype(x.dtype),
    "Ceil": lambda given, x: (-(-x // 1)).astype(x.dtype),
    "Range": _range,
    "Not": lambda given, x: ~x.astype(bool),
    "And": _broadcast(lambda x, y: x.astype(bool) & y.astype(bool)),
    "Or": _broadcast(lambda x, y: x.astype(bool) | y.astype(bool)),
    "Equal": _broadcast(lambda x, y: x == y),
    "Less": _broadcast(lambda x, y: x < y),
    "LessOrEqual": _broadcast(lambda x, y: x <= y),
    "Greater": _broadcast(lambda x, y: x > y),
    "GreaterOrEqual": _broadcast(lambda x, y: x >= y),
    "Add": _broadcast(lambda x, y: x + y),
    "Sub": _broadcast(lambda x, y: x - y),
    "Mul": _broadcast(lambda x, y: x * y),
    "Div": _divide,
    "Where": _where,
}
