"""Sweeps on other engines: ``python -m tests.benchmarks.sweep_engines dask|postgres [--points 100]``.

``dask`` prices variations of tpu_like times ResNet-18 with two local processes and with a Dask cluster of two workers
of this machine, and compares the rates, both from the first point to the last, so that starting a cluster does not
count. ``postgres`` starts four processes on the same sweep in one Postgres and counts how often each point was priced.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.postgres import server
from tests.benchmarks.sweep import COMMAND, variations
from zigzag_lab.api.sweep import run_sweep
from zigzag_lab.store import Lab
from zigzag_lab.store.migrate import upgrade


class Stopwatch:
    """A listener that measures the rate from the first portion of points to the last."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, int]] = []

    def progressed(self, progress: Any) -> None:
        """Note how far it is."""
        self.seen.append((time.monotonic(), progress.n_done))

    def is_stopped(self) -> bool:
        return False

    @property
    def rate(self) -> float:
        """Points a second."""
        (started, before), (ended, n) = self.seen[0], self.seen[-1]
        return (n - before) / (ended - started)


def dask(folder: Path, n: int) -> None:
    """Rates of local processes and of Dask, in turns: local, Dask, local."""
    file = variations(folder, n)
    rates = []
    for i, executor in enumerate(("local", "dask", "local", "dask")):
        watch = Stopwatch()
        url = f"sqlite:///{folder / f'{i}.db'}"
        outcome = run_sweep(file, store=url, n_workers=2, executor=executor, listener=watch)
        rates.append(watch.rate)
        print(f"{executor}: {outcome.progress.n_done} points, {watch.rate:.2f}/s, {outcome.seconds:.1f} s in all")
    print(f"Dask / local: {(rates[1] + rates[3]) / (rates[0] + rates[2]):.2f}")


def postgres(folder: Path, n: int) -> None:
    """Four processes at the same sweep."""
    file = variations(folder, n)
    with server(None) as url:
        upgrade(url)
        command = [*COMMAND, "sweep", str(file), "--db", url, "--workers", "1", "--mlflow", "off", "--json"]
        started = time.monotonic()
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
        said = [json.loads(process.communicate()[0]) for process in processes]
        print(f"{n} points by 4 processes in {time.monotonic() - started:.1f} s: ", end="")
        print(" + ".join(str(one["n_priced"]) for one in said), f"= {sum(one['n_priced'] for one in said)} priced")
        with Lab(url) as lab:
            rows = lab.sql("SELECT COUNT(*), COUNT(DISTINCT run_number), SUM(attempts) FROM zl_sweep_point").rows
            runs = lab.sql("SELECT COUNT(*) FROM zl_run").rows
        print(f"points, runs of points, attempts: {rows[0]}; runs: {runs[0][0]}")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["dask", "postgres"])
    parser.add_argument("--points", type=int, default=100)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        {"dask": dask, "postgres": postgres}[given.what](Path(folder), given.points)


if __name__ == "__main__":
    main()
