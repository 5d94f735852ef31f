"""What happens in workers that others started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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
