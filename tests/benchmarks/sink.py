"""How many layer evaluations a second the public sink takes into SQLite: ``python -m tests.benchmarks.sink``.

The CMEs are priced before the clock starts, by the standard pipeline. *New* layers and mappings are met for the first
time by this process and the database, so that every mapping is spelt and stored; the digest of a layer is known where
the cache has asked for it before the search, as it does by default, and is worked out where the cache is off. A first
run, which looks at the machine, is not counted. On a busy machine, look at the last column: layers for each second
that this process was let work.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.priced_networks import N_LAYERS, Network, networks
from zigzag_lab.store import RunStart, Store, open_store

TARGET = 15_000


def record(store: Store, runs: Sequence[Network]) -> tuple[float, float]:
    """Seconds, and seconds of this process's work, to record some runs through the public sink, start to end."""
    started, work = time.perf_counter(), time.process_time()
    for network in runs:
        with store.start_run(RunStart(experiment="benchmark")) as run:
            for cme in network:
                run.save(cme)
            run.finish(network[0])  # adding prices up is the pipeline's work, not the sink's
    return time.perf_counter() - started, time.process_time() - work


def rounds(store: Store, n_networks: int, n_seen: int, seed: int = 0) -> Iterator[tuple[str, list[Network]]]:
    """What is recorded in each round of the benchmark, and how it is called."""
    runs = networks(2 * n_networks, seed)
    after_cache, without_cache = runs[:n_networks], runs[n_networks:]
    for network in after_cache:
        for cme in network:
            store.digests.of_meaning(cme.layer)
    record(store, networks(1, seed + 1000))  # a process looks once at its machine: versions, git
    gc.collect()
    gc.freeze()  # what the benchmark made is not the sink's to look through
    yield "new layers, new mappings", after_cache
    yield "the same, cache off", without_cache
    for _ in range(n_seen):
        yield "seen layers, seen mappings", after_cache


def measure(store: Store, n_networks: int, n_seen: int, target: int) -> None:
    """Print the rates of a store, one line for each round."""
    print(f"{n_networks} runs of {N_LAYERS} layers to a round")
    print(f"{'round':<28}{'layers/s':>10}{'rows/s':>10}{'layers/cpu-s':>14}   target {target} layers/s")
    for kind, runs in rounds(store, n_networks, n_seen):
        n_layers = sum(map(len, runs))
        n_memories = sum(len(levels) for run in runs for cme in run for levels in cme.problem.memories.values())
        seconds, work = record(store, runs)
        rates = n_layers / seconds, (n_layers + n_memories) / seconds, n_layers / work
        print(f"{kind:<28}{rates[0]:>10.0f}{rates[1]:>10.0f}{rates[2]:>14.0f}", flush=True)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=40)
    parser.add_argument("--seen", type=int, default=3, help="rounds with what has been recorded before")
    options = parser.parse_args()
    with TemporaryDirectory() as folder, open_store(Path(folder) / "sink.db") as store:
        measure(store, options.networks, options.seen, TARGET)


if __name__ == "__main__":
    main()
