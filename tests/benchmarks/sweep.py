"""How quick sweeps are, and whether kills change their tables: ``python -m tests.benchmarks.sweep rate|kills|large``.

``rate`` prices variations of tpu_like times ResNet-18 with one worker and with two; ``kills`` kills an experiment ten
times at random moments and compares its table with that of an undisturbed one; ``large`` expands and resumes 100,000
points of a cheap layer whose answers are made up.
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
from zigzag_lab.store import Lab

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
    command = [
        *COMMAND,
        "sweep",
        str(file),
        "--db",
        f"sqlite:///{database}",
        "--workers",
        str(workers),
        "--mlflow",
        "off",
        "--json",
    ]
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


def kills(folder: Path, file: Path, seed: int, share: float) -> None:
    """Ten kills at random moments; then what is missing is priced, and the table compared with an undisturbed one."""
    draw, killed, quiet = random.Random(seed), folder / "killed.db", swept(file, folder / "quiet.db", 2)
    print(f"seed {seed}; undisturbed: {quiet['n_points']} points in {quiet['seconds']:.1f} s", flush=True)
    command = [*COMMAND, "sweep", str(file), "--workers", "2", "--mlflow", "off", "--db", f"sqlite:///{killed}"]
    n_killed = 0
    while n_killed < 10:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(draw.uniform(0.5, 0.5 + share * quiet["seconds"]))
        n_killed += process.poll() is None
        process.kill()
        process.wait()
        print(f"killed {n_killed} times, {n_stored(killed)} points stored", flush=True)
    last = swept(file, killed, 2)
    first, second = table(folder / "quiet.db", last["sweep"]), table(killed, last["sweep"])
    with Lab(f"sqlite:///{killed}") as lab:
        (counts,) = lab.sql(
            "SELECT COUNT(*), COUNT(DISTINCT point_key), COUNT(DISTINCT run_number), (SELECT COUNT(*) FROM zl_run) "
            "FROM zl_sweep_point"
        ).rows
    print(f"points, different ones, their runs, all runs: {counts}; priced after the last kill: {last['n_priced']}")
    print(f"{len(first)} and {len(second)} finished points")
    print("the tables are identical" if first == second else "THE TABLES DIFFER")


def n_stored(database: Path) -> int:
    """How many points have a run."""
    if not database.exists():
        return 0
    with Lab(f"sqlite:///{database}") as lab:
        return int(lab.sql("SELECT COUNT(run_number) FROM zl_sweep_point").rows[0][0])


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
    started, cpu = time.perf_counter(), time.process_time()
    result = do()
    print(f"{what}: {time.perf_counter() - started:.1f} s, {time.process_time() - cpu:.1f} CPU s", flush=True)
    return result


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["rate", "kills", "large"])
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--file", type=Path, default=Path("experiments/buffer-and-array"), help="killed sweep")
    parser.add_argument("--share", type=float, default=0.15, help="of the undisturbed time, at most, until a kill")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        if given.what == "large":
            large(folder)
        elif given.what == "kills":
            kills(folder, given.file, given.seed, given.share)
        else:
            rate(folder, given.points)


if __name__ == "__main__":
    main()
