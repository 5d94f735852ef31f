"""How quickly runs reach MLflow, and whether they are the same there: ``python -m tests.benchmarks.publish``.

Many runs of ResNet-18 (21 layers each) are published into a new SQLite file in WAL mode: as points of a sweep, then as
runs of their own. Every number in MLflow is then compared with ours, to the last bit; the last figures are those of a
publisher that is killed, and started again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.sweeps.small import SIZE

PUBLISH = """
import sys
from zigzag_lab.api.mlflow_view import sync
print(sync(sys.argv[1], sys.argv[2], policy="all").sentence)
"""
OURS = """
SELECT p.mlflow_run_id, k.key, k.step, k.value FROM zl_publication p JOIN (
    SELECT number AS run, 'total/energy_pj' AS key, 0 AS step, energy_pj AS value FROM zl_run
    UNION ALL SELECT number, 'total/mac_energy_pj', 0, mac_energy_pj FROM zl_run
    UNION ALL SELECT number, 'total/memory_energy_pj', 0, memory_energy_pj FROM zl_run
    UNION ALL SELECT number, 'total/latency_cycles', 0, latency_cycles FROM zl_run
    UNION ALL SELECT number, 'total/edp_pj_cycles', 0, edp_pj_cycles FROM zl_run
    UNION ALL SELECT run_number, 'layers/energy_pj', layer_index, energy_pj FROM zl_layer_evaluation
    UNION ALL SELECT run_number, 'layers/latency_cycles', layer_index, latency_cycles FROM zl_layer_evaluation
) k ON k.run = p.run_number
"""
THEIRS = "SELECT run_uuid, key, step, value FROM metrics WHERE key LIKE 'total/%' OR key LIKE 'layers/%'"


def recorded(folder: Path, n: int) -> Path:
    """A database with so many points of a sweep, each another accelerator."""
    from zigzag_lab.api.sweep import run_sweep

    class Nobody:
        def progressed(self, progress: object) -> None:
            """Nothing."""

        def is_stopped(self) -> bool:
            return False

    file = folder / "experiment.yaml"
    said = {
        "name": "many",
        "workloads": ["resnet18"],
        "accelerators": ["tpu_like"],
        "options": {"lpf_limit": 1, "n_spatial_mappings": 1},
        "space": {
            SIZE: {"log_range": ["64 KiB", "8 MiB"], "count": 8},
            "cost": {"range": [1, n // 8], "count": n // 8},
        },
        "derived": {"accelerator.memories.sram_2MB.r_cost": "cost"},
    }
    file.write_text(json.dumps(said))
    run_sweep(file, store=f"sqlite:///{folder / 'ours.db'}", n_workers=2, listener=Nobody())
    return folder / "ours.db"


def publishing(database: Path, mlflow: Path) -> subprocess.Popen[str]:
    """A process that publishes all there is."""
    words = [sys.executable, "-c", PUBLISH, f"sqlite:///{database}", f"sqlite:///{mlflow}"]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def published(what: str, database: Path, mlflow: Path) -> None:
    """Publish, and say how long it took."""
    started, before = time.monotonic(), os.times()
    said = publishing(database, mlflow).communicate()[0].strip()
    seconds, after = time.monotonic() - started, os.times()
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    with closing(sqlite3.connect(mlflow)) as theirs:
        mode = theirs.execute("PRAGMA journal_mode").fetchone()[0]
    print(f"{what}: {seconds:.1f} s, {busy:.1f} s of processor time, journal {mode}: {said}", flush=True)


def compared(database: Path, mlflow: Path) -> None:
    """Compare every total and every layer of every run, both ways, bit by bit."""
    with closing(sqlite3.connect(database)) as ours, closing(sqlite3.connect(mlflow)) as theirs:
        mine = {(run, key, step): value for run, key, step, value in ours.execute(OURS)}
        found = {(run, key, step): value for run, key, step, value in theirs.execute(THEIRS)}
        n_runs = len({run for run, _, _ in mine})
        doubles = theirs.execute(
            "SELECT COUNT(*) FROM (SELECT value FROM tags WHERE key = 'zl.run_id' GROUP BY value HAVING COUNT(*) > 1)"
        ).fetchone()[0]
    wrong = [key for key, value in mine.items() if found.get(key) != value]
    print(f"  {len(mine):,} numbers of {n_runs:,} runs: {len(wrong)} differ; {doubles} runs are there twice")


def n_there(mlflow: Path) -> int:
    """How many runs of ours MLflow has."""
    try:
        with closing(sqlite3.connect(f"file:{mlflow}?mode=ro", uri=True)) as theirs:
            return int(theirs.execute("SELECT COUNT(*) FROM tags WHERE key = 'zl.run_id'").fetchone()[0])
    except sqlite3.OperationalError:  # it is not made yet
        return 0


def killed(what: str, database: Path, mlflow: Path, n_kills: int) -> None:
    """Publish, killed again and again once it has begun."""
    draw = random.Random()
    for _ in range(n_kills):
        n, process = n_there(mlflow), publishing(database, mlflow)
        while n_there(mlflow) == n and process.poll() is None:
            time.sleep(0.05)
        time.sleep(draw.uniform(0.0, 2.0))
        process.kill()
        process.wait()
    published(f"{what} {n_kills} times, last with {n_there(mlflow):,} there", database, mlflow)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=3)
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        points = recorded(folder, given.runs)
        plain, shot = folder / "plain.db", folder / "shot.db"
        for copy in (plain, shot):
            shutil.copy(points, copy)
        with closing(sqlite3.connect(plain)) as db, db:
            db.execute("DELETE FROM zl_sweep_point")
            db.execute("DELETE FROM zl_sweep")
            db.execute(
                "INSERT INTO zl_publication (run_number, state, attempts, updated_at) "
                "SELECT number, 'pending', 0, started_at FROM zl_run"
            )
        work: dict[str, tuple[Path, Callable[[str, Path, Path], None]]] = {
            "points of a sweep": (points, published),
            "runs of their own": (plain, published),
            "points of a sweep, killed": (shot, lambda *those: killed(*those, given.kills)),
        }
        for what, (database, publish) in work.items():
            mlflow = folder / f"mlflow-{database.stem}" / "mlflow.db"
            mlflow.parent.mkdir()
            publish(what, database, mlflow)
            compared(database, mlflow)


if __name__ == "__main__":
    main()
