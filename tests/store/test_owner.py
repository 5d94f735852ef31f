from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from zigzag_lab.store import Lab, RunStart, open_store
from zigzag_lab.store.owner import is_gone, this_process

START = (
    "import sys, os; from zigzag_lab.store import *; s = open_store(sys.argv[1]); s.start_run(RunStart()); os._exit(0)"
)


def test_a_process_that_runs_is_there() -> None:
    assert not is_gone(this_process())


def test_a_process_that_ended_is_gone_from_this_machine_only() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert is_gone(f"{platform.node()}:{ended.pid}")
    assert not is_gone(f"another-{platform.node()}:{ended.pid}")


@pytest.mark.parametrize("owner", ["", "nobody", f"{platform.node()}:", f"{platform.node()}:x"])
def test_owners_that_name_no_process_are_not_taken_for_gone(owner: str) -> None:
    assert not is_gone(owner)


def test_a_process_of_somebody_else_is_there() -> None:
    assert not is_gone(f"{platform.node()}:1")


def test_a_run_whose_process_is_gone_is_lost_at_once_and_one_that_goes_on_is_not(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    subprocess.run([sys.executable, "-c", START, url], check=True)
    with open_store(url) as store, store.start_run(RunStart()) as run:
        with Lab(url) as lab:
            going_on, gone = lab.runs()
        run.fail(ValueError("stopped"))
    assert (going_on.run_id, going_on.status, gone.status) == (run.run_id, "running", "lost")
    assert gone.reason is not None
    assert "killed" in gone.reason
    assert gone.ended_at is not None
