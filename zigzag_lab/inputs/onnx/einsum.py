"""Equations of ``Einsum``: shapes and sizes that follow from one, and more than two operands two by two."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_letters

from zigzag_lab.inputs.onnx.node import Shape

_DOTS = "0123456789"
"""Indices that stand for the dimensions of an ellipsis."""

_TERM = re.compile(r"[A-Za-z]*(?:\.\.\.)?[A-Za-z]*")


def einsum_terms(equation: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """The indices of the operands and of the result, which follows from them where it is left out.

    Raises:
        ValueError: the equation does not go with operands of these ranks.
    """
    left, arrow, result = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks) or not all(_TERM.fullmatch(term) for term in (*terms, result)):
        raise ValueError(f"the equation '{equation}' is none of {len(ranks)} operands, as bij,bjk->bik is of two")
    if not arrow:
        letters = left.replace(",", "").replace(".", "")
        once = sorted(x for x in set(letters) if letters.count(x) == 1)
        result = ("..." if "..." in left else "") + "".join(once)
    spans = [rank - len(term) + 3 if "..." in term else 0 for term, rank in zip(terms, ranks, strict=True)]
    if min(spans) < 0 or max(spans) > len(_DOTS):
        raise ValueError(f"the equation '{equation}' has more or fewer indices than its operands have dimensions")
    spread = _DOTS[: max(spans)]
    terms = [term.replace("...", spread[len(spread) - n :]) for term, n in zip(terms, spans, strict=True)]
    wrong = next(((t, rank) for t, rank in zip(terms, ranks, strict=True) if len(t) != rank), None)
    if wrong is not None:
        raise ValueError(f"an operand of {wrong[1]} dimensions has {len(wrong[0])} indices in '{equation}'")
    result = result.replace("...", spread)
    if unknown := [index for index in result if not any(index in term for term in terms)]:
        raise ValueError(f"the result of '{equation}' has unknown index {unknown[0]}")
    return terms, result


def einsum_sizes(equation: str, terms: Sequence[str], shapes: Sequence[Shape]) -> dict[str, int]:
    """Index -> its size; of an index that stands twice in a term, only the diagonal is read.

    Raises:
        ValueError: operands differ in the size of an index.
    """
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for index, size in zip(term, shape, strict=True):
            if sizes.get(index, 1) not in (1, size) and size != 1:
                raise ValueError(f"index {index} of '{equation}' has sizes {sizes[index]} and {size}")
            sizes[index] = size if sizes.get(index, 1) == 1 else sizes[index]
    return sizes


def einsum_shape(equation: str, shapes: Sequence[Shape]) -> Shape:
    """The shape of the result.

    Raises:
        ValueError: the equation does not go with these shapes.
    """
    terms, result = einsum_terms(equation, [len(shape) for shape in shapes])
    sizes = einsum_sizes(equation, terms, shapes)
    return tuple(sizes[index] for index in result)


def two_by_two(equation: str, ranks: Sequence[int]) -> list[str]:
    """The equations that put together the first two operands, their result and the third, and so on.

    That is the order in which ONNX Runtime and PyTorch compute it. Indices are dropped as soon as no later operand has
    them.

    Raises:
        ValueError: the equation does not go with operands of these ranks.
    """
    terms, result = einsum_terms(equation, ranks)
    unused = iter(sorted(set(ascii_letters) - set(equation)))
    letters = {dot: next(unused) for dot in _DOTS if any(dot in term for term in terms)}
    terms, result = [_renamed(term, letters) for term in terms], _renamed(result, letters)
    equations, so_far = [], terms[0]
    for place, term in enumerate(terms[1:], 1):
        wanted = result + "".join(terms[place + 1 :])
        kept = "".join(dict.fromkeys(index for index in so_far + term if index in wanted))
        kept = result if place == len(terms) - 1 else kept
        equations.append(f"{so_far},{term}->{kept}")
        so_far = kept
    return equations


def _renamed(term: str, letters: dict[str, str]) -> str:
    return "".join(letters.get(index, index) for index in term)
