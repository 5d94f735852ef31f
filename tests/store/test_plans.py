"""The five usual questions go by indexes: their plans scan no table that grows with the number of runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.benchmarks.questions import FIRST_DAY, OF_A_DAY, fill, questions, scans
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
        answer = ask()
        assert len(answer if isinstance(answer, list) else answer.layer_energy_pj) > 0, question


def test_runs_of_a_day_are_not_sought_among_all_runs_without_a_parent(lab: Lab) -> None:
    """Which another index would give."""
    days = [lab._as_time(FIRST_DAY.replace(day=day)) for day in (4, 5)]
    explain = "EXPLAIN QUERY PLAN" if lab.url.kind == "sqlite" else "EXPLAIN"
    plan = " ".join(str(row[-1]) for row in lab.sql(f"{explain} {OF_A_DAY}", days).rows)
    assert "ix_zl_run_started_at" in plan


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
