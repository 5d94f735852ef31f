"""Expressions of sweep files: arithmetic over parameters, read by our own small evaluator; nothing else is possible."""

from __future__ import annotations

import ast
import math
import operator
import sys
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from zigzag_lab.inputs.checked import Entry
from zigzag_lab.sweeps.format import SCALE, TABLE, TABLE_X, TABLE_Y
from zigzag_lab.sweeps.units import check_alike, number_at
from zigzag_lab.vocab import InputError, nearest
from zigzag_lab.vocab.units import BITS, whole

Lookup = Callable[[str], object]
Evaluator = Callable[[Lookup], object]

MAX_CHARS = 1000
MAX_DEPTH = 100
"""Levels of an expression, each of which is a call or more when it is worked out."""

_MAX_POWER = 64

_CONSTANTS: dict[str, float] = {unit: n for unit, n in BITS.factors.items() if unit.endswith("iB")} | {"pi": math.pi}


def _of_numbers(combine: Callable[[float, float], object]) -> Callable[[object, object], object]:
    def checked(left: object, right: object) -> object:
        if not isinstance(left, (int, float)) or not isinstance(right, (int, float)):
            raise TypeError("arithmetic is for numbers; text(a, b) joins text")
        return _finite(combine(left, right))

    return checked


def _finite(value: object) -> object:
    """A number that floating point can hold; anything else as it is."""
    if isinstance(value, (int, float)) and not abs(value) <= sys.float_info.max:
        raise OverflowError(f"a number beyond {sys.float_info.max:.1e}")
    return value


def _small(value: object) -> object:
    """A value of finite numbers that is no larger than a file would have it, so that those made of it are not."""
    todo, n = [value], 0
    while todo:
        item = _finite(todo.pop())
        n += len(item) if isinstance(item, (str, list, tuple)) else 1
        if n > MAX_CHARS:
            raise ValueError(f"it comes to more than {MAX_CHARS} characters or items")
        todo += item if isinstance(item, (list, tuple)) else ()
    return value


def _power(base: float, exponent: float) -> object:
    if abs(exponent) > _MAX_POWER:
        raise ValueError(f"the power {exponent} is above {_MAX_POWER}")
    value = float(base) ** exponent
    if isinstance(value, complex):
        raise ValueError("a negative number has no such power")
    return whole(value)


def _text(*parts: object) -> str:
    return "".join(str(whole(_small(part))) for part in parts)


_BINARY: dict[type, Callable[[object, object], object]] = {
    ast.Add: _of_numbers(operator.add),
    ast.Sub: _of_numbers(operator.sub),
    ast.Mult: _of_numbers(operator.mul),
    ast.Div: _of_numbers(operator.truediv),
    ast.FloorDiv: _of_numbers(operator.floordiv),
    ast.Mod: _of_numbers(operator.mod),
    ast.Pow: _of_numbers(_power),
}
_COMPARE: dict[type, Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, items: item in items,
    ast.NotIn: lambda item, items: item not in items,
}
_UNARY: dict[type, Callable[[Any], object]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
_FUNCTIONS: dict[str, Callable[..., object]] = {
    "abs": abs,
    "ceil": math.ceil,
    "floor": math.floor,
    "log2": math.log2,
    "max": max,
    "min": min,
    "round": round,
    "sqrt": math.sqrt,
    "text": _text,
}


@dataclass(frozen=True)
class LookupTable:
    """A function given by points of rising x, straight lines between them, in the logarithm of x where ``log``."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    log: bool = False

    def __call__(self, x: float) -> float:
        """The value at x.

        Raises:
            ValueError: x lies outside the table.
        """
        if not self.x[0] <= x <= self.x[-1]:
            raise ValueError(f"{x:g} lies outside the table, which reaches from {self.x[0]:g} to {self.x[-1]:g}")
        i = min(bisect_right(self.x, x), len(self.x) - 1)
        x0, x1 = self.x[i - 1], self.x[i]
        if self.log:
            x, x0, x1 = math.log(x), math.log(x0), math.log(x1)
        return self.y[i - 1] + (self.y[i] - self.y[i - 1]) * (x - x0) / (x1 - x0)


@dataclass(frozen=True)
class Expression:
    """An expression that was read from ``where``, and the names of the variables and paths in it."""

    where: str
    text: str
    names: frozenset[str]
    _evaluate: Evaluator

    def value(self, lookup: Lookup) -> object:
        """Evaluate it; ``lookup`` returns the value of a variable or path.

        Raises:
            InputError: it has no value here, as where it divides by 0.
        """
        try:
            return whole(_small(self._evaluate(lookup)))
        except (ArithmeticError, ValueError, TypeError, RecursionError) as error:
            values = ", ".join(f"{name} = {lookup(name)!r}" for name in sorted(self.names))
            found = f"'{self.text}' cannot be worked out for {values}: {error}"
            raise InputError(self.where, found, "an expression that holds for every point") from None


def read_expression(where: str, text: object, tables: Mapping[str, LookupTable] | None = None) -> Expression:
    """Read an expression: numbers, text, + - * / // % **, comparisons, and, or, not, ``a if b else c``, functions.

    Raises:
        InputError: it is something else.
    """
    written = str(text).strip()
    if not written or len(written) > MAX_CHARS:
        found = "it is empty" if not written else f"it has {len(written)} characters"
        raise InputError(where, found, f"an expression of at most {MAX_CHARS} characters")
    try:
        tree = ast.parse(written, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InputError(where, f"'{written}' is no expression", "such as 0.5 * sqrt(size / KiB)") from None
    reader = _SyntaxReader(where, {**_FUNCTIONS, **(tables or {})})
    try:
        evaluate = reader.read(tree)
    except RecursionError:
        raise InputError(where, f"'{written[:40]}...' is nested too deeply", f"at most {MAX_DEPTH} levels") from None
    return Expression(where, written, frozenset(reader.names), evaluate)


class _SyntaxReader:
    def __init__(self, where: str, functions: Mapping[str, Callable[..., object]]) -> None:
        self.where, self.functions = where, functions
        self.names: set[str] = set()
        self.depth = 0

    def read(self, node: ast.expr) -> Evaluator:
        """A function that works a node out."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise RecursionError
        try:
            return self._read(node)
        finally:
            self.depth -= 1

    def _read(self, node: ast.expr) -> Evaluator:
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
            return self._name(node)
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            combine, left, right = _BINARY[type(node.op)], self.read(node.left), self.read(node.right)
            return lambda lookup: combine(left(lookup), right(lookup))
        if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
            change, operand = _UNARY[type(node.op)], self.read(node.operand)
            return lambda lookup: change(operand(lookup))
        if isinstance(node, ast.BoolOp):
            parts, all_of = [self.read(v) for v in node.values], all if isinstance(node.op, ast.And) else any
            return lambda lookup: all_of(part(lookup) for part in parts)
        if isinstance(node, ast.Compare):
            return self._comparison(node)
        if isinstance(node, ast.IfExp):
            test, yes, no = self.read(node.test), self.read(node.body), self.read(node.orelse)
            return lambda lookup: yes(lookup) if test(lookup) else no(lookup)
        if isinstance(node, (ast.List, ast.Tuple)):
            items = [self.read(item) for item in node.elts]
            return lambda lookup: [item(lookup) for item in items]
        if isinstance(node, ast.Call):
            return self._call(node)
        raise self._refused(node)

    def _constant(self, node: ast.Constant) -> Evaluator:
        value = node.value
        if not isinstance(value, (bool, int, float, str)):
            raise self._refused(node)
        return lambda _: value

    def _name(self, node: ast.expr) -> Evaluator:
        if isinstance(node, ast.Name) and node.id in _CONSTANTS:
            value = _CONSTANTS[node.id]
            return lambda _: value
        name = self._path(node)
        self.names.add(name)
        return lambda lookup: lookup(name)

    def _path(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Attribute):
            return f"{self._path(node.value)}.{node.attr}"
        index = node.slice if isinstance(node, ast.Subscript) else None
        if isinstance(node, ast.Subscript) and isinstance(index, ast.Constant) and isinstance(index.value, int):
            return f"{self._path(node.value)}[{index.value}]"
        raise self._refused(node)

    def _comparison(self, node: ast.Compare) -> Evaluator:
        if any(type(op) not in _COMPARE for op in node.ops):
            raise self._refused(node)
        compare = [_COMPARE[type(op)] for op in node.ops]
        parts = [self.read(part) for part in (node.left, *node.comparators)]

        def holds(lookup: Lookup) -> bool:
            values = [part(lookup) for part in parts]
            return all(is_so(values[i], values[i + 1]) for i, is_so in enumerate(compare))

        return holds

    def _call(self, node: ast.Call) -> Evaluator:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in self.functions or node.keywords:
            expected = f"one of {', '.join(sorted(self.functions))}"
            found = f"the function '{ast.unparse(node.func)}'"
            raise InputError(self.where, found, expected, nearest(name, self.functions))
        function, arguments = self.functions[name], [self.read(argument) for argument in node.args]
        return lambda lookup: function(*[argument(lookup) for argument in arguments])

    def _refused(self, node: ast.AST) -> InputError:
        found = f"'{ast.unparse(node)}' ({type(node).__name__}) is not allowed in an expression"
        return InputError(self.where, found, "numbers, paths, arithmetic, comparisons and functions of numbers")


def read_table(entry: Entry) -> LookupTable:
    """A table of a sweep file: ``{x: [...], y: [...], scale: linear|log}``.

    Raises:
        InputError: it is no such thing.
    """
    given = TABLE.fields(entry)
    x, y = (_numbers(given[axis.name]) for axis in (TABLE_X, TABLE_Y))
    is_log = given.value(SCALE) == "log"
    if len(x) != len(y) or len(x) < 2:
        raise entry.error(f"{len(x)} values of x and {len(y)} of y", "as many of both, at least two")
    if list(x) != sorted(set(x)) or (is_log and x[0] <= 0):
        raise given["x"].error(f"{list(x)}", "rising numbers" + (" above 0" if is_log else ""))
    return LookupTable(x, y, is_log)


def _numbers(entry: Entry) -> tuple[float, ...]:
    items = entry.elements("a list of numbers")
    numbers = tuple(number_at(item, "table") for item in items)
    check_alike(items)
    return numbers
