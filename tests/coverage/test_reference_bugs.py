"""Every fault of the reference that is listed has tests, and they exist."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.coverage.scan import TESTS

TABLE = TESTS / "REFERENCE_BUGS.md"
ROWS = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if re.match(r"\| (?!ZigZag 3|-)", line)]


@cache
def names_in(path: str) -> set[str]:
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_there_are_many() -> None:
    assert len(ROWS) > 70


@pytest.mark.parametrize("row", ROWS, ids=range(len(ROWS)))
def test_the_tests_of_a_row_exist(row: str) -> None:
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", row.split("|")[3])
    assert named
    assert [name for path, name in named if name not in names_in(path)] == []
