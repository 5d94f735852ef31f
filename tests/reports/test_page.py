"""The page is whole and safe, as far as that can be seen without a browser."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.reports.priced import recorded
from tests.stages import small
from zigzag_lab import api
from zigzag_lab.reports import write_report
from zigzag_lab.reports.page import as_script_data, detailed, report_content, report_html
from zigzag_lab.store.lab import Lab
from zigzag_lab.vocab import InputError

STRANGE = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(2)>",
    "\u2028gr\u00f6\u00dfe \U0001f680 & 'x' \"y\"",
    "n" * 300,
]


class _Elements(HTMLParser):
    """Counts elements, and keeps the data of the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.sources: list[str] = []
        self.data: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.sources += [str(value) for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.data.append(data)


def page_data(text: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(next(d for d in _Elements(text).data if d.startswith('{"title"')))
    return found


@pytest.mark.parametrize("name", STRANGE)
def test_strange_names_are_data_not_markup(name: str, tmp_path: Path) -> None:
    network = small.network()
    network[0]["name"] = name
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    data = small.accelerator(name=name)
    api.run(api.RunRequest(network, data, small.mapping(), lpf_limit=1), store=url, mlflow="off", tags={name: name})
    with Lab(url) as lab:
        path = write_report(lab, lab.runs(), tmp_path / "report.html", title=name)
    text = path.read_text(encoding="utf-8")
    elements = _Elements(text)
    assert elements.names.count("script") == 2
    assert not {"img", "link", "iframe"} & set(elements.names)
    assert elements.sources == []
    found = page_data(text)
    assert found["title"] == name
    (detail,) = found["details"]  # type: ignore[misc]
    assert detail["layers"][0]["name"] == name
    assert detail["tags"] == {name: name}


def test_nothing_is_fetched_and_nobody_is_named(tmp_path: Path) -> None:
    url, _ = recorded(tmp_path)
    with Lab(url) as lab:
        text = write_report(lab, lab.runs(), tmp_path / "report.html").read_text(encoding="utf-8")
        environment = lab.details(lab.runs()[0].run_id).environment
    outside = [u for u in re.findall(r"https?://[^\s\"'<>]+", text) if u != "http://www.w3.org/2000/svg"]
    assert outside == []
    assert "Content-Security-Policy" in text
    shown = page_data(text)["details"][0]  # type: ignore[index]
    assert "host" not in shown["environment"]
    assert "user" not in shown["environment"]
    assert shown["environment"]["python"] == environment["python"]
    assert {one["file"] for one in shown["inputs"]} == {"workload.yaml", "accelerator.yaml", "mapping.yaml"}


def test_figures_are_those_of_the_run(tmp_path: Path) -> None:
    url, run_id = recorded(tmp_path)
    with Lab(url) as lab:
        content = report_content(lab, [lab.run(run_id)])
        run = lab.run(run_id)
    (shown,) = content["runs"]
    assert sum(shown["energy_by_memory"].values()) == pytest.approx(run.energy_pj, rel=1e-12)
    assert sum(shown["energy_by_operand"].values()) == pytest.approx(run.energy_pj, rel=1e-12)
    assert sum(shown["latency_by_term"].values()) == pytest.approx(run.latency_cycles, rel=1e-12)
    (detail,) = content["details"]
    assert sum(layer["energy_pj"] for layer in detail["layers"]) == pytest.approx(run.energy_pj, rel=1e-12)
    assert len(detail["claims"]) >= 8
    assert all("for " in layer["nest"] for layer in detail["layers"])


def test_of_many_runs_the_best_are_shown_in_detail(tmp_path: Path) -> None:
    url, run_id = recorded(tmp_path)
    with Lab(url) as lab:
        run = lab.run(run_id)
    figures = [(1.0, 9.0, 9.0), (2.0, 3.0, 6.0), (3.0, 1.0, 8.0), (4.0, 4.0, 5.0), (9.0, 9.0, 81.0)]
    runs = [
        replace(run, run_id=f"run {i}", energy_pj=pj, latency_cycles=n, edp_pj_cycles=edp)
        for i, (pj, n, edp) in enumerate(figures)
    ]
    assert [(found.run_id, why) for found, why in detailed(runs)] == [
        ("run 0", "least energy of all runs"),
        ("run 2", "least latency of all runs"),
        ("run 3", "least edp of all runs"),
    ]
    runs[0] = replace(runs[0], latency_cycles=0.5)
    assert detailed(runs)[0][1] == "least energy and latency of all runs"
    assert [why for _, why in detailed(runs[:4])] == [""] * 4


@pytest.mark.parametrize(("name", "said"), [("report.pdf", "ends in .html"), ("nowhere/report.html", "does not exist")])
def test_a_wrong_path_is_said(name: str, said: str, tmp_path: Path) -> None:
    url, _ = recorded(tmp_path)
    with Lab(url) as lab, pytest.raises(InputError, match=re.escape(said)):
        write_report(lab, lab.runs(), tmp_path / name)


def test_no_runs_make_no_report(tmp_path: Path) -> None:
    url, _ = recorded(tmp_path)
    with Lab(url) as lab, pytest.raises(InputError, match="no runs"):
        report_content(lab, [])


def test_script_data_reads_back() -> None:
    value = {"<": [float("inf"), None, True, 0.1, "\u2028</script>"]}
    text = as_script_data(value)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text)["<"] == ["inf", None, True, 0.1, "\u2028</script>"]
    assert "report" in report_html({"title": "report"})
