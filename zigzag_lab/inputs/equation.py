"""The equation of a layer, and the relations of sliding windows, as users write them."""

from __future__ import annotations

import re

from zigzag_lab.inputs.checked import Entry
from zigzag_lab.vocab import OUTPUT
from zigzag_lab.workload import DimensionRelation

INPUTS = ("I", "W")
_OPERAND = r"(\w)((?:\s*\[\s*\w*\s*\])+)"
_EQUATION = re.compile(rf"\s*{_OPERAND}\s*\+?\s*=\s*{_OPERAND}\s*([*+])\s*{_OPERAND}\s*")
_RELATION = re.compile(r"\s*(\w+)\s*=\s*(?:(\d+)\s*\*\s*)?([A-Za-z]\w*)\s*\+\s*(?:(\d+)\s*\*\s*)?([A-Za-z]\w*)\s*")
_EXAMPLE = "such as O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]"


def read_equation(entry: Entry) -> tuple[dict[str, tuple[str, ...]], str]:
    """Read an equation such as ``O[b][k]+=I[b][c]*W[c][k]``.

    Returns:
        Operand -> its dimensions in capitals, the output first and the inputs in the order of the equation; and how
        the inputs are combined, ``*`` or ``+``.
    """
    match = _EQUATION.fullmatch(entry.text(f"an equation {_EXAMPLE}"))
    if not match:
        raise entry.error(f"'{entry.value}' is no equation of two inputs", _EXAMPLE, "Write each index in brackets.")
    output, output_dims, first, first_dims, combine, second, second_dims = match.groups()
    if output != OUTPUT:
        raise entry.error(f"the output is called {output}", "O", f"Write O instead of {output}.")
    for operand in (first, second):
        if operand not in INPUTS:
            raise entry.error(
                f"an input is called {operand}", "the inputs I and W", f"Write I or W instead of {operand}."
            )
    if first == second:
        raise entry.error(f"input {first} stands twice", "the inputs I and W, once each")
    dims = {output: _dims(output_dims), first: _dims(first_dims), second: _dims(second_dims)}
    for operand, names in dims.items():
        if len(set(names)) < len(names):
            raise entry.error(f"{operand} is indexed twice with one dimension", "each dimension once an operand")
    if not dims[output]:
        raise entry.error("the output has no index", _EXAMPLE)
    return dims, combine


def _dims(brackets: str) -> tuple[str, ...]:
    return tuple(name.upper() for name in re.findall(r"\w+", brackets))


def read_relation(entry: Entry) -> DimensionRelation:
    """Read a sliding window such as ``ix=2*ox+1*fx``; a coefficient that is left out is 1."""
    expected = "a relation such as ix=2*ox+1*fx"
    match = _RELATION.fullmatch(entry.text(expected))
    if not match:
        raise entry.error(f"'{entry.value}' relates no data dimension to two loops", expected)
    data_dim, coef_a, dim_a, coef_b, dim_b = match.groups(default="1")
    coefficients = [int(c) if len(c) < 10 else 0 for c in (coef_a, coef_b)]
    if min(coefficients) < 1:
        raise entry.error(f"'{entry.value}' has an unusable coefficient", "coefficients from 1 to 999999999")
    return DimensionRelation(data_dim.upper(), dim_a.upper(), coefficients[0], dim_b.upper(), coefficients[1])
