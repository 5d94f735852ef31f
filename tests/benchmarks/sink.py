"""How many layer evaluations a second the public sink takes into SQLite: ``python -m tests.benchmarks.sink``.

All CMEs are priced before the clock starts, by the standard pipeline in a process of its own: where so many are
recorded, several processes price for one that records. *New* layers and mappings are met for the first time by this
process and the database, so that every mapping is spelt and stored; the digest of a layer is known where the cache has
asked for it before the search, as it does by default, and is worked out where the cache is off. A first run, which
looks at the machine, is not counted. On a busy machine, look at the last column: layers for each second that this
process was let work. A run is given its accelerator and ends with the sum of its layers, as in a pipeline, whose work
it is to read the one and to add up the other: both are at hand before the clock starts.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.priced_networks import N_LAYERS, Network, networks
from zigzag_lab.cost import CostModelEvaluationABC, CumulativeCME
from zigzag_lab.store import RunStart, Store, open_store
from zigzag_lab.store.run_start import RunInput

SHARE_NEW = 0.115
"""Of the layers of a sweep, those with a new mapping: 1,086 of 9,472 in ``experiments/buffer-and-array``."""

Run = tuple[RunStart, Network, CostModelEvaluationABC]
"""What a run is given, its layers, and their sum."""

AT_ONCE = 7
"""Networks of a round, as many runs; few, so that no kind of round has all of the merging of SQLite's log."""

NEW, NEW_TO_THE_CACHE, SEEN = "new layers, new mappings", "the same, cache off", "seen layers, seen mappings"
TARGET = 15_000


def run_of(network: Network) -> Run:
    """A network with all that a pipeline has ready when it records it."""
    total: CostModelEvaluationABC = CumulativeCME()
    for cme in network:
        total = total + cme
    if not (total.energy_total and total.mac_energy and total.mem_energy and total.latency_total2):  # added up here
        raise ValueError("a network costs nothing")
    return RunStart(experiment="benchmark", inputs=[RunInput.of(network[0].accelerator)]), network, total


def record(store: Store, runs: Sequence[Run]) -> tuple[float, float]:
    """Seconds, and seconds of this process's work, to record some runs through the public sink, start to end."""
    started, work = time.perf_counter(), time.process_time()
    for start, network, total in runs:
        with store.start_run(start) as run:
            for cme in network:
                run.save(cme)
            run.finish(total)
    return time.perf_counter() - started, time.process_time() - work


def rounds(store: Store, priced: list[Run]) -> Iterator[tuple[str, list[Run]]]:
    """What is recorded, :data:`AT_ONCE` networks at a time, and what kind of round it is."""
    record(store, [priced.pop()])  # once, a process looks at its machine: versions, git
    gc.collect()
    for first in range(0, len(priced), 2 * AT_ONCE):
        unknown, asked = priced[first : first + AT_ONCE], priced[first + AT_ONCE : first + 2 * AT_ONCE]
        yield NEW_TO_THE_CACHE, unknown
        for cme in chain.from_iterable(network for _, network, _ in asked):
            store.digests.of_meaning(cme.layer)
        yield NEW, asked
        yield SEEN, asked
        yield SEEN, unknown


def measure(store: Store, n_networks: int, target: int) -> None:
    """Print the rates of a store, one line for each kind of round."""
    print(f"{n_networks} runs of {N_LAYERS} layers to a kind of round; target {target} layers/s")
    print(f"{'':<28}{'layers/s':>10}{'rows/s':>10}{'layers/cpu-s':>14}")
    sums = {kind: [0.0] * 4 for kind in (NEW, NEW_TO_THE_CACHE, SEEN)}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pricer:
        priced = [*map(run_of, pricer.submit(networks, 1 + 2 * n_networks).result())]
    for kind, runs in rounds(store, priced):
        cmes = [cme for _, network, _ in runs for cme in network]
        n_layers = len(cmes)
        n_rows = n_layers + sum(len(levels) for cme in cmes for levels in cme.problem.memories.values())
        sums[kind] = [a + b for a, b in zip(sums[kind], (n_layers, n_rows, *record(store, runs)), strict=True)]
    for kind, (layers, rows, seconds, work) in sums.items():
        print(f"{kind:<28}{layers / seconds:>10.0f}{rows / seconds:>10.0f}{layers / work:>14.0f}")
    seconds_a_layer = [sums[kind][2] / sums[kind][0] for kind in (NEW, SEEN)]
    mixed = SHARE_NEW * seconds_a_layer[0] + (1 - SHARE_NEW) * seconds_a_layer[1]
    print(f"{'a sweep: one mapping in nine new':<33}{1 / mixed:>5.0f}")


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=63)
    options = parser.parse_args()
    with TemporaryDirectory() as folder, open_store(Path(folder) / "sink.db") as store:
        measure(store, options.networks, TARGET)


if __name__ == "__main__":
    main()
