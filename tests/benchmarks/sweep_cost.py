"""What a design point costs: ``python -m tests.benchmarks.sweep_cost [--points 1000] [--workers 2] [--zigzag 2]``.

Random variations of tpu_like (memory sizes, costs, bandwidths, array sizes) times ResNet-18, recorded, with two
workers; the same points again; and some of them with ZigZag, a minute each, whose results must be ours.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from tests.benchmarks.sweep import swept, table, variations
from zigzag_lab.inputs.presets import resolve
from zigzag_lab.sweeps import DesignPoint, SweepSpec, points, read_sweep
from zigzag_lab.sweeps.plan import changed_document


def cpu_seconds() -> float:
    """Of all processes that have ended so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def by_zigzag(folder: Path, sweep: SweepSpec, point: DesignPoint) -> dict[str, Any]:
    """What ZigZag finds for a point, and its CPU seconds."""
    files = [str(resolve("workload", point.workload))]
    for kind, name in (("accelerator", point.accelerator), ("mapping", point.mapping)):
        file = folder / f"{kind}.yaml"
        document = changed_document(sweep.bases[kind][name], kind, point.overrides(kind))
        file.write_text(yaml.safe_dump(document, sort_keys=False))
        files.append(str(file))
    command = [sys.executable, "-m", "tests.benchmarks.one_search", "zigzag", *files]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    answer: dict[str, Any] = json.loads(output.splitlines()[-1])
    return answer


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--zigzag", type=int, default=2, help="points that ZigZag prices too")
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        file, database = variations(folder, given.points), folder / "lab.db"
        first = swept(file, database, given.workers)
        cpu = cpu_seconds()
        again = swept(file, database, given.workers)
        n = first["n_priced"]
        print(
            f"{n} points, {first['n_failed']} failed: {first['seconds']:.1f} s with {given.workers} workers "
            f"({n / first['seconds']:.1f}/s), {cpu:.1f} CPU s ({1000 * cpu / n:.0f} ms a point), "
            f"database {database.stat().st_size / n / 1000:.0f} kB a point"
        )
        print(f"the same again: {again['seconds']:.2f} s, {again['n_priced']} priced", flush=True)
        sweep, ours = read_sweep(file), {p["key"]: p for p in table(database, "variations")}
        found = [point for point in points(sweep) if point.key in ours]
        for point in random.Random(0).sample(found, given.zigzag):
            theirs, mine = by_zigzag(folder, sweep, point), ours[point.key]
            is_equal = abs(theirs["energy_pj"] / mine["energy_pj"] - 1) < 1e-9
            is_equal = is_equal and theirs["latency_cycles"] == mine["latency_cycles"]
            ratio = theirs["cpu_seconds"] / (cpu / n)
            print(
                f"ZigZag on {point.values['rows']} x {point.values['columns']}: {theirs['cpu_seconds']:.1f} CPU s, "
                f"{ratio:.0f} times ours, {'equal' if is_equal else 'DIFFERENT'} results",
                flush=True,
            )


if __name__ == "__main__":
    main()
