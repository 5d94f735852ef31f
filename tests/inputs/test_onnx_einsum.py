"""More than two operands are put together two by two, from the left."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest

from tests.inputs import onnx_samples as made
from tests.inputs.onnx_samples import node
from zigzag_lab.inputs import read_onnx
from zigzag_lab.inputs.onnx.einsum import einsum_shape, two_by_two
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import operations_left_out

CASES = {
    "ab,bc,cd->ad": [(2, 3), (3, 4), (4, 5)],
    "ab, bc, cd -> ad": [(2, 3), (3, 4), (4, 5)],
    "i,j,k->ijk": [(2,), (3,), (4,)],
    "ab,bc,cd,de": [(2, 3), (3, 4), (4, 5), (5, 6)],
    "...ab,bc,...cd->...ad": [(7, 2, 3), (3, 4), (1, 4, 5)],
    "bi,bj,ij->b": [(6, 2), (6, 3), (2, 3)],
    "ab,ab,ab->": [(2, 3)] * 3,
    "ii,ij,jk->k": [(3, 3), (3, 4), (4, 5)],
}


@pytest.mark.parametrize("equation", CASES)
def test_steps_give_the_same_as_all_at_once(equation: str) -> None:
    random = np.random.default_rng(0)
    operands = [random.random(shape) for shape in CASES[equation]]
    steps = two_by_two(equation, [one.ndim for one in operands])
    so_far, n_macs = operands[0], 0
    for step, operand in zip(steps, operands[1:], strict=True):
        terms, _, _ = step.partition("->")
        sizes = {x: 1 for x in terms if x != ","}
        for term, one in zip(terms.split(","), (so_far, operand), strict=True):
            sizes |= {x: max(sizes[x], n) for x, n in zip(term, one.shape, strict=True)}
        n_macs += prod(sizes.values())
        so_far = np.einsum(step, so_far, operand)
    np.testing.assert_allclose(so_far, np.einsum(equation, *operands))
    names = [f"x{i}" for i in range(len(operands))]
    shapes = dict(zip(names, CASES[equation], strict=True))
    network = read_onnx(made.model([node("Einsum", " ".join(names), "y", equation=equation)], shapes))
    assert sum(layer.n_macs for layer in network.layers) == n_macs
    assert einsum_shape(equation, CASES[equation]) == so_far.shape


def test_the_result_goes_on_and_one_operand_is_free() -> None:
    nodes = [
        node("Einsum", "a b c", "y", "chain", equation="ij,jk,kl->il"), node("Einsum", "y", "t", equation="il->li"),
        node("MatMul", "t w", "z", "last"),
    ]  # fmt: skip
    network = read_onnx(made.model(nodes, {"a": [2, 3], "b": [3, 4], "c": [4, 5]}, {"w": [2, 7]}))
    assert [layer.n_macs for layer in network.layers] == [2 * 3 * 4, 2 * 4 * 5, 5 * 2 * 7]
    assert operations_left_out(network).n_operations_left_out == 2 * 5


def test_open_shapes_are_asked_for_and_nonsense_is_refused() -> None:
    asked = [node("Einsum", "a b c", "y", equation="...j,jk,kl->...l")]
    model = made.model(asked, {"a": ["n", 3], "b": [3, 4], "c": [4, 5]})
    with pytest.raises(InputError, match=r"--input-shape a=1,3\.$"):
        read_onnx(model)
    assert read_onnx(model, input_shapes={"a": (2, 3)}).layers
    for equation in (b"ij,jk,kl->iz", b"ij,jk->ik", b"ij,jk,k->i", b"\xff,a,b"):
        model.graph.node[0].attribute[0].s = equation
        with pytest.raises(InputError):
            read_onnx(model, input_shapes={"a": (2, 3)})
