"""The report of a sweep of 200 points, as a colleague opens it: in a browser, without a network."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.run_kinds import recorded
from tests.browser import Chromium, Page
from tests.cli.recorded import ask
from tests.sweeps.small import LAYER, R_COST, SIZE, sweep_file
from zigzag_lab.store import Lab

N_POINTS = 200
STRANGE = ["<script>document.title = 'broken'</script>", "gr\u00f6\u00dfe \U0001f680 & \u2028 'x' \"y\"", "n" * 300]
ROWS = "[...document.querySelectorAll('#runs tbody tr')].map(row => row.innerText)"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float]]:
    """The report's file, and the energies of its runs by their ids."""
    import yaml

    folder = tmp_path_factory.mktemp("report")
    space = {SIZE: {"log_range": ["64 KiB", "512 KiB"], "factor": 2}, R_COST: {"range": [100, 1080], "step": 20}}
    file = sweep_file(folder, space=space, options={"lpf_limit": 1, "n_spatial_mappings": 1})
    network = [{**LAYER, "id": i, "name": name, "operand_source": {"I": i, "W": i}} for i, name in enumerate(STRANGE)]
    (folder / "one.yaml").write_text(yaml.safe_dump(network, sort_keys=False))
    url, path = f"sqlite:///{folder / 'lab.db'}", folder / "report.html"
    done = ask("sweep", str(file), "--workers", "1", "--publish", "none", database=url)
    assert done.exit_code == 0, done.output
    assert ask("report", "small", "-o", str(path), "--title", STRANGE[0], database=url).exit_code == 0
    with Lab(url) as lab:
        return path, dict(lab.sql("SELECT id, energy_pj FROM zl_run").rows)


def rows_of(page: Page) -> list[str]:
    """The rows of the table of runs, as they are to be seen."""
    found: list[str] = page.value(ROWS)
    return found


def test_it_opens_sorts_and_filters_without_a_network(browser: Chromium, report: tuple[Path, dict[str, float]]) -> None:
    path, energies = report
    assert len(energies) == N_POINTS
    assert path.stat().st_size < 8_000_000
    page = browser.page(path.as_uri(), offline=True)
    page.wait(f"{ROWS}.length === {N_POINTS}")
    heading = "[...document.querySelectorAll('#runs th button')].find(b => b.innerText.startsWith('energy'))"
    for expected in (sorted(energies.values()), sorted(energies.values(), reverse=True)):
        page.click(heading)
        assert [energies[row.split()[0]] for row in rows_of(page)] == expected
    page.click("input[type=search]")
    wanted = sorted(energies)[7]
    page.type(wanted)
    page.wait(f"{ROWS}.length === 1")
    assert rows_of(page)[0].split()[0] == wanted
    assert page.errors == []
    assert {address.partition(":")[0] for address in page.asked} == {"file"}


def test_strange_names_are_shown_as_text(browser: Chromium, report: tuple[Path, dict[str, float]]) -> None:
    page = browser.page(report[0].as_uri(), offline=True)
    page.wait(f"{ROWS}.length === {N_POINTS}")
    assert page.value("document.title") == STRANGE[0]
    text = page.value("document.body.textContent")
    assert all(name in text for name in STRANGE)
    assert page.value("document.querySelectorAll('main script, main img').length") == 0
    assert page.errors == []


def test_runs_with_runs_within_them(browser: Chromium, tmp_path: Path) -> None:
    url, ids = recorded(tmp_path, "iterator", "chosen", "infeasible child")
    path = tmp_path / "report.html"
    assert ask("report", *ids.values(), "-o", str(path), database=url).exit_code == 0
    page = browser.page(path.as_uri(), offline=True)
    page.wait(f"{ROWS}.length === 3")
    text = page.value("document.body.innerText")
    assert text.count("Runs within it (3)") == 2
    assert "It has no single total: it yielded 3 results." in text
    assert all(f"loma_lpf_limit={n}" in text for n in (2, 3, 4))
    assert not any(word in text for word in ("null", "undefined", "NaN", "None"))
    cards = page.value("document.querySelector('.cards').innerText")
    with Lab(url) as lab:
        assert f"{lab.best('energy')[0].run_id} workload on accelerator" in cards
    assert page.errors == []
