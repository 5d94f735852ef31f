"""Sweeps on other engines: ``python -m tests.benchmarks.sweep_engines dask|postgres [--points 100] [--rounds 3]``.

``dask`` prices variations of tpu_like times ResNet-18 with two local processes, with a Dask cluster of two workers that
the sweep starts, and with one that runs before, with Dask's own settings, as users start theirs. It compares the median
rates, each from the first stored point to the last, so that starting processes does not count; each sweep has a fresh
database, fresh workers and a process of its own. ``postgres`` starts four processes on the same sweep in one Postgres
and counts how often each point was priced.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Measured:
    """What a sweep took.

    Attributes:
        rate: points a second, from the first portion stored to the last.
        cpu: CPU seconds of all its processes, with their start and end; without those of a cluster that ran before.
        seconds: wall time in all, start of the workers included.
    """

    rate: float
    cpu: float
    seconds: float


def measured(file: Path, database: Path, executor: str, scheduler: str | None) -> Measured:
    """Run a sweep with two workers; called in a process of its own, so that no engine leaves anything to another."""
    watch, url = Stopwatch(), f"sqlite:///{database}"
    outcome = run_sweep(file, store=url, n_workers=2, executor=executor, scheduler=scheduler, listener=watch)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Measured(watch.rate, sum(one.ru_utime + one.ru_stime for one in used), outcome.seconds)


def dask(folder: Path, n: int, rounds: int) -> None:
    """Rates of local processes, of our Dask cluster and of one as users start it, in turns."""
    from distributed import LocalCluster

    file = variations(folder, n)
    rates: dict[str, list[float]] = {"local": [], "dask": [], "scheduler": []}
    for i in range(rounds):
        for kind, found in rates.items():
            with ExitStack() as stack:
                address = None
                if kind == "scheduler":
                    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
                    address = stack.enter_context(cluster).scheduler_address
                pool = stack.enter_context(ProcessPoolExecutor(1, multiprocessing.get_context("spawn")))
                executor = "local" if kind == "local" else "dask"
                one = pool.submit(measured, file, folder / f"{kind}{i}.db", executor, address).result()
            found.append(one.rate)
            print(f"{kind}: {one.rate:.2f}/s; in all {one.seconds:.1f} s, {one.cpu:.1f} CPU s", flush=True)
    medians = {kind: statistics.median(found) for kind, found in rates.items()}
    print("medians: " + ", ".join(f"{kind} {rate:.2f}/s" for kind, rate in medians.items()))
    for kind in ("dask", "scheduler"):
        print(f"{kind} / local: {medians[kind] / medians['local']:.2f}")


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
    parser.add_argument("--rounds", type=int, default=3, help="of dask: how often each engine has its turn")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        if given.what == "dask":
            dask(Path(folder), given.points, given.rounds)
        else:
            postgres(Path(folder), given.points)


if __name__ == "__main__":
    main()
