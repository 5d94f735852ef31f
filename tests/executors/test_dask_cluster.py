"""Dask: a cluster of this machine with two workers, used as our own and as one that runs already."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executors.work import doubled
from tests.sweeps.inline import Patience
from tests.sweeps.small import sweep_file
from zigzag_lab.api.sweep import run_sweep
from zigzag_lab.api.sweep_answers import sweep_points
from zigzag_lab.executors import dask_cluster, open_engine
from zigzag_lab.executors.dask_cluster import DaskCluster
from zigzag_lab.executors.worker import host_name
from zigzag_lab.vocab import InputError, ZigzagLabError


@pytest.fixture(scope="module")
def engine() -> Iterator[DaskCluster]:
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    opened = open_engine("dask", doubled, n_workers=2)
    assert isinstance(opened, DaskCluster)
    yield opened
    opened.submit(["sleep"])
    opened.close(now=True)


@pytest.fixture
def scheduler(engine: DaskCluster) -> str:
    return str(engine._cluster.scheduler_address)


def test_chunks_are_answered_in_order_by_two_processes_of_this_machine(engine: DaskCluster) -> None:
    assert [engine.submit(items).result(60) for items in ([1, 2], [3])] == [[2, 4], [6]]
    assert (engine.n_workers, engine.hosts) == (2, {host_name()})
    with pytest.raises(ValueError, match="no"):
        engine.submit(["raise"]).result(60)


def test_a_worker_that_dies_costs_its_chunk_only_which_is_done_again(engine: DaskCluster, tmp_path: Path) -> None:
    dies, lives = engine.submit([1, tmp_path / "mark"]), engine.submit([2])
    assert (dies.result(60), lives.result(60)) == ([2, "lived"], [4])


def test_interrupts_are_for_the_sweep_alone(engine: DaskCluster) -> None:
    assert engine.submit(["interrupt", 3]).result(60) == ["lived", 6]


def test_workers_that_come_later_count(engine: DaskCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.restart_dead_workers()  # which counts
    before, there = engine.n_workers, dict.fromkeys("abc", 1)
    monkeypatch.setattr(engine._client, "nthreads", lambda: there)
    assert engine.n_workers == before  # a moment later nobody asks again
    monkeypatch.setattr(dask_cluster, "SECONDS_BETWEEN_COUNTS", 0.0)
    assert engine.n_workers == 3
    there.clear()
    assert engine.n_workers == 1  # what is handed out waits for new ones


def test_a_scheduler_that_is_gone_is_said(engine: DaskCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> None:
        raise OSError("the connection is closed")

    monkeypatch.setattr(engine._client, "nthreads", nobody)
    with pytest.raises(ZigzagLabError, match="no longer answers"):
        engine.restart_dead_workers()


def test_our_workers_keep_freed_memory_and_leave_this_process_as_it_was(engine: DaskCluster) -> None:
    trims = "MALLOC_TRIM_THRESHOLD_"
    assert engine.submit([f"${trims}", "$OMP_NUM_THREADS"]).result(60) == [None, "1"]
    assert trims not in os.environ  # Dask copies what its workers get into the process that starts them


def test_a_sweep_on_a_running_scheduler_leaves_it_running(scheduler: str, tmp_path: Path, engine: DaskCluster) -> None:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    outcome = run_sweep(sweep_file(tmp_path), store=url, executor="dask", scheduler=scheduler, listener=Patience())
    assert (outcome.progress.n_done, outcome.progress.n_failed, outcome.is_complete) == (6, 0, True)
    assert len(sweep_points("small", url)) == 6
    assert engine.submit([5]).result(60) == [10]


def test_a_scheduler_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_cluster, "TIMEOUT_SECONDS", 0.3)
    with pytest.raises(InputError, match=r"tcp://127.0.0.1:1.*does not answer"):
        open_engine("dask", doubled, scheduler="tcp://127.0.0.1:1")


def test_a_scheduler_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_cluster, "TIMEOUT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(InputError, match=r"does not answer \(nothing within"):
            open_engine("dask", doubled, scheduler=address)
    assert time.monotonic() - started < 30


def test_a_scheduler_that_falls_silent_is_said_and_the_end_is_not_waited_for(
    scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_engine("dask", doubled, scheduler=scheduler)
    monkeypatch.setattr(dask_cluster, "TIMEOUT_SECONDS", 0.2)
    with monkeypatch.context() as patched:
        patched.setattr(opened._client, "nthreads", lambda: time.sleep(30))  # type: ignore[attr-defined]
        with pytest.raises(ZigzagLabError, match="no longer answers"):
            opened.restart_dead_workers()
    started = time.monotonic()
    opened.close()
    assert time.monotonic() - started < 25


def test_without_the_library_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"zigzag-lab\[dask\]"):
        open_engine("dask", doubled)
