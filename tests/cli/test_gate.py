"""Names, notes, tags, arguments and answers of servers cannot write control characters on a terminal."""

from __future__ import annotations

import csv
import io
import json
import logging
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from tests.stages.small import written
from zigzag_lab import api
from zigzag_lab.cli import main

EVIL = "\x1b]0;owned\x07\x1b[31mred\x9b2J\u202e"
FORMULA = "=HYPERLINK(1)"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A run whose names, tags, note and experiment are hostile."""
    folder = tmp_path_factory.mktemp("evil")
    url, paths = f"sqlite:///{folder / 'evil.db'}", written(folder)
    layers = yaml.safe_load(Path(paths["workload"]).read_text())
    for layer in layers:
        layer["name"] = f"{layer['name']} {EVIL}"
    path = folder / f"{EVIL}.yaml"
    path.write_text(yaml.safe_dump(layers))
    request = api.RunRequest(**{**paths, "workload": path}, objective=api.objective_of("latency"), lpf_limit=2)
    api.run(request, store=url, experiment=EVIL, tags={"t": EVIL, "f": FORMULA}, mlflow="off")
    return url


def ask(*words: str, database: str) -> Result:
    return CliRunner().invoke(main, [*words, "--db", database], prog_name="zigzag-lab")


def is_clean(text: str) -> bool:
    return all(c.isprintable() or c in "\n\t" for c in text)


@pytest.mark.parametrize(
    "words",
    [
        ["ls"],
        ["ls", "--json"],
        ["show", "last"],
        ["show", "last", "--layer", "0"],
        ["note", "last", EVIL],
        ["note", "last"],
        ["tag", "last", f"x={EVIL}"],
        ["tag", "last"],
        ["explain", "last"],
        ["compare", "last", "last"],
        ["best"],
        ["sql", "SELECT value FROM zl_tag"],
        ["sql", "SELECT value FROM zl_tag", "--format", "json"],
        ["show", EVIL],
        ["sql", f"SELECT '{EVIL}' FROM"],
        [EVIL],
        ["ls", f"--{EVIL}"],
        ["ls", "--limit", EVIL],
        ["run", "--workload", EVIL, "--accelerator", "tpu_like", "--mapping", "tpu_like"],
        ["import", EVIL],
        ["report", "last", "-o", f"/nowhere/{EVIL}.html"],
    ],
)
def test_what_is_said_is_printable(words: list[str], database: str) -> None:
    answer = ask(*words, database=database)
    assert answer.exit_code in (0, 1, 2)
    assert answer.output
    assert is_clean(answer.output)


def test_a_run_says_nothing_else(tmp_path: Path) -> None:
    paths = written(tmp_path)
    path = Path(paths["workload"]).rename(tmp_path / f"{EVIL}.yaml")
    words = ["--workload", str(path), "--accelerator", str(paths["accelerator"]), "--mapping", str(paths["mapping"])]
    answer = ask("run", *words, "--lpf-limit", "2", "--mlflow", "off", database=f"sqlite:///{tmp_path}/lab.db")
    assert answer.exit_code == 0, answer.output
    assert "red" in answer.output
    assert is_clean(answer.output)


def test_warnings_are_printable_and_say_no_secret() -> None:
    import click

    @main.command("warns", hidden=True)
    def warns() -> None:
        logging.getLogger("zigzag_lab.x").warning("%s password=%s", EVIL, "hunter2")
        click.echo("done")

    try:
        root, handlers = logging.getLogger(), logging.getLogger().handlers
        root.handlers = []
        answer = CliRunner().invoke(main, ["warns"])
    finally:
        root.handlers = handlers
        del main.commands["warns"]
    assert "red" in answer.stderr
    assert "hunter2" not in answer.stderr
    assert is_clean(answer.output)


def test_data_keeps_every_character_and_defuses_formulas(database: str) -> None:
    question = ("sql", "SELECT value FROM zl_tag WHERE key IN ('t', 'f') ORDER BY key", "--format", "csv")
    rows = list(csv.reader(io.StringIO(ask(*question, database=database).stdout)))
    assert rows == [["value"], [f"'{FORMULA}"], [EVIL]]
    rows = list(csv.reader(io.StringIO(ask(*question, "--raw", database=database).stdout)))
    assert rows == [["value"], [FORMULA], [EVIL]]
    as_json = ask(*question[:-1], "json", database=database).stdout
    assert [row["value"] for row in json.loads(as_json)] == [FORMULA, EVIL]


def test_exports_and_listings_defuse_formulas(tmp_path: Path) -> None:
    url, paths = f"sqlite:///{tmp_path / 'f.db'}", written(tmp_path)
    request = api.RunRequest(**paths, objective=api.objective_of("latency"), lpf_limit=2)
    api.run(request, store=url, experiment=FORMULA, mlflow="off")
    for words in (["export", "runs"], ["export", "layers"], ["best", "--csv"]):
        for raw in ([], ["--raw"]):
            text = ask(*words, *raw, database=url).stdout
            [cell] = {cell for row in csv.reader(io.StringIO(text)) for cell in row if "HYPERLINK" in cell} or {None}
            assert cell == (FORMULA if raw else f"'{FORMULA}"), words
