from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from zigzag_lab.store import DatabaseUrl
from zigzag_lab.store.connect import connect
from zigzag_lab.store.publisher_lock import processes_turn, threads_turn

HOLD = """
import sys, time
from zigzag_lab.store import DatabaseUrl
from zigzag_lab.store.connect import connect
from zigzag_lab.store.publisher_lock import processes_turn
with processes_turn(connect(DatabaseUrl.parse(sys.argv[1])), 1) as ours:
    print(ours, flush=True)
    time.sleep(60)
"""


def test_one_process_at_a_time_and_a_killed_one_gives_it_back(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/lab.db"
    database = connect(DatabaseUrl.parse(url))
    command = [sys.executable, "-c", HOLD, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        with processes_turn(database, 0.1) as ours:
            assert not ours
        other.kill()
    with processes_turn(database, 1) as ours:
        assert ours
    database.close()


def test_one_thread_at_a_time() -> None:
    with threads_turn(0) as ours, threads_turn(0.01) as theirs:
        assert ours
        assert not theirs
    with threads_turn(0) as ours:
        assert ours


def test_a_database_in_memory_has_one_publisher_anyway() -> None:
    database = connect(DatabaseUrl.parse("sqlite://"))
    with processes_turn(database, 0) as ours:
        assert ours
    database.close()
