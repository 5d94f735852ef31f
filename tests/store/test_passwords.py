"""A password in a URL is seen nowhere: not in logs, errors, tables, files of MLflow, nor in the list of processes."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.stages.small import written
from tests.store.conftest import emptied
from zigzag_lab.store.migrate import upgrade

SECRET = "Tr0ub4dor"
RUN = """
import sys, logging
logging.basicConfig(level=logging.DEBUG)
from zigzag_lab.cli import main
main(prog_name="zigzag-lab")
"""
HOLD = """
import sys, pathlib
from zigzag_lab.cli.process import hide_passwords
hide_passwords()
print(pathlib.Path("/proc/self/cmdline").read_bytes())
print(sys.argv[1:])
"""


@pytest.fixture
def secret_url(postgres_database: str) -> str:
    """The database with a password in its URL, which a server that trusts us does not look at."""
    url = emptied(postgres_database)
    upgrade(url)
    head, at, rest = url.partition("@")
    scheme, _, user = head.partition("://")
    return f"{scheme}+psycopg://{user.partition(':')[0]}:{SECRET}{at}{rest}"


def test_a_run_leaves_no_trace_of_a_password(secret_url: str, tmp_path: Path) -> None:
    mlflow = tmp_path / "mlflow"
    mlflow.mkdir()
    inputs = [word for kind, path in written(tmp_path).items() for word in (f"--{kind}", str(path))]
    arguments = ["run", *inputs, "--lpf-limit", "2", "--db", secret_url, "--mlflow", f"sqlite:///{mlflow}/mlflow.db"]
    environment = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUN, *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert SECRET not in answer.stdout + answer.stderr
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes(), path
    with psycopg.connect(secret_url.replace("+psycopg", "")) as connection:
        for (table,) in connection.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'zl_%'").fetchall():
            rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
            assert SECRET not in str(rows), table
        assert connection.execute("SELECT count(*) FROM zl_run WHERE status = 'finished'").fetchall() == [(1,)]
        names = connection.execute("SELECT application_name, query FROM pg_stat_activity").fetchall()
        assert SECRET not in str(names)


@pytest.mark.parametrize("words", [["ls"], ["doctor"], ["db", "check"], ["show"], ["compare", "a", "b"], ["export"]])
def test_an_error_shows_no_password(words: list[str], caplog: pytest.LogCaptureFixture) -> None:
    from click.testing import CliRunner

    from zigzag_lab.cli import main

    with caplog.at_level(logging.DEBUG):
        url = f"postgresql+psycopg://me:{SECRET}@127.0.0.1:1/lab"
        answer = CliRunner().invoke(main, [*words, "--db", url], prog_name="zigzag-lab")
    assert answer.exit_code in (1, 2)
    assert "me:***@127.0.0.1" in answer.output
    assert SECRET not in answer.output + caplog.text + repr(answer.exception)


if sys.platform == "linux":  # other systems keep command lines elsewhere

    def test_the_list_of_processes_shows_no_password() -> None:
        url = f"postgresql://me:{SECRET}@host/lab"
        words = [
            "ls",
            "--db",
            url,
            "--tag",
            f"api_key={SECRET}",
            "--password",
            SECRET,
            f"--token={SECRET}",
            "--limit",
            "3",
        ]
        answer = subprocess.run(
            [sys.executable, "-c", HOLD, *words], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        assert SECRET not in answer[0]
        for kept in ("postgresql://me:", "@host/lab", "api_key=", "--limit", "3"):
            assert kept in answer[0]
        assert answer[1] == str(words)
