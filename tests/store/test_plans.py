"""The five usual questions go by indexes: their plans scan no table that grows with the number of runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.benchmarks.questions import fill, questions, scans
from zigzag_lab.store import Lab, open_store
from zigzag_lab.store.claims import Claims
from zigzag_lab.store.database import Answer


@pytest.fixture
def lab(url: str) -> Iterator[Lab]:
    with open_store(url) as store:
        fill(store, 20_000, 1)
    with Lab(url) as opened:
        if opened.url.kind == "postgresql":  # a scan of a few hundred rows would be the right plan
            opened._reader.execute("SET enable_seqscan = off")
        yield opened


def test_no_table_that_grows_is_scanned(lab: Lab) -> None:
    for question, ask in questions(lab, 400).items():
        assert scans(lab, ask) == [], question


def test_answers_are_looked_up_by_their_keys(lab: Lab) -> None:
    plans: list[str] = []
    explain = "EXPLAIN QUERY PLAN" if lab.url.kind == "sqlite" else "EXPLAIN"

    class Explaining:
        def select(self, sql: str, parameters: Sequence[Any]) -> Answer:
            plans.extend(str(row[-1]) for row in lab._reader.select(f"{explain} {sql}", parameters).rows)
            return Answer((), [])

    for n_keys in (1, 3, 500):
        Claims(Explaining()).answers([f"key {i}" for i in range(n_keys)])  # type: ignore[arg-type]
        assert re.search(r"\(key=\?\)|Index Cond: .*key = |pk_zl_cache_entry", " ".join(plans)), plans
        plans.clear()


def test_a_scan_is_noticed(lab: Lab) -> None:
    assert scans(lab, lambda: lab.sql("SELECT COUNT(*) FROM zl_run r WHERE r.name = ?", ("x",)))
