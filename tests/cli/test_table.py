from __future__ import annotations

import click
from hypothesis import given
from hypothesis import strategies as st

from zigzag_lab.cli.table import Column, cell_width, fold, shown, table

TEXTS = st.text(max_size=30)


def test_columns_are_aligned() -> None:
    text = click.unstyle(table([Column("name"), Column("n", True)], [["a", "1"], ["long", "1,000"]], 80))
    assert text.splitlines() == ["name      n", "a         1", "long  1,000"]


def test_a_narrow_terminal_first_gets_narrow_gaps_then_folded_texts_then_one_figure_a_line() -> None:
    columns, rows = [Column("name"), Column("n", True)], [["a_long_name_of_things", "1,000"]]
    assert click.unstyle(table(columns, rows, 27)).splitlines()[1] == "a_long_name_of_things 1,000"
    assert click.unstyle(table(columns, rows, 19)).splitlines()[1:] == ["a_long_name_  1,000", "of_things"]
    assert click.unstyle(table(columns, rows, 10)).splitlines() == [
        "row 1",
        "  name  a_long_name_of_things",
        "  n     1,000",
    ]


@given(st.lists(st.lists(TEXTS, min_size=3, max_size=3), max_size=4), st.integers(30, 120))
def test_no_line_of_a_folded_table_is_wider_than_the_terminal(rows: list[list[str]], width: int) -> None:
    lines = click.unstyle(table([Column("a"), Column("b"), Column("c")], rows, width)).splitlines()
    assert all(cell_width(line) <= width for line in lines)


@given(TEXTS, st.integers(2, 20))
def test_folding_loses_nothing_but_spaces(text: str, width: int) -> None:
    text = shown(text)
    pieces = fold(text, width)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(cell_width(piece) <= width for piece in pieces)


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert shown("a\x1b[31m\nb") == "a\ufffd[31m b"


def test_there_may_be_no_rows_or_no_columns() -> None:
    assert click.unstyle(table([Column("a")], [], 80)) == "a"
    assert table([], [], 80) == ""
