"""The registry of ONNX operators: each is declared once, where it is implemented.

An operator becomes a layer (:func:`product`), is replaced by operators of ONNX that multiply as much
(:func:`replaced_by`), or is left out for a reason (:func:`left_out`); all others are free. Importing
:mod:`zigzag_lab.inputs.onnx.operators` fills the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from zigzag_lab.inputs.onnx.node import OnnxNode
from zigzag_lab.inputs.onnx.replacement import Rule
from zigzag_lab.workload import Layer

_T = TypeVar("_T")

Reader = Callable[[OnnxNode], Layer]
"""Makes the layer of a node; an InputError where its shapes and attributes do not belong together."""


@dataclass(frozen=True)
class Product:
    """An operator that multiplies and accumulates.

    Attributes:
        read: makes its layer.
        weight_input: which of its inputs is W; I is input 0. Scales, zero points and biases are no operands.
        sums_integers: whether its results are 32-bit sums.
        is_recurrent: whether it goes through the steps of a sequence, so that its first output may be left out.
    """

    read: Reader
    weight_input: int = 1
    sums_integers: bool = False
    is_recurrent: bool = False


PRODUCTS: dict[str, Product] = {}
"""Operator that becomes a layer -> how."""

RULES: dict[str, Rule] = {}
"""Operator that is replaced -> what stands in its place."""

PRODUCT_RULES: dict[str, Rule] = {}
"""Those of the rules whose operators multiply."""

TRANSFORM_RULES: dict[str, Rule] = {}
"""Operator -> the products that stand in its place where everything is priced."""

LEFT_OUT: dict[str, str] = {}
"""Operator beside ONNX's own that multiplies and is not priced, without its domain -> why."""

LEFT_OUT_RULES: dict[str, Rule] = {}
"""Operator that is left out -> what gives the shape of its result."""


def product(
    *operators: str, weight_input: int = 1, sums_integers: bool = False, is_recurrent: bool = False
) -> Callable[[Reader], Reader]:
    """Register the decorated function as what makes layers of these operators; see :class:`Product`."""

    def register(read: Reader) -> Reader:
        made = Product(read, weight_input, sums_integers, is_recurrent)
        _add(PRODUCTS, dict.fromkeys(operators, made))
        return read

    return register


def replaced_by(
    rules: Mapping[str, Rule], *, domain: str = "", multiplies: bool = False, if_all_priced: bool = False
) -> None:
    """Register what stands in the place of operators.

    Args:
        rules: operator -> what stands in its place.
        domain: domain of the operators; empty for ONNX's own.
        multiplies: whether the operators multiply and accumulate.
        if_all_priced: whether they are replaced only where everything is priced.
    """
    named = {f"{domain}::{operator}" if domain else operator: rule for operator, rule in rules.items()}
    _add(TRANSFORM_RULES if if_all_priced else RULES, named)
    if multiplies:
        _add(PRODUCT_RULES, named)


def left_out(operators: Mapping[str, str]) -> None:
    """Register operators beside ONNX's own that multiply and are not priced: why -> which."""
    for why, names in operators.items():
        _add(LEFT_OUT, dict.fromkeys(names.split(), why))


def shaped_by(rule: Rule, operators: str) -> None:
    """Register what gives the shape of the results of operators of ONNX Runtime that are left out."""
    _add(LEFT_OUT_RULES, {f"com.microsoft::{operator}": rule for operator in operators.split()})


def _add(registry: dict[str, _T], more: Mapping[str, _T]) -> None:
    if twice := registry.keys() & more.keys():
        raise ValueError(f"declared twice: {', '.join(sorted(twice))}")
    registry.update(more)
