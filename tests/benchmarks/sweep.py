"""How quick sweeps are, and whether kills change their tables: ``python -m tests.benchmarks.sweep rate|kills|large``.

``rate`` prices variations of tpu_like times ResNet-18 with one worker and with two; ``kills`` kills a sweep at random
moments and compares its table with that of an undisturbed one; ``large`` expands and resumes 100,000 points of a cheap
layer whose answers are made up.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from tests.sweeps.small import R_COST, SIZE, sweep_file

COMMAND = [sys.executable, "-c", "from zigzag_lab.cli import main; main()"]


def variations(folder: Path, n: int) -> Path:
    """A sweep of so many random variations of tpu_like: sizes, costs, bandwidths, array sizes."""
    file = folder / "experiment.yaml"
    said = {
        "name": "variations",
        "workloads": ["resnet18"],
        "accelerators": ["tpu_like"],
        "sampling": {"random": n},
        "space": {
            SIZE: {"log_range": ["64 KiB", "8 MiB"]},
            R_COST: {"range": [100, 1000], "count": 10},
            "accelerator.memories.dram.r_cost": {"range": [400, 1000], "count": 7},
            "accelerator.memories.sram_2MB.ports[0].bandwidth_max": [512, 1024, 2048, 4096],
            "rows": [8, 16, 32, 64],
            "columns": [8, 16, 32, 64],
        },
        "derived": {
            "accelerator.operational_array.sizes": "[rows, columns]",
            "mapping[0].spatial_mapping.D1": "[text('K, ', rows)]",
            "mapping[0].spatial_mapping.D2": "[text('C, ', columns)]",
        },
    }
    file.write_text(yaml.safe_dump(said, sort_keys=False))
    return file


def swept(file: Path, database: Path, workers: int) -> dict[str, Any]:
    """What a sweep says in the end."""
    command = [*COMMAND, "sweep", str(file), "--db", f"sqlite:///{database}", "--workers", str(workers), "--json"]
    said: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return said


def table(database: Path, sweep: str) -> list[dict[str, Any]]:
    """All points with their figures."""
    command = [*COMMAND, "best", "--sweep", sweep, "--limit", "all", "--json", "--db", f"sqlite:///{database}"]
    points = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return [{k: v for k, v in point.items() if k != "run_id"} for point in points]


def rate(folder: Path, n: int) -> None:
    """Points a second with one worker and with two, and the same again."""
    file = variations(folder, n)
    for workers in (1, 2):
        database = folder / f"{workers}.db"
        first, again = swept(file, database, workers), swept(file, database, workers)
        print(
            f"{workers} workers: {first['n_priced']} points in {first['seconds']:.1f} s "
            f"({first['n_priced'] / first['seconds']:.2f}/s); "
            f"again: {again['seconds']:.2f} s, {again['n_priced']} priced"
        )


def kills(folder: Path, n: int) -> None:
    """Ten kills at random moments."""
    file, draw = variations(folder, n), random.Random()
    quiet = swept(file, folder / "quiet.db", 2)
    command = [*COMMAND, "sweep", str(file), "--workers", "2", "--db", f"sqlite:///{folder / 'killed.db'}"]
    for i in range(10):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(draw.uniform(0.5, 0.5 + 0.4 * quiet["seconds"]))
        process.kill()
        process.wait()
        print(f"kill {i + 1}", flush=True)
    last = swept(file, folder / "killed.db", 2)
    first, second = table(folder / "quiet.db", "variations"), table(folder / "killed.db", "variations")
    print(
        f"{len(first)} points, undisturbed in {quiet['seconds']:.1f} s; "
        f"{last['n_known']} were done before the last start"
    )
    print("the tables are identical" if first == second else "THE TABLES DIFFER")


def large(folder: Path) -> None:
    """A hundred thousand points: expansion, dry run, resume, Pareto front."""
    from zigzag_lab.api.sweep import plan_sweep, run_sweep
    from zigzag_lab.api.sweep_answers import front_of, sweep_points
    from zigzag_lab.store import open_store
    from zigzag_lab.store.sweep_points import PointRow, PricedPoint, open_sweep
    from zigzag_lab.sweeps import points, read_sweep

    axis = {"range": [1000, 1_000_000], "step": 1000}
    file = sweep_file(
        folder, space={SIZE: axis, R_COST: {"range": [1, 100], "step": 1}}, derived={"cost": f"2 * {R_COST}"}
    )
    url = f"sqlite:///{folder / 'large.db'}"
    found = timed("expansion", lambda: list(points(read_sweep(file))))
    draw = random.Random(0)
    with open_store(url) as store:
        record = open_sweep(store, "small", "latency", len(found), {})
        for start in range(0, len(found), 5000):
            part = found[start : start + 5000]
            rows = [PointRow(p.key, p.workload, p.accelerator, p.mapping, p.values) for p in part]
            record.claim(rows, {})
            made_up = [
                {"energy_pj": draw.random(), "latency_cycles": draw.random(), "edp_pj_cycles": 1.0} for _ in part
            ]
            record.record([PricedPoint(p.key, "finished", f, {}) for p, f in zip(part, made_up, strict=True)])
    del found
    timed("dry run", lambda: plan_sweep(file, store=url))
    timed("resume with nothing to do", lambda: run_sweep(file, store=url, listener=_Nobody()))
    timed("pareto", lambda: front_of(sweep_points("small", url), ["energy", "latency"]))
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


class _Nobody:
    def progressed(self, progress: Any) -> None:
        """Nothing."""

    def is_stopped(self) -> bool:
        return False


def timed(what: str, do: Callable[[], Any]) -> Any:
    """Do something and say how long it took."""
    started = time.perf_counter()
    result = do()
    print(f"{what}: {time.perf_counter() - started:.1f} s", flush=True)
    return result


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["rate", "kills", "large"])
    parser.add_argument("--points", type=int, default=100)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        if given.what == "large":
            large(Path(folder))
        else:
            {"rate": rate, "kills": kills}[given.what](Path(folder), given.points)


if __name__ == "__main__":
    main()
