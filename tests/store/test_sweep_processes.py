"""Several processes at the same sweep, here threads with a connection each: no point is priced twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.sweeps.inline import InlineEngine, Patience
from tests.sweeps.small import R_COST, SIZE, sweep_file
from zigzag_lab import executors
from zigzag_lab.api.sweep import SweepOutcome, run_sweep
from zigzag_lab.store import Lab

N = 4


@pytest.mark.parametrize("sampling", ["grid", {"optuna": 12, "batch": 6, "objectives": ["energy", "latency"]}])
def test_four_at_once_price_each_point_once(
    sampling: Any, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors, "open_engine", lambda kind, work, **_: InlineEngine(work))
    monkeypatch.setattr("zigzag_lab.sweeps.running.PAUSE_SECONDS", 0.02)
    sizes = {"log_range": ["64 KiB", "256 KiB"]}
    file = sweep_file(tmp_path, space={SIZE: sizes, R_COST: [100, 200, 300, 400]}, sampling=sampling)

    def swept(_: int) -> SweepOutcome:
        return run_sweep(file, store=url, listener=Patience())

    with ThreadPoolExecutor(N) as pool:
        outcomes = list(pool.map(swept, range(N)))
    assert all(outcome.is_complete for outcome in outcomes)
    assert sum(outcome.progress.n_done for outcome in outcomes) == 12
    with Lab(url) as lab:
        counts = "SELECT COUNT(*), COUNT(DISTINCT run_number), SUM(attempts), (SELECT COUNT(*) FROM zl_run)"
        assert lab.sql(f"{counts} FROM zl_sweep_point").rows == [(12, 12, 12, 12)]
