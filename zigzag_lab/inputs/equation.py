"""The equation of a layer, and the relations of sliding windows, as users write them."""

from __future__ import annotations

import re

from zigzag_lab.inputs.checked import Entry
from zigzag_lab.workload import DimensionRelation

_OPERAND = r"\s*(\w+?)((?:\s*\[\s*\w*\s*\])+)\s*"
_TERM = re.compile(_OPERAND)
_SIDES = re.compile(r"([^=+]*)\+?\s*=(?!\s*=)([^=]*)")
_RELATION = re.compile(r"\s*(\w+)\s*=\s*(?:(\d+)\s*\*\s*)?([A-Za-z]\w*)\s*\+\s*(?:(\d+)\s*\*\s*)?([A-Za-z]\w*)\s*")
_EXAMPLE = "such as O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]"


def read_equation(entry: Entry) -> tuple[dict[str, tuple[str, ...]], str]:
    """Read an equation such as ``O[b][k]+=I[b][c]*W[c][k]``: one result, one input or more, of any names.

    Returns:
        Operand -> its dimensions in capitals, the output first and the inputs in the order of the equation; and how
        the inputs are combined, ``*`` or ``+``.
    """
    text = entry.text(f"an equation {_EXAMPLE}")
    sides = _SIDES.fullmatch(text)
    left, right = sides.groups() if sides else ("", "")
    combine = "+" if "+" in right else "*"
    terms = [_TERM.fullmatch(term) for term in (left, *right.split(combine))]
    dims: dict[str, tuple[str, ...]] = {}
    for term in terms:
        if term is None:
            raise entry.error(f"'{text}' is no equation", _EXAMPLE, "Write each index in brackets.")
        operand, brackets = term.groups()
        if operand in dims:
            kind = "input" if operand != terms[0].group(1) else "operand"  # type: ignore[union-attr]
            raise entry.error(f"{kind} {operand} stands twice", "each operand once", "Give each a name of its own.")
        dims[operand] = _dims(brackets)
        if len(set(dims[operand])) < len(dims[operand]):
            raise entry.error(f"{operand} is indexed twice with one dimension", "each dimension once an operand")
    if not next(iter(dims.values())):
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
