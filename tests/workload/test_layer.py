"""Layers: relevancy of loops, sizes of data, what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle.convert import to_zigzag_layer
from tests.strategies.problems import layers
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import DimensionRelation, Layer

SMALL = st.integers(1, 12)
STRIDE = st.integers(1, 4)


def touched(relation: DimensionRelation, a: int, b: int) -> int:
    """Distinct data elements, counted one by one."""
    return len({relation.coef_a * x + relation.coef_b * y for x in range(a) for y in range(b)})


@given(SMALL, SMALL, STRIDE)
def test_extents_without_dilation_are_exact(a: int, b: int, stride: int) -> None:
    relation = DimensionRelation("IX", "OX", stride, "FX", 1)
    assert relation.extent(a, b) == touched(relation, a, b)


@given(SMALL, SMALL, STRIDE, STRIDE)
def test_extents_with_dilation_never_count_too_little(a: int, b: int, stride: int, dilation: int) -> None:
    relation = DimensionRelation("IX", "OX", stride, "FX", dilation)
    assert relation.extent(a, b) >= touched(relation, a, b)


def test_the_reference_counts_dilated_windows_too_large_and_so_do_we() -> None:
    relation = DimensionRelation("IX", "OX", 1, "FX", 2)
    assert (relation.extent(1, 3), touched(relation, 1, 3)) == (5, 3)


@given(layers())
def test_relevancy_and_sizes_equal_the_references(layer: Layer) -> None:
    node = to_zigzag_layer(layer, MappingConstraints())
    for op, theirs in zip(layer.operands, node.layer_operands, strict=True):
        assert str(theirs) == op
        info = node.loop_relevancy_info
        assert set(layer.relevancy.relevant[op]) == {str(d) for d in info.get_r_layer_dims(theirs)}
        assert set(layer.relevancy.irrelevant[op]) == {str(d) for d in info.get_ir_layer_dims(theirs)}
        assert layer.tensor_elems(op) == node.operand_size_elem[theirs]
    assert layer.n_macs == node.total_mac_count


def a_layer(**changes: Any) -> Layer:
    """A 1-D convolution."""
    fields: dict[str, Any] = {
        "id": 3,
        "name": "conv",
        "operator_type": "Conv",
        "operand_dims": {"O": ("K", "OX"), "W": ("K", "FX"), "I": ("IX",)},
        "loop_sizes": {"K": 4, "OX": 8, "FX": 3},
        "relations": (DimensionRelation("IX", "OX", 1, "FX", 1),),
        "precision_bits": {"O": 16, "O_final": 8, "W": 8, "I": 8},
    }
    return Layer(**{**fields, **changes})


def test_what_a_layer_says_of_itself() -> None:
    layer = a_layer(padding={"IX": (1, 1)})
    assert layer.equation == "O[k][ox]+=W[k][fx]*I[ix]"
    assert (layer.output_operand, layer.input_operands, layer.n_macs) == ("O", ("W", "I"), 96)
    assert layer.data_sizes == {"IX": 8}
    assert str(layer.relations[0]) == "ix=1*ox+1*fx"
    assert str(layer) == "conv"


def test_names_do_not_change_the_meaning_but_sizes_do() -> None:
    layer = a_layer()
    assert replace(layer, id=9, name="other", sources={"I": 1}).meaning() == layer.meaning()
    assert a_layer(loop_sizes={"K": 4, "OX": 8, "FX": 2}).meaning() != layer.meaning()
    reordered = a_layer(loop_sizes={"OX": 8, "K": 4, "FX": 3})
    assert reordered.meaning() != layer.meaning()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"operand_dims": {"O": ("K", "Z"), "W": ("K",), "I": ("IX",)}}, "unknown dimension Z"),
        ({"loop_sizes": {"K": 4, "OX": 8, "FX": 0}}, "size 0"),
        ({"loop_sizes": {"K": 2**40 + 1, "OX": 8, "FX": 3}}, "loop K has size 1099511627777"),
        ({"loop_sizes": {"K": 4, "OX": 8}}, "FX"),
        ({"precision_bits": {"O": 16, "W": 8, "I": 8}}, "O_final has no precision"),
        ({"relations": (DimensionRelation("IX", "OX", 1, "Q", 1),)}, "Q"),
        ({"relations": (DimensionRelation("IX", "OX", 1, "OX", 1),)}, "two dimension relations"),
    ],
)
def test_nonsense_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        a_layer(**changes)


def test_batch_and_precision_are_said() -> None:
    bits = {"O": 16, "O_final": 8, "W": 4, "I": 8}
    made = Layer(
        0, "a", "Gemm", {"O": ("B", "K"), "W": ("C", "K"), "I": ("B", "C")}, {"B": 3, "K": 2, "C": 2}, (), bits
    )
    assert (made.batch_size, made.precision_text) == (3, "I 8, W 4, O 16 (8 when finished)")
    same = replace(made, loop_sizes={"K": 2, "C": 2}, operand_dims={"O": ("K",), "W": ("C", "K"), "I": ("C",)})
    same = replace(same, precision_bits={**bits, "O": 8})
    assert (same.batch_size, same.precision_text) == (1, "I 8, W 4, O 8")
