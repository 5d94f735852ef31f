"""Local processes: started once, told once what to do, gone when their parent is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.executors.work import CutShort, doubled
from zigzag_lab.executors import Engine, local, open_engine
from zigzag_lab.executors.dask_cluster import within
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
            engine.end_stuck_workers()
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
                engine.end_stuck_workers()
            os.kill(worker, signal.SIGCONT)
            assert engine.submit(["process"]).result(60) == [worker]
            monkeypatch.setattr(engine, "_watched", -1e9)
            engine.end_stuck_workers()
    finally:
        engine.close(now=True)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not tell who is stopped")
def test_a_worker_that_is_stopped_holds_up_the_end_for_some_seconds_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "STOPPED_SECONDS", 1)
    engine = open_engine("local", doubled, n_workers=1)
    (worker,) = engine.submit(["process"]).result(60)
    stop(worker)
    try:
        within(60, engine.close)
    finally:
        end(worker)


def end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def appears(sign: Path) -> bool:
    for _ in range(1200):
        if sign.exists():
            return True
        time.sleep(0.05)
    return False


@contextmanager
def answering_in_part(tmp_path: Path, *, is_deadly: bool) -> Iterator[tuple[Engine[Any, Any], list[Future[list[Any]]]]]:
    """An engine of two workers, and their chunks: one computes, one has sent half of its answer."""
    engine, sign = open_engine("local", doubled, n_workers=2), tmp_path / "sign"
    chunks = [engine.submit(["sleep"]), engine.submit([CutShort(sign, is_deadly)])]
    answers: Any = getattr(engine, "_pool")._result_queue  # noqa: B009
    try:
        assert appears(sign)
        yield engine, chunks
    finally:
        answers._writer.close()  # or nothing would ever end where the engine has left it open
        within(60, lambda: engine.close(now=True))


def test_the_end_comes_at_once_where_an_answer_is_cut_short(tmp_path: Path) -> None:
    with answering_in_part(tmp_path, is_deadly=False) as (engine, chunks):
        within(30, lambda: engine.close(now=True))
        for chunk in chunks:
            assert isinstance(chunk.exception(0), BrokenProcessPool)


def test_a_worker_that_dies_as_it_answers_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with answering_in_part(tmp_path, is_deadly=True) as (engine, chunks):
        for _ in range(1200):
            monkeypatch.setattr(engine, "_watched", -1e9)
            engine.end_stuck_workers()
            if wait(chunks, 0.05).not_done == set():
                break
        for chunk in chunks:
            assert isinstance(chunk.exception(0), BrokenProcessPool)
        engine.restart_dead_workers()
        assert engine.submit([4]).result(60) == [8]
    assert "died as it sent an answer" in caplog.text


PARENT = """
import os, time
from tests.executors.work import CutShort, doubled
from zigzag_lab.executors import Engine, local, open_engine
from zigzag_lab.executors.dask_cluster import within
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
