"""The five usual questions go by indexes: their plans scan no table that grows with the number of runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest

from tests.benchmarks.questions import fill, questions
from zigzag_lab.store import Lab, open_store

GROWING = "zl_run|zl_layer_evaluation|zl_memory_evaluation|zl_run_input|zl_mapping"
_ALIASES = re.compile(rf"\b({GROWING})\s+(?:AS\s+)?(\w+)")


@pytest.fixture
def lab(url: str) -> Any:
    with open_store(url) as store:
        fill(store, 20_000, 1)
    with Lab(url) as opened:
        yield opened


def plan_of(lab: Lab, sql: str, parameters: Sequence[Any]) -> list[str]:
    if lab.url.kind == "sqlite":
        return [row[3] for row in lab.sql(f"EXPLAIN QUERY PLAN {sql}", parameters).rows]
    return [row[0] for row in lab.sql(f"EXPLAIN {sql}", parameters).rows]


@pytest.mark.parametrize(
    "question",
    ["best by experiment", "Pareto set of a sweep", "energy by memory", "compare two runs", "runs of a day"],
)
def test_no_table_that_grows_is_scanned(lab: Lab, question: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, Sequence[Any]]] = []
    for connection in (lab._reader, lab.store.database):
        ask = connection.select

        def heard(sql: str, parameters: Sequence[Any] = (), ask: Any = ask) -> Any:
            asked.append((sql, parameters))
            return ask(sql, parameters)

        monkeypatch.setattr(connection, "select", heard)
    questions(lab, 400)[question]()
    monkeypatch.undo()
    assert asked
    if lab.url.kind == "postgresql":  # a scan of a few hundred rows would be the right plan
        lab._reader.execute("SET enable_seqscan = off")
    for sql, parameters in asked:
        for line in plan_of(lab, sql, parameters):
            assert not re.search(rf"\bSeq Scan on ({GROWING})\b", line), (line, sql)
            assert not re.match(r"SCAN (r|v|l|o|w|a|m|p|i|s|g|zl_\w+)$", line), (line, sql)
