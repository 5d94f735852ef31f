from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.recorded import ask
from zigzag_lab.api.plot import PLOT_KINDS

Two = tuple[str, list[str]]


def test_the_command_offers_every_kind() -> None:
    text = ask("plot", "--help").stdout
    assert all(f"  {kind.name} " in text and kind.help in text for kind in PLOT_KINDS.values())
    assert "  search " in text


@pytest.mark.parametrize("kind", list(PLOT_KINDS))
def test_every_kind_has_a_picture(kind: str, two: Two, tmp_path: Path) -> None:
    database, ids = two
    path = tmp_path / f"{kind}.svg"
    runs = ids if kind in ("compare", "pareto") else ids[:1]
    layer = ("--layer", "wide") if kind == "nest" else ()
    answer = ask("plot", kind, *runs, *layer, "-o", str(path), database=database)
    assert answer.exit_code == 0, answer.stderr
    assert answer.stdout.strip() == str(path)
    assert path.read_text().startswith("<?xml")


def test_runs_of_an_experiment_and_traces_from_a_file(two: Two, tmp_path: Path) -> None:
    database, _ = two
    path, data = tmp_path / "x.png", tmp_path / "traces.csv"
    assert ask("plot", "pareto", "--experiment", "first", "-o", str(path), database=database).exit_code == 0
    data.write_text("search,seconds,best\na,0.5,3\na,1,2\nb,1,5\n")
    assert ask("plot", "search", "--data", str(data), "-o", str(path)).exit_code == 0
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("energy", "last", "-o", "x.bmp"), "ends in .png"),
        (("nest", "last", "-o", "x.png"), "Name it with --layer"),
        (("cake",), "'cake' is not one of"),
        (("energy", "nothing", "-o", "x.png"), "no run is called so"),
        (("pareto", "--experiment", "nobody", "-o", "x.png"), "no finished runs"),
        (("search",), "no data"),
        (("search", "--data", "absent.csv"), "there is no such file"),
    ],
)
def test_what_cannot_be_drawn_is_said(two: Two, words: tuple[str, ...], said: str) -> None:
    answer = ask("plot", *words, database=two[0])
    assert answer.exit_code == 2
    assert said in answer.stderr


def test_two_runs_do_not_fit_one_picture_of_layers(two: Two) -> None:
    database, ids = two
    answer = ask("plot", "energy", *ids, "-o", "x.png", database=database)
    assert answer.exit_code == 2
    assert "compare or pareto" in answer.stderr
