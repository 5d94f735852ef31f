"""A sweep published to a tracking server, and looked at in MLflow's own pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.run_kinds import recorded
from tests.browser import Chromium
from tests.tracking.samples import swept
from zigzag_lab.api.mlflow_view import mlflow_server, page_of_runs
from zigzag_lab.store import open_store
from zigzag_lab.store.choice import Policy
from zigzag_lab.store.sweep_questions import ask_to_publish_sweep
from zigzag_lab.tracking import publish_pending
from zigzag_lab.tracking.places import sqlite_uri

NAMES = ["1 KiB, 4x4, tiny net", "2 KiB, 4x4, tiny net", "4 KiB, 4x4, tiny net", "8 KiB, 4x4, tiny net"]


def test_the_view_of_a_sweep_on_a_server(browser: Chromium, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    url = f"sqlite:///{tmp_path / 'zigzag_lab.db'}"
    with open_store(url) as store, mlflow_server(sqlite_uri(tmp_path / "mlflow.db")) as (address, _):
        swept(store)
        ask_to_publish_sweep(store, "sizes", Policy.read("all"))
        assert publish_pending(store, address).is_complete
        assert publish_pending(store, address, again=True).is_complete
        page = browser.page(page_of_runs(address, url))
        text = "document.body.innerText"
        for name in (
            *NAMES,
            "1 KiB, 8x2, tiny net",
            "Parallel Coordinates",
            "total/latency_cycles vs. total/energy_pj",
        ):
            page.wait(f"{text}.includes({name!r})")
        assert page.value(f"{text}.includes('6 matching runs')")
        axes = page.wait("document.querySelector('svg, canvas') && document.body.innerText.includes('sram.size')")
        assert axes
    files = {path.name for path in (tmp_path / "mlartifacts").rglob("*") if path.is_file()}
    assert {"cmes.parquet", "points.csv", "pareto tiny net.png"} <= files


EXPAND = """(() => { const all = [...document.querySelectorAll('button[data-component-id*=runnamecellrenderer]')];
  const closed = all.find(button => !button.dataset.opened);
  if (closed) { closed.dataset.opened = 'yes'; closed.click(); } return all.length > 0 && !closed; })()"""


def test_runs_within_runs_are_nested(browser: Chromium, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    url, _ = recorded(tmp_path, "iterator", "nested")
    with open_store(url) as store, mlflow_server(sqlite_uri(tmp_path / "mlflow.db")) as (address, _):
        assert publish_pending(store, address).is_complete
        page = browser.page(page_of_runs(address, url))
        page.wait("document.body.innerText.includes('11 matching runs')")
        assert not page.value("document.body.innerText.includes('4 (loma_lpf_limit)')")
        page.wait(EXPAND)
        for name in (*(f"{n} (loma_lpf_limit)" for n in (2, 3, 4)), "2048 (sram_bits)", "8192 (sram_bits)"):
            page.wait(f"document.body.innerText.includes({name!r})")
