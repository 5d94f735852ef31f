from __future__ import annotations

from typing import Any

import pytest

from zigzag_lab.inputs.checked import Entry, open_source
from zigzag_lab.inputs.workload_file import read_equation, read_relation
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import DimensionRelation


def entry(value: Any) -> Entry:
    return open_source({"equation": value}, "nets.yaml").items()["equation"]


@pytest.mark.parametrize(
    "text",
    [
        "O[b][k]+=W[k][c]*I[b][c]",
        "O[b][k] += W[k][c] * I[b][c]",
        " O [b] [k] + = W[ k ][c]*I[b][C] ",
        "O[b][k]=W[k][c]*I[b][c]",
    ],
)
def test_spaces_and_capitals_do_not_matter(text: str) -> None:
    assert read_equation(entry(text)) == ({"O": ("B", "K"), "W": ("K", "C"), "I": ("B", "C")}, "*")


def test_addition_and_an_operand_without_index() -> None:
    assert read_equation(entry("O[g]=I[g]+W[]")) == ({"O": ("G",), "I": ("G",), "W": ()}, "+")


def test_any_names_and_any_number_of_inputs() -> None:
    assert read_equation(entry("Sum[b] += Left[b][c_in] * Right[c_in] * gate[]")) == (
        {"Sum": ("B",), "Left": ("B", "C_IN"), "Right": ("C_IN",), "gate": ()},
        "*",
    )
    assert read_equation(entry("O[b]+=W[b]")) == ({"O": ("B",), "W": ("B",)}, "*")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("O[b]+=W[b]*I[b]+X[b]", "'O[b]+=W[b]*I[b]+X[b]' is no equation"),
        ("O[b]+=", "is no equation"),
        ("O[b]==W[b]", "is no equation"),
        ("O[b]*W[b]", "is no equation"),
        ("O+=W*I", "is no equation"),
        ("O[b]+=O[b]*I[b]", "operand O stands twice"),
        ("O[b]+=I[b]*I[b]", "input I stands twice"),
        ("O[b][b]+=I[b]*W[b]", "O is indexed twice"),
        ("O[]+=I[b]*W[b]", "the output has no index"),
        (3, "found the number 3; expected an equation"),
    ],
)
def test_bad_equations(text: Any, found: str) -> None:
    with pytest.raises(InputError) as caught:
        read_equation(entry(text))
    assert str(caught.value).startswith("nets.yaml: equation: ")
    assert found in str(caught.value)


@pytest.mark.parametrize(
    ("text", "coefficients"),
    [("ix=2*ox+3*fx", (2, 3)), ("ix = ox + 2 * fx", (1, 2)), ("IX=4*OX+FX", (4, 1)), ("ix=ox+fx", (1, 1))],
)
def test_coefficients_may_be_left_out(text: str, coefficients: tuple[int, int]) -> None:
    a, b = coefficients
    assert read_relation(entry(text)) == DimensionRelation("IX", "OX", a, "FX", b)


@pytest.mark.parametrize("text", ["ix=2*ox", "ix=ox*fx", "ix=a*ox+fx", "ix=0*ox+fx", "ix=1*ox+99999999999*fx", None])
def test_bad_relations(text: Any) -> None:
    with pytest.raises(InputError, match=r"nets\.yaml: equation: .*expected"):
        read_relation(entry(text))
