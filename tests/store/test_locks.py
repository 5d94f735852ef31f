from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from zigzag_lab.store import DatabaseUrl
from zigzag_lab.store.locks import PUBLISH, LockHeldError, database_lock

HOLD = """
import sys, time
from zigzag_lab.store import DatabaseUrl
from zigzag_lab.store.locks import PUBLISH, database_lock
with database_lock(DatabaseUrl.parse(sys.argv[1]), PUBLISH, 1):
    print("ours", flush=True)
    time.sleep(60)
"""


def test_one_process_at_a_time_and_a_killed_one_gives_it_back(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/lab.db"
    command = [sys.executable, "-c", HOLD, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ours\n"
        with (
            pytest.raises(LockHeldError, match=f"process {other.pid} on "),
            database_lock(DatabaseUrl.parse(url), PUBLISH, 0.1),
        ):
            pytest.fail("two hold it")
        other.kill()
    with database_lock(DatabaseUrl.parse(url), PUBLISH, 1):
        pass


def test_one_process_at_a_time_on_a_server(postgres_database: str) -> None:
    url = DatabaseUrl.parse(postgres_database)
    with (
        database_lock(url, PUBLISH, 1),
        pytest.raises(LockHeldError, match=r"the connection of zl-.*, process \d+ of the server"),
        database_lock(url, PUBLISH, 0.1),
    ):
        pytest.fail("two hold it")
    with database_lock(url, PUBLISH, 1):
        pass


def test_a_database_in_memory_has_one_publisher_anyway() -> None:
    url = DatabaseUrl.parse("sqlite://")
    with database_lock(url, PUBLISH, 0), database_lock(url, PUBLISH, 0):
        pass
