"""Kill a run at random moments, and look at what is left. By hand: ``python -m tests.cli.kill [HOW_MANY] [SEED]``."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.cli.commands import executed

PROGRAM = "import sys; from zigzag_lab.cli import main; sys.exit(main(prog_name='zigzag-lab'))"
RUN = (
    "run",
    "--workload",
    "resnet18",
    "--accelerator",
    "tpu_like",
    "--mapping",
    "tpu_like",
    "--mlflow",
    "off",
    "--lpf-limit",
    "8",
    "--no-cache",
)

SUMS = (
    "SELECT run_id, COUNT(*) AS n, SUM(energy_pj) AS pj, SUM(latency_cycles) AS cycles FROM zl_v_layers GROUP BY run_id"
)


def asked(*words: str) -> Any:
    """What a command answers in JSON."""
    answer = executed(words)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def killed_after(seconds: float, database: Path) -> bool:
    """Start a run and kill it so many seconds later; whether it was still going."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *RUN, "--db", f"sqlite:///{database}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(seconds)
    was_alive = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return was_alive


def check(database: Path, before: dict[str, Any]) -> dict[str, Any]:
    """The runs after the next command: whole, and those that were finished before as they were."""
    url = f"sqlite:///{database}"
    runs = {run["run_id"]: run for run in asked("ls", "--limit", "all", "--json", "--db", url)}
    assert {run["status"] for run in runs.values()} <= {"finished", "lost"}
    for run_id, run in before.items():
        assert runs[run_id] == run, "a closed run has changed"
    for row in asked("sql", SUMS, "--format", "json", "--db", url):
        run = runs[row["run_id"]]
        if run["status"] == "finished":
            assert row["n"] == run["n_layers"]
            assert abs(row["pj"] / run["energy_pj"] - 1) < 1e-9
            assert row["cycles"] == run["latency_cycles"]
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert not connection.execute("PRAGMA foreign_key_check").fetchall()
    return runs


def main(how_many: int, seed: int, folder: Path) -> Counter[str]:
    """Kill so many runs, at moments all over the time that one takes; what became of them."""
    chance, database, started = random.Random(seed), folder / "lab.db", time.monotonic()
    executed([*RUN, "--db", f"sqlite:///{database}"])
    longest = time.monotonic() - started
    runs = check(database, {})
    assert len(runs) == 1
    fates: Counter[str] = Counter()
    for _ in range(how_many):
        seconds = chance.uniform(0.3 * longest, longest)
        was_alive = killed_after(seconds, database)
        after = check(database, runs)
        new = [run["status"] for run_id, run in after.items() if run_id not in runs]
        fates[new[0] if new else "not begun"] += 1
        print(f"killed after {seconds:.2f} s ({'alive' if was_alive else 'ended'}): {new or 'not begun'}")
        runs = after
    return fates


if __name__ == "__main__":
    count, number = map(int, [*sys.argv[1:3], *("20", "0")[len(sys.argv[1:3]) :]])
    with tempfile.TemporaryDirectory() as name:
        print(dict(main(count, number, Path(name))))
