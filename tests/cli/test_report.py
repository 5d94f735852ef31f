from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.recorded import ask
from tests.sweeps.small import sweep_file
from zigzag_lab.store import Lab

Two = tuple[str, list[str]]


def test_runs_become_one_file(two: Two, tmp_path: Path) -> None:
    database, ids = two
    path = tmp_path / "two.html"
    answer = ask("report", *ids, "-o", str(path), "--title", "Two runs", database=database)
    assert answer.exit_code == 0, answer.stderr
    text = path.read_text(encoding="utf-8")
    assert "<title>Two runs</title>" in text
    assert all(run_id in text for run_id in ids)
    assert len(text) < 1_000_000


def test_the_newest_run_is_meant_where_none_is_named(two: Two, tmp_path: Path) -> None:
    database, ids = two
    path = tmp_path / "last.html"
    assert ask("report", "-o", str(path), database=database).exit_code == 0
    text = path.read_text(encoding="utf-8")
    assert ids[1] in text
    assert ids[0] not in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("last", "-o", "x.txt"), "ends in .html"),
        (("nothing", "-o", "x.html"), "no run is called so"),
        (("--experiment", "nobody", "-o", "x.html"), "no runs"),
    ],
)
def test_what_cannot_be_reported_is_said(two: Two, words: tuple[str, ...], said: str) -> None:
    answer = ask("report", *words, database=two[0])
    assert answer.exit_code == 2
    assert said in answer.stderr


def test_a_sweep_stands_for_all_its_runs(tmp_path: Path) -> None:
    database, path = f"sqlite:///{tmp_path / 'lab.db'}", tmp_path / "sweep.html"
    assert ask("sweep", str(sweep_file(tmp_path)), "--workers", "1", database=database).exit_code == 0
    answer = ask("report", "small", "-o", str(path), database=database)
    assert answer.exit_code == 0, answer.stderr
    text = path.read_text(encoding="utf-8")
    with Lab(database) as lab:
        ids = [run.run_id for run in lab.runs()]
    assert len(ids) == 6
    assert all(run_id in text for run_id in ids)
    assert "least energy" in text
    assert "does not follow from the inputs" not in text
    picture = ask("plot", "pareto", "small", "-o", str(tmp_path / "front.svg"), database=database)
    assert picture.exit_code == 0, picture.stderr
