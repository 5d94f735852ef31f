from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.reports.priced import priced, recorded
from tests.stages import small
from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.reports import rich_displays, runs_html
from zigzag_lab.reports.display import DISPLAYS, table_html
from zigzag_lab.store.lab import Lab


class _Formatter:
    def __init__(self) -> None:
        self.shown: dict[type, Any] = {}

    def for_type(self, kind: type, show: Any) -> None:
        self.shown[kind] = show


def test_everything_is_shown_with_its_figures(tmp_path: Path) -> None:
    formatter = _Formatter()
    rich_displays(formatter)
    assert set(formatter.shown) == set(DISPLAYS)
    url, run_id = recorded(tmp_path)
    with Lab(url) as lab:
        run = lab.run(run_id)
        for record in (lab, run, lab.details(run_id), lab.layers(run_id)[0]):
            assert formatter.shown[type(record)](record).count("<table>") >= 1
        assert run_id in runs_html([run])
        assert run_id in formatter.shown[Lab](lab)
    (cme, *_) = priced(tmp_path).cmes
    shown = formatter.shown[CostModelEvaluation](cme)
    assert all(word in shown for word in ("stem", "dram", "stalls", "for ", "operations"))
    temporal = cme.temporal_mapping
    assert "uneven mapping" in formatter.shown[type(temporal)](temporal)


def test_names_are_text(tmp_path: Path) -> None:
    assert "<i>" not in table_html(["<i>"], [["<i>", None]], "<i>")
    network = small.network()
    network[0]["name"] = "<script>"
    from tests.stages.small import written

    paths = written(tmp_path, workload=network)
    from zigzag_lab import api

    outcome = api.run(api.RunRequest(**paths, lpf_limit=1), store=None)
    assert "<script>" not in DISPLAYS[CostModelEvaluation](outcome.layers[0])


def test_outside_a_notebook_nothing_happens() -> None:
    rich_displays()
