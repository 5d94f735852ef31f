"""How long 10,000 keys take to be looked up in the cache: ``python -m tests.benchmarks.lookup [--kind postgres]``.

The cache holds five times as many answers, each of the size of a real one (a layer of AlexNet on a TPU-like design).
*Together* is how a sweep may ask, 500 keys a question; *one by one* is how the layers of networks ask.

In November 2026, on two cores on which some twelve processes were at work: together 0.5 to 0.6 s on SQLite (0.14 of
work) and 0.7 to 1.9 s on Postgres (0.12 of work in this process; the server's was not measured); one by one 0.8 s
(0.18) and 4.1 to 4.6 s (0.56).
"""

from __future__ import annotations

import argparse
import random
import time
from contextlib import ExitStack
from hashlib import sha256
from tempfile import TemporaryDirectory

from tests.benchmarks.postgres import server
from zigzag_lab.api.run import RunRequest, run
from zigzag_lab.store import Store, open_store
from zigzag_lab.store.claims import Claims
from zigzag_lab.store.migrate import upgrade

N_KEYS = 10_000
N_KEPT = 50_000
TARGET_SECONDS = 1.0


def key_of(number: int) -> str:
    """A key like those of questions."""
    return sha256(str(number).encode()).hexdigest()


def fill(store: Store) -> int:
    """Keep many answers; how many bytes each has."""
    run(RunRequest("alexnet", "tpu_like", "tpu_like", lpf_limit=3), store=store, mlflow="off")
    database = store.database
    some = "SELECT {} FROM zl_cache_entry WHERE kind = 'layer' ORDER BY n_bytes LIMIT 1 OFFSET 2"
    [(model, n_bytes)] = database.select(some.format("key, n_bytes")).rows
    others = (
        "state, owner, token, attempt, claimed_at, done_at, used_at, seconds, engine_digest, parts, n_bytes, content"
    )
    copy = (
        f"INSERT INTO zl_cache_entry (key, kind, {others}) SELECT ?, kind, {others} FROM zl_cache_entry WHERE key = ?"
    )
    database.transact(lambda: database.executemany(copy, [(key_of(i), model) for i in range(N_KEPT)]))
    return int(n_bytes)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", help="a database that may be filled; by default one that is removed at the end")
    parser.add_argument("--kind", choices=("sqlite", "postgres"), default="sqlite", help="where no --db is named")
    options = parser.parse_args()
    with TemporaryDirectory() as folder, ExitStack() as servers:
        url = options.db or f"sqlite:///{folder}/lookup.db"
        if options.kind == "postgres":
            url = servers.enter_context(server(options.db))
        upgrade(url)
        with open_store(url) as store:
            n_bytes = fill(store)
        print(f"{N_KEYS} of {N_KEPT} keys, answers of {n_bytes} bytes   target {TARGET_SECONDS:.0f} s")
        wanted = random.Random(0).sample([key_of(i) for i in range(N_KEPT)], N_KEYS)
        print(f"{'':<14}{'seconds':>10}{'cpu-s':>10}")
        for name in ("together", "one by one", "together", "one by one"):
            with open_store(url) as store:  # a new connection, with nothing at hand
                claims = Claims(store.database)
                started, worked = time.perf_counter(), time.process_time()
                if name == "together":
                    n_found = len(claims.answers(wanted))
                else:
                    n_found = sum(claims.answer(key) is not None for key in wanted)
                print(f"{name:<14}{time.perf_counter() - started:>10.2f}{time.process_time() - worked:>10.2f}")
            if n_found != N_KEYS:
                raise SystemExit(f"only {n_found} were found")


if __name__ == "__main__":
    main()
