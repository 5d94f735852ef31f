"""What happens in workers that others started."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.executors.work import Growing
from zigzag_lab.executors.worker import work_on, work_on_given

SCRIPT = """
import pickle, resource
from tests.executors.work import written
from zigzag_lab.executors.worker import work_on_given

def faults(work):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    work()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

items, work = [1 << 20] * 100, pickle.dumps(written)
print(faults(lambda: [written(item) for item in items]), faults(lambda: work_on_given("token", work, items)))
"""


def test_memory_is_kept_from_array_to_array_where_dask_says_to_give_it_back() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "MALLOC_TRIM_THRESHOLD_": "65536"}
    command = [sys.executable, "-c", SCRIPT]
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    trimmed, ours = (int(n_pages) for n_pages in said.split())
    assert trimmed > 10_000  # a hundred megabytes in pages of 4 KiB: 25,600
    assert ours < 5_000


def test_threads_of_one_worker_do_not_share_what_work_remembers() -> None:
    both_there, work = threading.Barrier(2), pickle.dumps(Growing())
    with ThreadPoolExecutor(2) as threads:
        chunks = [threads.submit(work_on_given, "a token", work, [both_there, both_there]) for _ in range(2)]
        assert [chunk.result() for chunk in chunks] == [[1, 1], [1, 1]]


def test_a_worker_refuses_work_that_it_was_not_initialised_for() -> None:
    assert work_on_given("one", pickle.dumps(str), [1]) == ["1"]
    with pytest.raises(LookupError, match="not initialised"):
        work_on("another", [1])
