"""The five usual questions go by indexes: their plans scan no table that grows with the number of runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.benchmarks.questions import fill, questions, scans
from zigzag_lab.store import Lab, open_store


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


def test_a_scan_is_noticed(lab: Lab) -> None:
    assert scans(lab, lambda: lab.sql("SELECT COUNT(*) FROM zl_run r WHERE r.name = ?", ("x",)))
