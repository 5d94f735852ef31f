from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zigzag_lab.vocab.plain import CsvWriter, defused

FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "\N{FULLWIDTH EQUALS SIGN}1", "|x"]


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_defused(text: str) -> None:
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize("value", ["-1.5", "+3", "-inf", "1e-3", "a=b", "", None, -4, -0.5, "C 8, OX 7", "'=1"])
def test_numbers_and_texts_stay(value: object) -> None:
    assert defused(value) == value


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\r\0", codec="utf-8"))), min_size=1))
def test_raw_cells_come_back_and_others_begin_no_formula(rows: list[list[str]]) -> None:
    for raw in (True, False):
        stream = io.StringIO()
        CsvWriter(stream, raw=raw).writerows(rows)
        read = list(csv.reader(io.StringIO(stream.getvalue(), newline="")))
        assert read == [[cell if raw else defused(cell) for cell in row] for row in rows]
