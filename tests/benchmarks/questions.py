"""How long the five usual questions take in a large database: ``python -m tests.benchmarks.questions``.

The database is filled by SQL within itself, so that five million layer evaluations are there in minutes: runs of fifty
layers in twenty experiments over a year. ``--memories`` says how many rows of memories each layer has (nine, in a
network on a TPU-like design; fewer make a smaller file, and are looked up in the same way).

    python -m tests.benchmarks.questions --db sqlite:////tmp/questions.db --evaluations 5000000 --memories 2
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import Any

from zigzag_lab.api.compare import compare
from zigzag_lab.store import Lab, RunStart, Store, open_store
from zigzag_lab.store.codec import MAPPING_COLUMNS
from zigzag_lab.store.migrate import upgrade
from zigzag_lab.store.url import SQLITE

N_LAYERS = 50
N_EXPERIMENTS = 20
N_DAYS = 365
TARGET_MS = 200.0
FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)

_SERIES = {
    "sqlite": "(WITH RECURSIVE s(n) AS (VALUES(0) UNION ALL SELECT n + 1 FROM s WHERE n + 1 < {most}) SELECT n FROM s)",
    "postgresql": "generate_series(0, {most} - 1)",
}
_HASHED = "((CAST({x} AS BIGINT) * {by} + 13) % 1000003)"
"""A number that looks drawn at random, without the randomness."""

PARETO = """
SELECT run_id, energy_pj, latency_cycles FROM (
    SELECT r.id AS run_id, r.energy_pj, r.latency_cycles,
           MIN(r.latency_cycles) OVER (ORDER BY r.energy_pj, r.latency_cycles
                                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS best_before
    FROM zl_run r JOIN zl_experiment e ON e.number = r.experiment_number
    WHERE e.name = ? AND r.status = 'finished' AND r.deleted_at IS NULL
) ranked WHERE best_before IS NULL OR latency_cycles < best_before ORDER BY energy_pj
"""
BY_MEMORY = "SELECT memory, SUM(energy_pj), SUM(accesses) FROM zl_v_memory WHERE run_id = ? GROUP BY memory"
OF_A_DAY = "SELECT * FROM zl_v_runs WHERE started_at >= ? AND started_at < ? ORDER BY started_at"


def fill(store: Store, n_evaluations: int, n_memories: int) -> int:
    """Make runs with their layers and memories; how many runs."""
    n_runs = max(1, n_evaluations // N_LAYERS)
    database, kind = store.database, store.url.kind
    with store.start_run(RunStart(experiment="sweep 0")) as first:  # its environment serves all
        pass
    environment = database.select("SELECT environment_digest FROM zl_run WHERE number = ?", (first.number,)).rows[0][0]
    with database.write():
        if kind != SQLITE:  # rows are right by the way they are made
            for table in ("zl_run", "zl_layer_evaluation", "zl_memory_evaluation"):
                database.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        for i in range(1, N_EXPERIMENTS):
            database.execute(
                f"INSERT INTO zl_experiment (name, created_at) VALUES (?, {database.now})", (f"sweep {i}",)
            )
        document = "'{}'" if kind == SQLITE else "'{}'::jsonb"
        database.insert("zl_mapping", MAPPING_COLUMNS, [(f"m{i}", "D1: K 32", "{}") for i in range(N_LAYERS)])
        for statement in _statements(kind, n_runs, n_memories, first.number, document):
            database.execute(statement.replace("ENVIRONMENT", f"'{environment}'"))
        if kind != SQLITE:
            for table in ("zl_run", "zl_layer_evaluation", "zl_memory_evaluation"):
                database.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
    database.execute("ANALYZE")
    if kind != SQLITE:
        database.execute("VACUUM")
    return n_runs


def _statements(kind: str, n_runs: int, n_memories: int, offset: int, document: str) -> list[str]:
    runs, layers, memories = (_SERIES[kind].format(most=m) for m in (n_runs, N_LAYERS, n_memories))
    text = "CAST({} AS TEXT)".format
    minutes = N_DAYS * 24 * 60 / n_runs
    if kind == SQLITE:
        moment = f"strftime('%Y-%m-%d %H:%M:%f', '2025-01-01', CAST(n * {minutes} AS TEXT) || ' minutes')"
    else:
        moment = f"timestamptz '2025-01-01 00:00:00+00' + n * interval '{minutes * 60} seconds'"
    energy, latency = _HASHED.format(x="n", by=7919), _HASHED.format(x="n", by=104729)
    of_run, of_layer = f"(SELECT n FROM {runs} runs_)", f"(SELECT n AS layer FROM {layers} layers_)"
    if kind != SQLITE:
        of_run, of_layer = f"(SELECT n FROM {runs} AS n)", f"(SELECT n AS layer FROM {layers} AS n)"
    of_level = f"(SELECT n AS level FROM {memories} {'levels_' if kind == SQLITE else 'AS n'})"
    return [
        "INSERT INTO zl_run (number, id, experiment_number, name, status, started_at, ended_at, heartbeat_at, owner, "
        "objective, options, engine_digest, environment_digest, energy_pj, mac_energy_pj, memory_energy_pj, "
        "latency_cycles, edp_pj_cycles, n_macs, n_layers, n_mappings_evaluated) "
        f"SELECT n + 1 + {offset}, 'run' || {text('n')}, n % {N_EXPERIMENTS} + 1, 'net on chip', 'finished', {moment}, "
        f"{moment}, {moment}, 'laptop:1', 'latency', {document}, 'e', ENVIRONMENT, 1e6 + {energy}, 1e5, "
        f"9e5 + {energy}, 1e6 + {latency}, (1e6 + {energy}) * (1e6 + {latency}), 1000000, {N_LAYERS}, 5000 "
        f"FROM {of_run} r",
        "INSERT INTO zl_layer_evaluation "
        f"SELECT n + 1 + {offset}, layer, layer, '/layer' || {text('layer')} || '/conv/Conv', 'Conv', "
        f"'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', 'm' || {text('layer')}, "
        f"{'1' if kind == SQLITE else 'true'}, 1000000, 1e4 + (n + layer) % 997, 1e3, 9e3, 2e4 + layer, 1e4, 1.5e4, "
        f"100, 50, 50, 0 FROM {of_run} r CROSS JOIN {of_layer} l ORDER BY 1, 2",
        "INSERT INTO zl_memory_evaluation "
        f"SELECT n + 1 + {offset}, layer, 'W', level, 'memory' || {text('level')}, 'K 32, C 16', 0.5, 0.7, "
        f"100, 0, 0, 10, 1e3 + (n + level) % 991, 0, 0, 10 "
        f"FROM {of_run} r CROSS JOIN {of_layer} l CROSS JOIN {of_level} m "
        "ORDER BY 1, 2, 4",
    ]


def questions(lab: Lab, n_runs: int) -> dict[str, Callable[[], Any]]:
    """The five usual questions, asked the way commands ask them."""
    some, other = f"run{n_runs // 3}", f"run{n_runs // 2}"
    day = [lab._as_time(FIRST_DAY.replace(month=5, day=day)) for day in (4, 5)]
    return {
        "best by experiment": lambda: lab.best("energy", experiment="sweep 7", limit=5),
        "Pareto set of a sweep": lambda: lab.sql(PARETO, ("sweep 7",)).rows,
        "energy by memory": lambda: lab.sql(BY_MEMORY, (some,)).rows,
        "compare two runs": lambda: compare(lab, some, other),
        "runs of a day": lambda: lab.sql(OF_A_DAY, day).rows,
    }


def main() -> None:
    """Fill a database, ask, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", help="by default a SQLite file that is removed at the end")
    parser.add_argument("--evaluations", type=int, default=500_000)
    parser.add_argument("--memories", type=int, default=4)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        url = options.db or f"sqlite:///{folder}/questions.db"
        started = time.perf_counter()
        upgrade(url)
        with open_store(url) as store:
            n_runs = fill(store, options.evaluations, options.memories)
        print(f"{n_runs} runs, {n_runs * N_LAYERS} layers of {options.memories} memories each, made in", end=" ")
        print(f"{time.perf_counter() - started:.0f} s")
        print(f"{'question':<24}{'first ms':>10}{'best ms':>10}{'rows':>8}   target {TARGET_MS:.0f} ms")
        with Lab(url) as lab:
            for name, ask in questions(lab, n_runs).items():
                times = []
                for _ in range(5):
                    began = time.perf_counter()
                    answer = ask()
                    times.append(1000 * (time.perf_counter() - began))
                n_rows = len(answer) if isinstance(answer, list) else 2
                print(f"{name:<24}{times[0]:>10.1f}{min(times):>10.1f}{n_rows:>8}")


if __name__ == "__main__":
    main()
