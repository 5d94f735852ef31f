"""`zigzag-lab convert`: files of old versions become files that run, all of them or none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from tests.cli.commands import executed
from tests.inputs import old_files
from zigzag_lab.cli import main


def asked(*words: object) -> Result:
    return CliRunner().invoke(main, ["convert", *map(str, words)], prog_name="zigzag-lab")


@pytest.fixture
def old(tmp_path: Path) -> dict[str, Path]:
    """An accelerator, a mapping and a workload of ZigZag 3.1, in a folder of their own."""
    contents = {
        "accelerator": old_files.old_accelerator("separate", "3.1"),
        "mapping": old_files.MAPPING,
        "workload": old_files.WORKLOAD,
    }
    folder = tmp_path / "old"
    folder.mkdir()
    for name, content in contents.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    return {name: folder / f"{name}.yaml" for name in contents}


def test_what_was_converted_runs(old: dict[str, Path], tmp_path: Path) -> None:
    new = tmp_path / "new"
    result = asked(*old.values(), "--to", new)
    assert result.exit_code == 0, result.output
    assert f"{new / 'accelerator.yaml'}: accelerator, from the format of ZigZag 3.0 and 3.1" in result.stdout
    assert "  Left out: entry default: core_allocation: the list [1].\n" in result.stdout
    assert f"{old['workload']}: this workload needs no conversion.\n" in result.stdout
    assert sorted(path.name for path in new.iterdir()) == ["accelerator.yaml", "mapping.yaml"]
    words = ["--accelerator", str(new / "accelerator.yaml"), "--mapping", str(new / "mapping.yaml")]
    database = f"sqlite:///{tmp_path / 'runs.db'}"
    run = ["run", "--workload", str(old["workload"]), *words, "--opt", "energy", "--db", database, "--mlflow", "off"]
    ended = executed([*run, "--json"])
    assert ended.returncode == 0, ended.stderr
    expected = sum(array + sum(map(sum, levels.values())) for levels, array, _ in old_files.PRICES["separate"])
    assert json.loads(ended.stdout)["energy_pj"] == pytest.approx(expected, rel=1e-9)


def test_a_file_goes_beside_its_source_and_overwrites_none(old: dict[str, Path]) -> None:
    source = old["accelerator"]
    before = source.read_bytes()
    assert asked(source).exit_code == 0
    new = source.with_name("accelerator.converted.yaml")
    written = new.read_bytes()
    result = asked(source)
    assert result.exit_code == 2
    assert result.stderr == (
        f"Error: {new}: a file is there already; expected a new file. Name a new folder with --to.\n"
    )
    assert (source.read_bytes(), new.read_bytes()) == (before, written)
    assert asked(source, "--to", source.parent).exit_code == 2
    assert source.read_bytes() == before


def test_one_guess_and_nothing_is_written(old: dict[str, Path], tmp_path: Path) -> None:
    guess = tmp_path / "guess.yaml"
    guess.write_text(old["accelerator"].read_text().replace("rw_port: 1", "rw_port: 0"))
    result = asked(*old.values(), guess, "--to", tmp_path / "new")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {guess}: memories.dram.rw_port (line ")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_two_files_of_one_name_do_not_meet(old: dict[str, Path], tmp_path: Path) -> None:
    other = tmp_path / "accelerator.yaml"
    other.write_bytes(old["accelerator"].read_bytes())
    result = asked(old["accelerator"], other, "--to", tmp_path / "new")
    assert result.exit_code == 2
    assert f"both {old['accelerator']} and {other} would go there" in result.stderr
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_none_takes_nothing(old: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "new").write_text("mine")
    result = asked(old["accelerator"], "--to", tmp_path / "new")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")
    assert (tmp_path / "new").read_text() == "mine"


def test_what_cannot_be_written_takes_back_what_was(
    old: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import zigzag_lab.api.convert as module

    new, write = tmp_path / "new", module.write_atomically

    def failing(path: Path, content: bytes) -> None:
        if path.name == "mapping.yaml":
            raise OSError(28, "No space left on device", str(path))
        write(path, content)

    monkeypatch.setattr(module, "write_atomically", failing)
    assert asked(old["accelerator"], old["mapping"], "--to", new).exit_code != 0
    assert list(new.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        (
            "soc.yaml",
            "name: soc\ncores:\n  0: ./a.yaml\n  1: ./b.yaml\n",
            "--accelerator ./a.yaml, --accelerator ./b.yaml",
        ),
        ("tpu_like.py", "raise SystemExit(7)\n", "this is a Python file, as ZigZag 2 reads them, and is not run"),
        ("nowhere.yaml", None, "no such file"),
        ("broken.yaml", "a: [", "this is not YAML"),
        ("empty.yaml", "", "the file is empty"),
    ],
)
def test_what_cannot_be_converted_is_named_once(tmp_path: Path, name: str, content: str | None, part: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    result = asked(path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert part in result.stderr
    assert result.stderr.count("Error: ") == 1


@pytest.mark.parametrize("kind", ["accelerator", "mapping"])
def test_a_run_names_the_format_and_the_command(old: dict[str, Path], kind: str) -> None:
    inputs = {"workload": old["workload"], "accelerator": "tpu_like", "mapping": "tpu_like", kind: old[kind]}
    words = [word for name, value in inputs.items() for word in (f"--{name}", str(value))]
    ended = executed(["run", *words, "--mlflow", "off"])
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert f"Convert it by 'zigzag-lab convert {old[kind]}', or by hand: " in ended.stderr
