from __future__ import annotations

import pytest
from onnx import defs

from zigzag_lab.inputs.onnx import free_operators as ops
from zigzag_lab.inputs.onnx.free_operators import free_operations
from zigzag_lab.inputs.onnx.operators import windows
from zigzag_lab.inputs.onnx.registry import PRODUCTS, product

GROUPS = {
    "costly": set(PRODUCTS),
    "moves": set(ops.MOVES),
    "binary": set(ops.BINARY),
    "variadic": set(ops.VARIADIC),
    "pools": {*ops.POOLS, *ops.GLOBAL_POOLS},
    "reductions": set(ops.REDUCTIONS),
    "unary": set(ops.UNARY),
}


def test_no_operator_stands_in_two_groups() -> None:
    listed = [name for group in GROUPS.values() for name in group]
    assert len(listed) == len(set(listed))


def test_operators_are_those_of_onnx() -> None:
    known = {schema.name for schema in defs.get_all_schemas_with_history()}
    newer_than_installed = {"BitCast", "TensorScatter"}
    assert {name for group in GROUPS.values() for name in group} - newer_than_installed <= known


@pytest.mark.parametrize(
    ("kind", "inputs", "output", "kernel", "count"),
    [
        ("Relu", [(2, 3)], (2, 3), [], 6),
        ("Reshape", [(2, 3)], (6,), [], 0),
        ("MaxPool", [(1, 2, 4, 4)], (1, 2, 2, 2), [2, 3], 48),
        ("GlobalAveragePool", [(1, 2, 4, 4)], (1, 2, 1, 1), [], 32),
        ("Sum", [(2, 3)] * 4, (2, 3), [], 18),
        ("ReduceMax", [(2, 3)], (2,), [], 6),
        ("STFT", [(1, 16000), (), (400,)], (1, 98, 201, 2), [], 98 * 201 * 2 * 400),
        ("DFT", [(2, 400, 1)], (2, 201, 2), [], 2 * 201 * 2 * 400),
        ("DFT", [(2, 400, 2)], (2, 400, 2), [], 2 * 400 * 2 * 400 * 2),
        ("MatMul", [(2, 0), (0, 3)], (2, 0), [], 0),
        ("Loop", [(1,)], (2, 3), [], None),
        ("Relu", [None], None, [], None),
        ("Novelty", [(9,)], (3,), [], None),
        ("far::Relu", [(9,)], (9,), [], None),
    ],
)
def test_operations_of_free_nodes(kind: str, inputs: list[tuple[int, ...]], output: tuple[int, ...] | None,
                                  kernel: list[int], count: int | None) -> None:  # fmt: skip
    assert free_operations(kind, inputs, output, kernel, multiplies=kind in PRODUCTS) == count


def test_an_operator_is_declared_once() -> None:
    with pytest.raises(ValueError, match="declared twice: Conv"):
        product("Conv")(windows.convolution)
