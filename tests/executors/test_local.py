"""Local processes: started once, told once what to do, gone when their parent is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from tests.executors.work import doubled
from zigzag_lab.executors import local, open_engine
from zigzag_lab.vocab import InputError


def test_chunks_are_answered_in_order_a_dead_worker_is_mended_and_the_end_comes_at_once() -> None:
    engine = open_engine("local", doubled, n_workers=1)
    try:
        assert engine.submit([1, 2, 3]).result(60) == [2, 4, 6]
        (first,), (second,) = engine.submit(["process"]).result(60), engine.submit(["process"]).result(60)
        assert first == second != os.getpid()
        assert engine.submit(["interrupt", 3]).result(60) == ["lived", 6]
        with pytest.raises(ValueError, match="no"):
            engine.submit(["raise"]).result(60)
        with pytest.raises(BrokenProcessPool):
            engine.submit(["die"]).result(60)
        engine.restart_dead_workers()
        assert engine.submit([4]).result(60) == [8]
        engine.submit(["sleep"])
    finally:
        started = time.monotonic()
        engine.close(now=True)
    assert time.monotonic() - started < 30


def stop(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    for _ in range(600):
        if local._is_stopped(pid):
            return
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not tell who is stopped")
def test_workers_that_stay_stopped_are_ended_and_their_chunks_said_to_be_lost(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    engine = open_engine("local", doubled, n_workers=1)
    try:
        (worker,) = engine.submit(["process"]).result(60)
        stop(worker)
        chunk = engine.submit([1])
        for _ in range(local.STOPPED_SECONDS):
            assert not chunk.done()
            monkeypatch.setattr(engine, "_watched", -1e9)
            engine.end_stopped_workers()
        with pytest.raises(BrokenProcessPool):
            chunk.result(60)
        engine.restart_dead_workers()
        assert engine.submit([4]).result(60) == [8]
    finally:
        engine.close(now=True)
    assert f"worker process {worker} was stopped" in caplog.text


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not tell who is stopped")
def test_a_worker_that_goes_on_in_time_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_engine("local", doubled, n_workers=1)
    try:
        (worker,) = engine.submit(["process"]).result(60)
        for n_times in (local.STOPPED_SECONDS - 1, 5):
            stop(worker)
            for _ in range(n_times):
                monkeypatch.setattr(engine, "_watched", -1e9)
                engine.end_stopped_workers()
            os.kill(worker, signal.SIGCONT)
            assert engine.submit(["process"]).result(60) == [worker]
            monkeypatch.setattr(engine, "_watched", -1e9)
            engine.end_stopped_workers()
    finally:
        engine.close(now=True)


PARENT = """
import os, time
from tests.executors.work import doubled
from zigzag_lab.executors import local, open_engine
if __name__ == "__main__":
    engine = open_engine("local", doubled, n_workers=1)
    print(engine.submit(["process"]).result(60)[0], flush=True)
    time.sleep(60)
"""


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": root}
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.kill()
    for _ in range(300):
        if not _is_running(worker):
            return
        time.sleep(0.1)
    pytest.fail("the worker outlived its parent")


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_what_cannot_be_opened_is_said() -> None:
    with pytest.raises(InputError, match="Did you mean 'local'"):
        open_engine("lokal", doubled)
    with pytest.raises(InputError, match="--executor dask"):
        open_engine("local", doubled, scheduler="tcp://x:1")
    with pytest.raises(InputError, match="at least 1"):
        open_engine("local", doubled, n_workers=0)
