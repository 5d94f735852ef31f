from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.claims_stress import question
from zigzag_lab.store import Lab, RunStart, environment, open_store
from zigzag_lab.store.claims import Claim, Claims
from zigzag_lab.store.environment import process_exited, this_process

START = (
    "import sys, os; from zigzag_lab.store import *; s = open_store(sys.argv[1]); s.start_run(RunStart()); os._exit(0)"
)
LOOK = """
import sys
from zigzag_lab.store import Lab
from zigzag_lab.stages.protocols import Question
from zigzag_lab.store.claims import Claims
with Lab(sys.argv[1]) as lab:
    claimed = Claims(lab.store.database).claim([Question("a key", "step", "", {}, {})])
    print(*[run.status for run in lab.runs()], len(claimed))
"""
NEW_NAMESPACE = ("unshare", "--user", "--map-root-user", "--pid", "--fork")
PLACE = this_process().rpartition(":")[0]


def may_make_namespaces() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*NEW_NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


@pytest.fixture
def ended() -> int:
    """The id of a process of ours that ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def _told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that does not say what its process ids count in."""
    monkeypatch.setattr(environment, "_where_ids_count", lambda pid: "")


def test_a_process_that_runs_is_there() -> None:
    assert not process_exited(this_process())


def test_a_process_that_ended_is_gone_from_where_its_id_counts_only(ended: int) -> None:
    host, boot, namespace = PLACE.split("/")
    assert process_exited(f"{PLACE}:{ended}")
    for elsewhere in (
        f"another-{PLACE}",
        f"{host}/{boot[::-1]}/{namespace}",
        f"{host}/{boot}/pid:[1]",
        f"{host}/{boot}",
        host,  # as versions wrote it that knew no namespaces
    ):
        assert not process_exited(f"{elsewhere}:{ended}"), elsewhere


@pytest.mark.usefixtures("_told_nothing")
def test_where_the_system_tells_nothing_nobody_is_taken_for_gone(ended: int) -> None:
    assert this_process().rpartition(":")[0] == platform.node()
    assert not process_exited(f"{platform.node()}:{ended}")


@pytest.mark.parametrize("name", ["", "nobody", f"{PLACE}:", f"{PLACE}:x", f"{PLACE}:²", platform.node()])
def test_owners_that_name_no_process_are_not_taken_for_gone(name: str) -> None:
    assert not process_exited(name)


def test_a_process_of_somebody_else_is_there() -> None:
    assert not process_exited(f"{PLACE}:1")


def test_an_id_that_no_process_can_have_is_gone() -> None:
    assert process_exited(f"{PLACE}:{10**30}")


@pytest.mark.skipif(not may_make_namespaces(), reason="this system lets nobody make namespaces")
def test_who_counts_processes_apart_takes_neither_a_run_nor_a_claim(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    with open_store(url) as store, store.start_run(RunStart()):
        assert isinstance(Claims(store.database).answer_or_claim(question("a key")), Claim)
        command = [*NEW_NAMESPACE, sys.executable, "-c", LOOK, url]
        seen = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert seen.stdout.split() == ["running", "0"], seen.stderr


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
