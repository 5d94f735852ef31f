"""Closed and full outputs, folders that are gone, and bytes that are no UTF-8: one line at most, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import arguments
from tests.stages.small import written

pytestmark = pytest.mark.skipif(os.name != "posix", reason="speaks to a POSIX shell")
FULL = Path("/dev/full")
PRESETS = "run --workload resnet18 --accelerator tpu_like --mapping tpu_like"
PLACES = {"closed": ">&-", **({"full": ">/dev/full"} if FULL.exists() else {})}


def shell(line: str, folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """What a line of the shell comes to, in which ``zl`` stands for our program and ``$1`` and so on for words."""
    program = f'zl() {{ "{sys.executable}" -m zigzag_lab "$@"; }}\n'
    source = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": source, "PYTHONUTF8": "1", "ZIGZAG_LAB_DB": "sqlite:///lab.db"}
    command = ["sh", "-c", program + line, "sh", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of one run, and its inputs."""
    folder = tmp_path_factory.mktemp("there")
    run = arguments(written(folder), "--lpf-limit", "3", "--mlflow", "off")
    answer = shell('zl "$@"', folder, *run)
    assert answer.returncode == 0, answer.stderr
    return folder


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("words", ["ls", "export layers", "--help"])
def test_output_that_nobody_takes_is_an_error(where: str, words: str, there: Path) -> None:
    answer = shell(f"zl {words} {PLACES[where]}", there)
    assert answer.returncode == 1
    assert answer.stderr.startswith(b"Error: standard output: it cannot be written to (")
    assert answer.stderr.count(b"\n") == 1


def test_a_run_is_kept_though_nobody_hears_of_it(there: Path) -> None:
    run = arguments(written(there), "--lpf-limit", "3", "--mlflow", "off", "--tag", "heard=no")
    answer = shell('zl "$@" <&- >&- 2>&-', there, *run)
    assert answer.returncode == 1
    assert (there / "lab.db").read_bytes()[:6] == b"SQLite"
    assert b"finished" in shell("zl ls --tag heard=no", there).stdout


@pytest.mark.parametrize("streams", ["2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_an_error_that_nobody_hears_has_its_status(streams: str, there: Path) -> None:
    answer = shell(f"zl show nothing {streams}", there)
    assert (answer.returncode, answer.stderr) == (2, b"")


@pytest.mark.parametrize("given", ["<&-", "</dev/null"])
def test_a_question_that_is_not_there(given: str, there: Path) -> None:
    answer = shell(f"zl sql - {given}", there)
    assert answer.returncode == 2
    assert answer.stderr.startswith(b"Error: SQL: no question")


@pytest.mark.parametrize("words", ["doctor", "sweep x.yaml", PRESETS])
def test_a_working_folder_that_is_gone(words: str, tmp_path: Path) -> None:
    answer = shell(f"mkdir gone && cd gone && rmdir ../gone && zl {words}", tmp_path)
    assert answer.returncode == 2
    assert b"Traceback" not in answer.stderr
    assert answer.stderr.startswith(b"Error: ")


# -- bytes -------------------------------------------------------------------------------------------------------------


def test_names_of_any_bytes(there: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(there) + b"/caf\xe9"))
    folder.mkdir()
    inputs = written(folder)
    workload = folder / os.fsdecode(b"net\xff.yaml")
    Path(inputs["workload"]).rename(workload)
    run = arguments(
        {**inputs, "workload": workload}, "--lpf-limit", "3", "--mlflow", "off", "--dump", str(folder / "dump")
    )
    first, second = (shell('zl "$@"', folder, *run) for _ in range(2))
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert b"2 of 2 distinct layers came from the cache" in second.stdout
    for words in ("ls", "show last", "show last --inputs again", "export layers --out a.parquet", "report", "doctor"):
        answer = shell(f"zl {words}", folder)
        assert answer.returncode == 0, (words, answer.stderr)
    assert (folder / "again" / "workload" / "net%FF.yaml").read_bytes() == workload.read_bytes()


@pytest.mark.parametrize(
    "line",
    [
        "zl show \"$1\"", "zl ls --experiment \"$1\"", "zl status \"$1\"", "zl compare \"$1\" last", "zl \"$1\"",
        "zl show last --layer \"$1\"", "zl import \"$1\"", "zl run --workload \"$1\" --accelerator x --mapping x",
        "zl ls --db \"sqlite:///$1\"", "zl sweep \"$1\"", "printf 'select \\377 x' | zl sql -",
        "zl plot energy \"$1\" -o x.png",
    ],
)  # fmt: skip
def test_words_of_any_bytes_find_nothing_but_words(line: str, there: Path) -> None:
    answer = shell(line, there, os.fsdecode(b"\xff\xfe"))
    assert answer.returncode in (0, 2)
    assert b"Traceback" not in answer.stderr


def test_what_is_hung_on_a_run_is_found_by_the_same_bytes(there: Path) -> None:
    word = os.fsdecode(b"\xe9t\xe9")
    assert shell('zl tag last season="$1"', there, word).returncode == 0
    assert shell('zl note last "$1"', there, word).returncode == 0
    assert b"finished" in shell('zl ls --tag season="$1"', there, word).stdout
