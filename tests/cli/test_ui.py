from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.recorded import ask
from zigzag_lab.api import mlflow_view
from zigzag_lab.vocab import InputError

Two = tuple[str, list[str]]


@pytest.fixture
def taken() -> int:
    """A port that is in use."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_refused(taken: int) -> None:
    with pytest.raises(InputError, match=f"port {taken}: not free on 127.0.0.1"):
        mlflow_view._free_port("127.0.0.1", taken)


def test_the_next_free_port_is_taken(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlflow_view, "DEFAULT_PORT", taken)
    assert taken < mlflow_view._free_port("127.0.0.1", None) < taken + mlflow_view.N_PORTS


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(InputError):
        mlflow_view._free_port("192.0.2.1", 5000)


def test_the_store_goes_through_the_environment_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = []

    class Started(subprocess.Popen[bytes]):
        def __init__(self, words: list[str], **options: object) -> None:
            commands.append((words, options["env"]))
            super().__init__([sys.executable, "-c", "print('postgresql://me:secret@host/db is no')"], **options)  # type: ignore[call-overload]

    monkeypatch.setattr(mlflow_view.subprocess, "Popen", Started)
    monkeypatch.chdir(tmp_path)
    uri = "postgresql://me:secret@host/db"
    with pytest.raises(mlflow_view.ServerError, match=r"It says: postgresql://me:\*\*\*@host/db is no"):
        mlflow_view.mlflow_server(uri).__enter__()
    ((words, environment),) = commands
    assert "secret" not in " ".join(words)
    assert environment["MLFLOW_BACKEND_STORE_URI"] == uri
    assert environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert "MLFLOW_TRACKING_URI" not in environment


def test_publishing_must_not_be_off(two: Two) -> None:
    answer = ask("ui", "--no-open", database=two[0])
    assert answer.exit_code == 2
    assert "publishing is off" in answer.stderr


SERVER = """
import http.server, os, sys

def cli(prog_name):
    pid = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, __file__, sys.argv[sys.argv.index("--port") + 1]])
    os.waitpid(pid, 0)

class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

if __name__ == "__main__":
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Healthy).serve_forever()
"""
"""In place of MLflow's command: like it, it has a process of its own answer."""

LOOK = """
import time
from zigzag_lab.api import mlflow_view
with mlflow_view.mlflow_server("sqlite:///mlflow.db", port={port}) as (address, server):
    print(address, flush=True)
    {then}
"""


@pytest.mark.parametrize("then", ["time.sleep(600)", "pass", "raise SystemExit(3)"])
def test_no_server_outlives_the_command_however_it_ends(tmp_path: Path, then: str) -> None:
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow" / "__init__.py").touch()
    (tmp_path / "mlflow" / "cli.py").write_text(SERVER)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", LOOK.format(port=port, then=then)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == f"http://127.0.0.1:{port}"
        if "sleep" in then:
            assert answers(port)
            process.kill()
    until = time.monotonic() + 60
    while answers(port) and time.monotonic() < until:
        time.sleep(0.05)
    assert not answers(port)


def answers(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0
