"""ResNet-18 on tpu_like: ZigZag and us, same files, same settings, same run. ``python -m tests.benchmarks.speed``.

CPU seconds count from parsed inputs to the result, spatial mappings and set-up included, each in a fresh process; wall
seconds are those of a whole command, interpreter, imports and our database included. ZigZag takes most of a minute.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.files import ACCELERATOR, LPF_LIMIT, MAPPING, N_SPATIAL, WORKLOAD

REPEATS = 5
ROOT = Path(__file__).parents[2]


def timed(command: list[str], folder: Path) -> tuple[float, str]:
    """Wall seconds and output of a command; what it writes goes to a folder."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return time.perf_counter() - started, done.stdout


def searched(whose: str) -> dict[str, Any]:
    """What one search found, its CPU seconds, and the wall seconds of its process."""
    wall, output = timed([sys.executable, "-m", "tests.benchmarks.one_search", whose], ROOT)
    answer: dict[str, Any] = json.loads(output.splitlines()[-1])
    return answer | {"wall_seconds": wall}


def command_seconds(*options: str) -> float:
    """Wall seconds of a whole ``zigzag-lab run`` in an empty folder, its new database included."""
    command = [str(Path(sys.executable).with_name("zigzag-lab")), "run", "--workload", str(WORKLOAD)]
    command += ["--accelerator", str(ACCELERATOR), "--mapping", str(MAPPING), "--opt", "latency"]
    command += ["--lpf-limit", str(LPF_LIMIT), "--spatial-mappings", str(N_SPATIAL), *options]
    with tempfile.TemporaryDirectory() as folder:
        return timed(command, Path(folder))[0]


def main() -> None:
    """Measure and print the table."""
    console = Console()
    ours = [searched("ours") for _ in range(REPEATS)]
    commands = [command_seconds("--mlflow", "off") for _ in range(REPEATS)]
    published = [command_seconds()]
    console.print(f"us: {REPEATS} searches and {REPEATS} commands measured; now ZigZag, which takes most of a minute")
    theirs = searched("zigzag")
    table = Table(title="ResNet-18 on tpu_like, smallest latency")
    for heading in ("", "ZigZag 3.9.1", "zigzag_lab (median)", "worst", "ZigZag / us"):
        table.add_column(heading, justify="left" if not heading else "right")
    rows = (
        ("CPU seconds, search", theirs["cpu_seconds"], [run["cpu_seconds"] for run in ours]),
        ("wall seconds, whole command", theirs["wall_seconds"], commands),
        ("the same with a new MLflow database", theirs["wall_seconds"], published),
    )
    for name, zigzag, measured in rows:
        middle = median(measured)
        table.add_row(name, f"{zigzag:.2f}", f"{middle:.3f}", f"{max(measured):.3f}", f"{zigzag / middle:.0f}")
    for name, key in (("energy, pJ", "energy_pj"), ("latency, cycles", "latency_cycles")):
        table.add_row(name, f"{theirs[key]:.3f}", f"{ours[0][key]:.3f}", "", f"{theirs[key] / ours[0][key]:.9f}")
    console.print(table)


if __name__ == "__main__":
    main()
