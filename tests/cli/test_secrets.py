"""Secrets that a run meets are found nowhere: not in its database, MLflow, report, export, log, errors or answers."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.stages.small import written
from tests.vocab.canaries import CANARIES, MARK, canary
from zigzag_lab.cli import main

RUN = """
import sys, logging
logging.basicConfig(level=logging.DEBUG)
from zigzag_lab.cli import main
main(prog_name="zigzag-lab")
"""


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=me", "-c", "user.email=me@host", *words], cwd=folder, check=True)


def contents(path: Path) -> bytes:
    """All that a file holds, packed or not."""
    data = path.read_bytes()
    if path.suffix == ".db" and data:
        with sqlite3.connect(path) as database:
            tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            values = [v for name in tables for row in database.execute(f'SELECT * FROM "{name}"') for v in row]
        database.close()
        data += b"".join(unpacked(value) for value in values if isinstance(value, bytes))
    return data


def unpacked(value: bytes) -> bytes:
    try:
        return zlib.decompress(value)
    except zlib.error:
        return value


def test_nothing_that_is_kept_published_or_said_holds_a_secret(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    git(work, "init", "-q")
    settings = work / "settings.txt"
    settings.write_text("alpha = 1\n")
    git(work, "add", ".")
    git(work, "commit", "-q", "--no-verify", "-m", "first")
    settings.write_text("alpha = 2\n" + "\n".join(CANARIES) + "\n")
    url = f"sqlite:///{work}/lab.db"
    inputs = [word for kind, path in written(tmp_path).items() for word in (f"--{kind}", str(path))]
    tags = ["--tag", f"api_key={canary(80)}", "--tag", f"words=my password: {canary(81)}"]
    words = ["run", *inputs, "--lpf-limit", "2", *tags, "--db", url, "--mlflow", f"sqlite:///{work}/mlflow.db"]
    left_out = ("MLFLOW_TRACKING_URI", "ZIGZAG_LAB_GIT_DIFF")
    environment = {k: v for k, v in os.environ.items() if k not in left_out} | {"HUB_TOKEN": canary(82)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUN, *words],
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = [done.stdout, done.stderr]
    for question in (
        ["note", "last", f"the token: {canary(83)}"],
        ["tag", "last", f"client_secret={canary(84)}"],
        ["show", "last"],
        ["ls", "--json"],
        ["export", "runs", "--out", str(work / "runs.csv")],
        ["report", "last", "-o", str(work / "report.html")],
        ["sql", "SELECT * FROM zl_tag UNION ALL SELECT number, note, name FROM zl_run"],
    ):
        answer = CliRunner().invoke(main, [*question, "--db", url])
        assert answer.exit_code == 0, answer.output
        said.append(answer.output)
    kept = [path for path in work.rglob("*") if path.is_file() and path != settings and ".git" not in path.parts]
    assert {"lab.db", "mlflow.db", "runs.csv", "report.html"} <= {path.name for path in kept}
    for path in kept:
        assert MARK.encode() not in contents(path), path
    assert b"+alpha = 2" in contents(work / "lab.db")
    assert MARK not in "".join(said)


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--workload", "https://me:@@host/net.onnx", "--accelerator", "tpu_like", "--mapping", "tpu_like"],
        ["run", "--workload", "resnet18", "--accelerator", "https://@@host/chip.yaml", "--mapping", "tpu_like"],
        ["ls", "--db", "sqlite://u:@@x"],
        ["ls", "--db", "mysql://u:@@x/lab"],
        ["ls", "--db", "postgresql://u:@@127.0.0.1:1/lab?connect_timeout=1"],
        ["sweep", "https://me:@@host/sweep.yaml"],
        ["show", "token=@"],
        ["ls", "--tag", "password:@"],
        ["import", "https://me:@@host/folder"],
    ],
)
def test_an_error_says_no_secret(words: list[str], tmp_path: Path) -> None:
    given = [word.replace("@@", canary(1) + "@").replace("@", canary(1), word.count("@") % 2) for word in words]
    answer = CliRunner().invoke(main, given)
    assert answer.exit_code in (1, 2)
    assert "Error" in answer.output
    assert MARK not in answer.output
    assert not isinstance(answer.exception, (ValueError, TypeError))
