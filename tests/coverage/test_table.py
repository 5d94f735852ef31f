"""Every stage and option has a test, and ``tests/STAGES.md`` names one that is there and exercises it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.coverage.scan import TESTS, Uses, uses_by_test
from tests.coverage.table import TABLE, Item, exercised, items, lines, written

REMEDY = "run python -m tests.coverage.table, and write a test for what it lists"


@cache
def scanned() -> dict[str, Uses]:
    return uses_by_test(TESTS)


def test_the_table_lists_every_stage_and_option_there_is() -> None:
    listed = written(TABLE.read_text(encoding="utf-8"))
    assert list(listed) == list(items()), REMEDY


def test_each_is_exercised_by_the_test_named_for_it() -> None:
    listed = written(TABLE.read_text(encoding="utf-8"))
    wrong = [(item, test) for item, test in listed.items() if test not in exercised(item, scanned())]
    assert wrong == [], REMEDY


@pytest.mark.parametrize("item", [Item("SalsaStage", "salsa_colour"), Item("WorkloadStage", "sink_or_swim")])
def test_what_nobody_gives_has_no_test(item: Item) -> None:
    assert exercised(item, scanned()) == []


def test_a_table_can_be_read_back() -> None:
    chosen = {Item("A"): "tests/a.py::test_a", Item("A", "x"): "tests/b.py::test_x", Item("B"): "tests/a.py::test_a"}
    assert written("\n".join(lines(chosen))) == chosen


def test_helpers_constants_and_fixtures_are_followed_and_local_names_are_not(tmp_path: Path) -> None:
    """Modules of their own, so that what is found is known."""
    root = tmp_path / "found"
    root.mkdir()
    (root / "help.py").write_text("from there import Stage\nGIVEN = {'depth': 2}\ndef helped(a):\n    Stage(**GIVEN)\n")
    (root / "test_it.py").write_text(
        "from there import other\nfrom found.help import helped\n"
        "def test_far():\n    helped(width=1)\n"
        "def test_near():\n    helped = other.thing('--flag')\n"
    )
    far, near = uses_by_test(root).values()
    assert (far.names["there", "Stage"], far.keywords) == (1, {"width": 0, "depth": 2})
    assert ("there", "Stage") not in near.names
    assert near.names["there.other", "thing"] == 0
    assert near.words == {"--flag": 0}
