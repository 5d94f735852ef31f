"""How many layer evaluations a second the public sink takes into SQLite: ``python -m tests.benchmarks.sink``.

The CMEs are priced before the clock starts. *New* means that every layer and every mapping is seen for the first time,
so that their digests are worked out and every mapping is stored; *seen* that earlier runs had them. On a busy machine,
look at the last column: layers for each second that this process was let work.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.store.prices import price_of
from zigzag_lab.cost.evaluation import CostModelEvaluation
from zigzag_lab.store import RunStart, Store, open_store

N_LAYERS = 50
TARGET = 15_000

Network = list[CostModelEvaluation]


def networks(n_networks: int) -> list[Network]:
    """Random layers under random mappings, priced, in networks of :data:`N_LAYERS`."""
    return [[_layer(n * N_LAYERS + i, i) for i in range(N_LAYERS)] for n in range(n_networks)]


def _layer(seed: int, layer_id: int) -> CostModelEvaluation:
    cme = price_of(seed)
    renamed = cme.for_layer(replace(cme.layer, id=layer_id, name=f"layer_{layer_id}"))
    if not (renamed.energy_total and renamed.latency_total2):  # asked for, as every pipeline does, so worked out
        raise ValueError(f"problem {seed} costs nothing")
    return renamed


def record(store: Store, runs: Sequence[Network]) -> tuple[float, float]:
    """Seconds, and seconds of this process's work, to record some runs through the public sink, start to end."""
    started, work = time.perf_counter(), time.process_time()
    for network in runs:
        with store.start_run(RunStart(experiment="benchmark")) as run:
            for cme in network:
                run.save(cme)
            run.finish(network[0])  # adding prices up is the pipeline's work, not the sink's
    return time.perf_counter() - started, time.process_time() - work


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    runs = networks(options.networks)
    n_memories = sum(len(levels) for run in runs for cme in run for levels in cme.problem.memories.values())
    n_layers = len(runs) * N_LAYERS
    print(f"{n_layers} layers, {n_memories / n_layers:.1f} memory rows each, {N_LAYERS} to a run")
    print(f"{'round':<28}{'layers/s':>10}{'rows/s':>10}{'layers/cpu-s':>14}   target {TARGET} layers/s")
    with TemporaryDirectory() as folder, open_store(Path(folder) / "sink.db") as store:
        for number in range(options.rounds):
            seconds, work = record(store, runs)
            kind = "new layers, new mappings" if number == 0 else "seen layers, seen mappings"
            rates = n_layers / seconds, (n_layers + n_memories) / seconds, n_layers / work
            print(f"{kind:<28}{rates[0]:>10.0f}{rates[1]:>10.0f}{rates[2]:>14.0f}")


if __name__ == "__main__":
    main()
