"""Values of small tensors that do not depend on the data: targets of reshapes, and what branches are chosen by.

ONNX's own reference evaluator computes them, operator by operator, wherever all inputs are known and small and the
result is known to be small, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from zigzag_lab.inputs.onnx.free_operators import BINARY, MOVES, REDUCTIONS, UNARY, VARIADIC

MOST_ELEMS = 256
_MOST_BYTES = 4096
_BOUNDED_BY_INPUT = frozenset(("NonZero", "Unique", "Compress"))
"""Operators whose results have no shape before they are computed, but are no larger than what they read."""

_COMPUTED = (
    (MOVES | BINARY | VARIADIC | REDUCTIONS | UNARY | _BOUNDED_BY_INPUT | {"MatMul", "TopK"})
    - {"Dropout", "Col2Im", "LRN", "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike"}
)  # fmt: skip
_NUMBERS = "biuf"


def array_of(tensor: Any) -> Any:
    """The value of an initializer as an array; none where it is large, no number, or kept in another file."""
    from onnx import TensorProto, numpy_helper

    kinds = (TensorProto.UNDEFINED, TensorProto.STRING)
    if tensor.data_type in kinds or tensor.external_data or prod(max(0, d) for d in tensor.dims) > MOST_ELEMS:
        return None
    try:
        value = numpy_helper.to_array(tensor) if tensor.ByteSize() <= _MOST_BYTES else None
    except Exception:  # a damaged tensor: what its readers raise depends on the version
        return None
    return value if value is not None and value.dtype.kind in _NUMBERS else None


def shape_part(node: Any, shape: Sequence[int | str]) -> Any:
    """What a ``Shape`` gives for a tensor of this shape; none where a size that it takes is not known."""
    import numpy as np

    given = {a.name: a.i for a in node.attribute}
    part = shape[given.get("start", 0) : given.get("end")]
    return np.array(part, dtype=np.int64) if all(isinstance(size, int) for size in part) else None


def computed(node: Any, inputs: Sequence[Any], results: Sequence[Sequence[int] | None], opsets: Sequence[Any]) -> Any:
    """The results of a node as arrays, in their order; none where they are large, unknown, or make no sense.

    Args:
        node: the node.
        inputs: values of what it reads, none for those left out.
        results: shapes of its results, as far as they are known.
        opsets: versions of the operator sets.
    """
    import numpy as np

    known = [prod(shape) for shape in results if shape is not None]
    if node.op_type not in _COMPUTED or not (node.op_type in _BOUNDED_BY_INPUT or len(known) == len(results)):
        return None
    if max(known, default=0) > MOST_ELEMS:
        return None
    try:
        with np.errstate(all="ignore"):
            values = [np.asarray(value) for value in _evaluated(node, inputs, opsets)]
    except Exception:  # whatever the evaluator raises for operands that make no sense
        return None
    return values if all(v.dtype.kind in _NUMBERS and v.size <= MOST_ELEMS for v in values) else None


def _evaluated(node: Any, inputs: Sequence[Any], opsets: Sequence[Any]) -> Any:
    import numpy as np
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    if node.op_type == "Div" and all(value.dtype.kind in "iu" for value in inputs):
        quotient = np.abs(inputs[0]) // np.abs(inputs[1])  # ONNX truncates; its evaluator did not always
        return [(np.sign(inputs[0]) * np.sign(inputs[1]) * quotient).astype(inputs[0].dtype)] if inputs[1].all() else []
    names = [name for name in node.input if name]
    made = [name for name in node.output if name]
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info(name, 0, None) for name in dict.fromkeys(names)],
        [helper.make_tensor_value_info(name, 0, None) for name in made],
    )
    model = helper.make_model(graph, opset_imports=opsets)
    given = {name: value for name, value in zip(node.input, inputs, strict=True) if name}
    return ReferenceEvaluator(model).run(None, given)
