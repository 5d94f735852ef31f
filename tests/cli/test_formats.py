"""``zigzag-lab schema``: the schema of a kind of file, and the line that names it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft7Validator

from zigzag_lab.api.formats import FORMATS
from zigzag_lab.cli import main


def schema(*words: str) -> Result:
    return CliRunner().invoke(main, ["schema", *words], prog_name="zigzag-lab")


@pytest.mark.parametrize("kind", FORMATS)
def test_it_prints_a_schema(kind: str) -> None:
    answer = schema(kind)
    assert answer.exit_code == 0
    printed = json.loads(answer.stdout)
    Draft7Validator.check_schema(printed)
    assert printed == json.loads(json.dumps(FORMATS[kind].schema()))


def test_it_prints_the_first_line_of_a_file() -> None:
    answer = schema("mapping", "--line")
    comment, _, path = answer.stdout.rstrip("\n").partition("=")
    assert comment == "# yaml-language-server: $schema"
    assert Path(path).read_text("utf-8") == schema("mapping").stdout


def test_an_unknown_kind_is_one_message() -> None:
    answer = schema("mappings")
    assert (answer.exit_code, answer.stdout) == (2, "")
    expected = "one of accelerator, mapping, sweep, workload. Did you mean 'mapping'?"
    assert answer.stderr == f"Error: schema: there is no kind of file called 'mappings'; expected {expected}\n"


def test_the_help_names_all_kinds() -> None:
    text = " ".join(schema("--help").stdout.split())
    assert all(kind in text for kind in FORMATS)
