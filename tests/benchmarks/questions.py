"""How long the five usual questions take in a large database: ``python -m tests.benchmarks.questions``.

The database is filled by SQL within itself: runs of fifty layers in twenty experiments over a year, each with three
inputs, a mapping of its own, and nine rows of memories for each layer, as on a TPU-like design; its one result is the
sum of its layers.

    python -m tests.benchmarks.questions --evaluations 5000000 [--kind postgres]

Five million evaluations, 45 million rows of memories (several GB), in November 2026 on two cores on which some fifteen
processes were at work: milliseconds of wall time, first and again; of work (``cpu ms``) where it was measured.

| question              | SQLite: first | again | Postgres 18: first | again | work |
|-----------------------|---------------|-------|--------------------|-------|------|
| best by experiment    | 4             | 0.1   | 29                 | 12    | 3    |
| Pareto set of a sweep | 235           | 147   | 127                | 31    | 10   |
| energy by memory      | 0.8           | 0.4   | 22                 | 1     | 2    |
| compare two runs      | 155           | 43    | 130                | 56    | 30   |
| runs of a day         | 19            | 1.6   | 28                 | 31    | 4    |

The Pareto set (of 5,000 runs) missed the 200 ms on SQLite the first time. With as many runs of one layer each it is
15 ms of work; at full size the work was not measured on SQLite, nor was the whole repeated on an idle machine.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.postgres import server
from zigzag_lab.api.compare import compare
from zigzag_lab.store import Lab, RunStart, Store, open_store
from zigzag_lab.store.codec import packed
from zigzag_lab.store.migrate import upgrade
from zigzag_lab.store.tables import InputTuple
from zigzag_lab.store.url import SQLITE

N_LAYERS = 50
N_EXPERIMENTS = 20
N_DAYS = 365
N_INPUTS = 200
FILLED = (
    *("zl_run", "zl_run_input", "zl_layer_evaluation", "zl_memory_evaluation"),
    *("zl_result", "zl_run_layer"),
)
N_TIMES = 9
TARGET_MS = 200.0
FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)

_SERIES = {
    "sqlite": "(WITH RECURSIVE s(i) AS (VALUES(0) UNION ALL SELECT i + 1 FROM s WHERE i + 1 < {most}) SELECT i FROM s)",
    "postgresql": "(SELECT generate_series(0, {most} - 1) AS i)",
}
"""Whole numbers from 0, one after the other: rows are made in the order of their key, so that nothing is sorted."""

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
GROWING = "zl_run|zl_layer_evaluation|zl_memory_evaluation|zl_run_input|zl_mapping|zl_run_layer|zl_result"
_SCAN = re.compile(rf"\bSeq Scan on ({GROWING})\b|^SCAN (r|v|l|o|w|a|m|p|i|s|g|t|k|c|d|zl_\w+)$")
"""What such a line of a plan looks like; the letters stand for tables in our views and questions."""

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
            for table in FILLED:
                database.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        for i in range(1, N_EXPERIMENTS):
            database.execute(
                f"INSERT INTO zl_experiment (name, created_at) VALUES (?, {database.now})", (f"sweep {i}",)
            )
        inputs = [(f"d{i}", "any", packed(f'{{"name": "{i}"}}'.encode())) for i in range(N_INPUTS)]
        database.insert(InputTuple, inputs)
        for statement in _statements(kind, n_runs, n_memories, first.number):
            database.execute(statement.replace("ENVIRONMENT", f"'{environment}'"))
        if kind != SQLITE:
            for table in FILLED:
                database.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
    if kind != SQLITE:  # which it does by itself as time goes by; SQLite does not, and has to do without
        database.execute("VACUUM ANALYZE")
    return n_runs


def _statements(kind: str, n_runs: int, n_memories: int, offset: int) -> list[str]:
    """How rows are made: each run has its inputs, as many layers, and there are as many mappings as runs."""
    n_rows = n_runs, n_runs * N_LAYERS, n_runs * N_LAYERS * n_memories
    document = "'{}'" if kind == SQLITE else "'{}'::jsonb"
    runs, layers, memories = (f"{_SERIES[kind].format(most=n)} AS series" for n in n_rows)
    text = "CAST({} AS TEXT)".format
    minutes = N_DAYS * 24 * 60 / n_runs
    if kind == SQLITE:
        moment = f"strftime('%Y-%m-%d %H:%M:%f', '2025-01-01', CAST(i * {minutes} AS TEXT) || ' minutes')"
    else:
        moment = f"timestamptz '2025-01-01 00:00:00+00' + i * interval '{minutes * 60} seconds'"
    energy, latency = _HASHED.format(x="i", by=7919), _HASHED.format(x="i", by=104729)
    layer, run = f"i % {N_LAYERS}", f"i / {N_LAYERS}"
    level, layer_of_level = f"i % {n_memories}", f"i / {n_memories} % {N_LAYERS}"
    mapping = f"('m' || CAST(CAST(i AS BIGINT) * 7919 % {n_runs} AS TEXT))"
    levels = [[["C", 16], ["FX", 3]], [["FY", 3], ["OX", 14]], [["OY", 14], ["K", 8]]]
    spatial = [["D1", [["K", 32]]], ["D2", [["C", 32]]]]
    long = json.dumps({"kind": "uneven", "spatial": spatial, "temporal": dict.fromkeys("IOW", levels)})
    return [
        "INSERT INTO zl_mapping (digest, spatial_text, content) "
        f"SELECT 'm' || {text('i')}, 'D1: K 32', '{long}' FROM {runs}",
        "INSERT INTO zl_run (number, id, experiment_number, name, status, started_at, ended_at, heartbeat_at, owner, "
        "objective, options, engine_digest, environment_digest, energy_pj, mac_energy_pj, memory_energy_pj, "
        "latency_cycles, edp_pj_cycles, n_macs, n_layers, n_mappings_evaluated) "
        f"SELECT i + 1 + {offset}, 'run' || {text('i')}, i % {N_EXPERIMENTS} + 1, 'net on chip', 'finished', {moment}, "
        f"{moment}, {moment}, 'laptop:1', 'latency', {document}, 'e', ENVIRONMENT, 1e6 + {energy}, 1e5, "
        f"9e5 + {energy}, 1e6 + {latency}, (1e6 + {energy}) * (1e6 + {latency}), 1000000, {N_LAYERS}, 5000 "
        f"FROM {runs}",
        *(
            "INSERT INTO zl_run_input (run_number, kind, name, digest) "
            f"SELECT i + 1 + {offset}, '{kind_of_input}', '{kind_of_input} ' || {text('i % 97')}, "
            f"'d' || {text(f'i % {N_INPUTS}')} FROM {runs}"
            for kind_of_input in ("workload", "accelerator", "mapping")
        ),
        "INSERT INTO zl_layer_evaluation (run_number, layer_index, layer_id, name, operator_type, layer_digest, "
        "mapping_digest, keeps_at_output_pins, n_macs, energy_pj, mac_energy_pj, memory_energy_pj, latency_cycles, "
        "ideal_cycles, temporal_cycles, stall_cycles, onload_cycles, offload_cycles, drain_cycles) "
        f"SELECT {run} + 1 + {offset}, {layer}, {layer}, '/layer' || {text(layer)} || '/conv/Conv', 'Conv', "
        f"'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', {mapping}, "
        f"{'1' if kind == SQLITE else 'true'}, 1000000, 1e4 + i % 997, 1e3, 9e3, 2e4 + {layer}, 1e4, 1.5e4, "
        f"100, 50, 50, 0 FROM {layers}",
        "INSERT INTO zl_memory_evaluation (run_number, layer_index, operand, level, memory, loops, utilisation, "
        "shared_utilisation, accesses_to_low, accesses_from_low, accesses_to_high, accesses_from_high, "
        "energy_to_low_pj, energy_from_low_pj, energy_to_high_pj, energy_from_high_pj) "
        f"SELECT i / {N_LAYERS * n_memories} + 1 + {offset}, {layer_of_level}, substr('IOW', {level} / 3 + 1, 1), "
        f"{level} % 3, 'memory' || {text(level)}, 'K 32, C 16', 0.5, 0.7, "
        f"100, 0, 0, 10, 1e3 + i % 991, 0, 0, 10 FROM {memories}",
        "INSERT INTO zl_result (run_number, result_index, path, kind, n_layers, energy_pj, mac_energy_pj, "
        f"memory_energy_pj, latency_cycles) SELECT i + 1 + {offset}, 0, '0', 'sum', {N_LAYERS}, 1e6 + {energy}, 1e5, "
        f"9e5 + {energy}, 1e6 + {latency} FROM {runs}",
        "INSERT INTO zl_run_layer (run_number, role, result_index, position, owner_number, first_index, last_index, "
        f"times) SELECT i + 1 + {offset}, role, 0, 0, i + 1 + {offset}, 0, {N_LAYERS - 1}, 1 "
        f"FROM {runs}, (SELECT 'chosen' AS role UNION ALL SELECT 'result' UNION ALL SELECT 'saved') roles",
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


def scans(lab: Lab, ask: Callable[[], Any]) -> list[str]:
    """Lines of the plans of what a question asks that go through a whole table which grows with the number of runs."""
    asked: list[tuple[str, Sequence[Any]]] = []
    with ExitStack() as heard:
        for connection in (lab._reader, lab.store.database):
            heard.enter_context(_heard(connection, asked))
        ask()
    explain = "EXPLAIN QUERY PLAN" if lab.url.kind == SQLITE else "EXPLAIN"
    lines = [str(row[-1]) for sql, values in asked for row in lab.sql(f"{explain} {sql}", values).rows]
    return [line.strip() for line in lines if _SCAN.search(line)]


@contextmanager
def _heard(connection: Any, asked: list[tuple[str, Sequence[Any]]]) -> Iterator[None]:
    """Note what a connection is asked."""
    select = connection.select

    def noted(sql: str, parameters: Sequence[Any] = ()) -> Any:
        asked.append((sql, parameters))
        return select(sql, parameters)

    connection.select = noted
    yield
    del connection.select  # which shows the method again


def cpu_seconds(lab: Lab) -> float:
    """What this process worked so far, and a server's processes for its connections where they run on this machine."""
    worked = time.process_time()
    if lab.url.kind != SQLITE:
        for connection in (lab._reader, lab.store.database):
            [(process,)] = connection.select("SELECT pg_backend_pid()").rows
            stat = Path(f"/proc/{process}/stat")
            if stat.exists():
                worked += sum(map(int, stat.read_text().rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")
    return worked


def main() -> None:
    """Fill a database, ask, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", help="a database that may be filled; by default one that is removed at the end")
    parser.add_argument("--kind", choices=("sqlite", "postgres"), default="sqlite", help="where no --db is named")
    parser.add_argument("--evaluations", type=int, default=500_000)
    parser.add_argument("--memories", type=int, default=9, choices=range(1, 10))
    options = parser.parse_args()
    with TemporaryDirectory() as folder, ExitStack() as servers:
        url = options.db or f"sqlite:///{folder}/questions.db"
        if options.kind == "postgres":
            url = servers.enter_context(server(options.db))
        measure(url, options.evaluations, options.memories)


def measure(url: str, n_evaluations: int, n_memories: int) -> None:
    """Fill a database, ask, and print a table."""
    started = time.perf_counter()
    upgrade(url)
    with open_store(url) as store:
        n_runs = fill(store, n_evaluations, n_memories)
    print(f"{n_runs} runs, {n_runs * N_LAYERS} layers of {n_memories} memories each, made in", end=" ")
    print(f"{time.perf_counter() - started:.0f} s")
    print(f"{'question':<24}{'first ms':>10}{'again ms':>10}{'cpu ms':>10}{'rows':>8}   target {TARGET_MS:.0f} ms")
    with Lab(url) as lab:
        for name, ask in questions(lab, n_runs).items():
            times, worked = [], cpu_seconds(lab)
            for _ in range(N_TIMES):
                began = time.perf_counter()
                answer = ask()
                times.append(1000 * (time.perf_counter() - began))
            work = 1000 * (cpu_seconds(lab) - worked) / N_TIMES
            n_rows = len(answer) if isinstance(answer, list) else 2
            by = "; ".join(scans(lab, ask)) or "by index"
            print(f"{name:<24}{times[0]:>10.1f}{sorted(times)[N_TIMES // 2]:>10.1f}{work:>10.1f}{n_rows:>8}   {by}")


if __name__ == "__main__":
    main()
