"""How we speak to Dask, with a stand-in for it: the library itself is an extra."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest

from tests.executors.work import doubled
from zigzag_lab.executors import open_engine
from zigzag_lab.vocab import InputError

CALLS: list[tuple[str, Any]] = []


class Client:
    def __init__(self, address: Any, timeout: str) -> None:
        if address == "tcp://nobody:1":
            raise OSError("timed out")
        CALLS.append(("client", address))

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        return {"workers": {"a": {}, "b": {}}}

    def scatter(self, data: bytes, broadcast: bool) -> bytes:
        CALLS.append(("scatter", broadcast))
        return data

    def get_executor(self, **_: Any) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(1)

    def close(self) -> None:
        CALLS.append(("close", None))


class LocalCluster:
    def __init__(self, **how: Any) -> None:
        CALLS.append(("cluster", how["n_workers"]))

    def close(self) -> None:
        CALLS.append(("cluster closed", None))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    module: Any = ModuleType("distributed")
    module.Client, module.LocalCluster = Client, LocalCluster
    monkeypatch.setitem(sys.modules, "distributed", module)
    CALLS.clear()
    return CALLS


def test_the_work_is_sent_once_and_our_own_cluster_is_ended(calls: list[tuple[str, Any]]) -> None:
    engine = open_engine("dask", doubled, n_workers=2)
    assert [engine.submit(items).result(10) for items in ([1, 2], [3])] == [[2, 4], [6]]
    engine.close()
    kinds = [kind for kind, _ in calls]
    assert (kinds.count("scatter"), kinds[-1], engine.n_workers) == (1, "cluster closed", 2)


def test_a_scheduler_that_runs_is_used_and_left_running(calls: list[tuple[str, Any]]) -> None:
    open_engine("dask", doubled, scheduler="tcp://head:8786").close()
    assert ("client", "tcp://head:8786") in calls
    assert not [kind for kind, _ in calls if kind.startswith("cluster")]


def test_a_scheduler_that_does_not_answer_is_said(calls: list[tuple[str, Any]]) -> None:
    with pytest.raises(InputError, match=r"tcp://nobody:1.*does not answer"):
        open_engine("dask", doubled, scheduler="tcp://nobody:1")


def test_without_the_library_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"zigzag-lab\[dask\]"):
        open_engine("dask", doubled)
