from __future__ import annotations

import socket
import sqlite3
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from zigzag_lab.tracking import reach
from zigzag_lab.tracking.reach import TrackingError, check_reachable


def closed_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def test_a_file_that_can_be_made(tmp_path: Path) -> None:
    check_reachable(f"sqlite:///{tmp_path}/new/m.db")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_folder_that_cannot_be_made() -> None:
    with pytest.raises(TrackingError, match="folder cannot be made"):
        check_reachable("sqlite:////dev/null/m.db")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "m.db").write_text("not a database at all, but some text " * 100)
    with pytest.raises(TrackingError, match="not a database"):
        check_reachable(f"sqlite:///{tmp_path}/m.db")


def test_a_locked_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(tmp_path / "m.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TrackingError, match="another process kept it locked"):
            check_reachable(f"sqlite:///{tmp_path}/m.db")


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "http"])
def test_a_server_that_does_not_answer(scheme: str) -> None:
    with pytest.raises(TrackingError, match="does not answer") as caught:
        check_reachable(f"{scheme}://me:hidden@127.0.0.1:{closed_port()}/mlflow")
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["http", "https", "postgresql+psycopg", "mysql"])
def test_a_server_that_takes_a_connection_and_says_nothing_is_asked_once(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "ANSWER_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"{scheme}://me:hidden@127.0.0.1:{silent.getsockname()[1]}/mlflow"
        with pytest.raises(TrackingError, match="does not answer"):
            check_reachable(uri)
    for _ in range(2):
        with pytest.raises(TrackingError, match="it said nothing within 0 s"):  # though nobody listens any more
            check_reachable(uri)
    monkeypatch.setattr(reach, "REMEMBERED_SECONDS", -1.0)
    with pytest.raises(TrackingError, match="refused"):
        check_reachable(uri)


@pytest.mark.parametrize("status", [200, 401, 404, 500])
def test_any_answer_of_a_server_is_one(status: int) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.handle_request, daemon=True).start()
        check_reachable(f"http://127.0.0.1:{server.server_port}/deep/path")


def test_a_server_behind_a_proxy_is_left_to_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:1")
    monkeypatch.setenv("no_proxy", "")
    check_reachable(f"http://127.0.0.1:{closed_port()}")


@pytest.mark.parametrize("uri", ["databricks", "postgresql:///m?host=/tmp", "mysql://a,b:1,2/m"])
def test_what_cannot_be_told_without_asking_mlflow(uri: str) -> None:
    check_reachable(uri)
