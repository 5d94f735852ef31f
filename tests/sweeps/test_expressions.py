from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sweeps.small import entry
from zigzag_lab.sweeps.expressions import LookupTable, read_expression, read_table
from zigzag_lab.vocab import InputError

VALUES = {"a": 3, "b": 4.0, "accelerator.memories.m.size": 8192, "mapping[0].name": "x"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("sqrt(a**2 + b**2)", 5),
        ("416.16 * sqrt(accelerator.memories.m.size / KiB)", 416.16),
        ("max(a, b, 7) // 2 % 3", 0),
        ("log2(8) - -1", 4),
        ("a < b <= 4 and not a == 4", True),
        ("a if b > 5 else 2 * b", 8),
        ("a in [1, 2, 3] or a not in (3,)", True),
        ("text('K, ', b)", "K, 4"),
        ("[text('K, ', 2 * a)]", ["K, 6"]),
        ("mapping[0].name == 'x'", True),
        ("ceil(a / 2) + floor(a / 2) + round(0.5 + a) + abs(-a) + min(a, b)", 2 + 1 + 4 + 3 + 3),
    ],
)
def test_what_can_be_said(text: str, value: Any) -> None:
    found = read_expression("here", text).value(VALUES.__getitem__)
    assert found == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "a +", "__import__('os').system('true')", "a.__class__()", "(lambda: 1)()", "[x for x in [1]]", "a := 1"),
        *(
            "f'{a}'",
            "open('x')",
            "max(*[1])",
            "max(a, key=a)",
            "a[b]",
            "b'x'",
            "1j",
            "{}",
            "a @ b",
            "a is b",
            "x" * 2000,
        ),
    ],
)
def test_what_cannot(text: str) -> None:
    with pytest.raises(InputError, match="here"):
        read_expression("here", text)


@pytest.mark.parametrize(
    "text",
    [
        "1 / (a - 3)",
        "sqrt(-a)",
        "2 ** 1000",
        "9.0 ** 99",
        "'x' * 9",
        "log2(0)",
        "10 ** 60 ** 9",
        "(-8) ** 0.5",
        "a < 'x'",
    ],
)
def test_what_cannot_be_worked_out_is_said_with_the_values(text: str) -> None:
    with pytest.raises(InputError, match="cannot be worked out"):
        read_expression("here", text).value(VALUES.__getitem__)


def test_names_are_known() -> None:
    assert read_expression("here", "a * accelerator.memories.m.size + KiB").names == {
        "a",
        "accelerator.memories.m.size",
    }


@given(st.lists(st.tuples(st.integers(1, 1000), st.floats(-10, 10)), min_size=2, max_size=6, unique_by=lambda p: p[0]))
def test_a_table_goes_through_its_points_and_stays_between(points: list[tuple[int, float]]) -> None:
    points.sort()
    x, y = zip(*points, strict=True)
    for log in (False, True):
        table = LookupTable(x, y, log)
        assert [table(v) for v in x] == pytest.approx(list(y), abs=1e-9)
        middle = table((x[0] + x[1]) / 2)
        assert min(y[:2]) - 1e-9 <= middle <= max(y[:2]) + 1e-9


def test_tables_are_functions() -> None:
    table = read_table(entry({"x": ["1 KiB", "4 KiB"], "y": [1, 3], "scale": "log"}, "tables.cost"))
    assert read_expression("here", "cost(2 * KiB)", {"cost": table}).value(VALUES.__getitem__) == pytest.approx(2)
    with pytest.raises(InputError, match="outside the table"):
        read_expression("here", "cost(8 * KiB)", {"cost": table}).value(VALUES.__getitem__)
    assert math.isclose(table(8192), 1)


@pytest.mark.parametrize(
    "given_table",
    [
        1,
        {"x": [1, 2]},
        {"x": [1, 2], "y": [1]},
        {"x": [2, 1], "y": [1, 2]},
        {"x": [1, 2], "y": [1, "a"]},
        {"x": [1, 2], "y": ["1 pJ", "1 KiB"]},
    ],
)
def test_broken_tables(given_table: Any) -> None:
    with pytest.raises(InputError, match=r"tables\.t"):
        read_table(entry(given_table, "tables.t"))


@pytest.mark.parametrize(
    "text",
    [
        "-" * 990 + "1", "not " * 240 + "1", "x" + " + x" * 240,
        "max(" * 150 + "1, 2" + ")" * 150,
        "1e308 * 10", "1e400", "9" * 400, "floor(1e999)", "*".join(["9**64"] * 40),
        "text(x, x)", "[x, x]", "0x" + "f" * 400,
    ],
)  # fmt: skip
def test_values_at_the_limits_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_expression("derived.y", text).value(lambda _: "long " * 150)


def _doubled(text: str, value: Any) -> Any:
    for _ in range(60):
        value = read_expression("derived.y", text).value(lambda _, before=value: before)
    return value


def test_what_doubles_ends() -> None:
    with pytest.raises(InputError, match="more than 1000 characters"):
        _doubled("text(x, x)", "ab")
    with pytest.raises(InputError, match="beyond"):
        _doubled("x * x", 10)
