"""Many processes want the same answers at once: each is computed once, also while processes are killed.

By hand, on a database of its own:

    python -m tests.claims_stress DATABASE_URL [--processes 8] [--keys 400] [--seconds-each 0.02] [--kill-every 2]

Each key is wanted by three processes at least. A computation is a line in a log, written before it starts. With
``--kill-every``, a process that has computed something is killed that often, without warning, and another one takes
its place.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from zigzag_lab.stages.protocols import Question
from zigzag_lab.store import open_store
from zigzag_lab.store.claims import Claim, Claims

WANTED_BY = 3


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        n_computed: computations that were begun.
        n_done: keys whose answer is in the database and right.
        n_killed: processes that were killed.
        wrongly_repeated: keys that were computed more than once though nobody who computed them had died.
        errors: what processes said on standard error.
        seconds: wall time.
    """

    n_computed: int
    n_done: int
    n_killed: int
    wrongly_repeated: list[str]
    errors: list[str]
    seconds: float


def answer_of(key: str) -> bytes:
    return f"the answer to {key}".encode()


def question(key: str) -> Question:
    """A question of a key, about nothing else."""
    return Question(key, "step", "", {}, {})


def keys_of(worker: int, n_workers: int, n_keys: int) -> list[str]:
    """The keys that a process wants: each key is wanted by three neighbours, in another order by each."""
    wanted = [f"key-{i:05}" for i in range(n_keys) if (worker - i) % n_workers < min(WANTED_BY, n_workers)]
    random.Random(worker).shuffle(wanted)
    return wanted


def work(url: str, keys: list[str], log: Path, seconds_each: float) -> None:
    """Ask for all keys, and compute those that nobody else has or is computing."""
    with open_store(url) as store:
        claims = Claims(store.database)
        file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        for key in keys:
            found = claims.answer_or_claim(question(key))
            if isinstance(found, Claim):
                os.write(file, f"{key} {os.getpid()}\n".encode())
                time.sleep(seconds_each)
                found.keep(answer_of(key), seconds_each)
            elif found is None or found.content != answer_of(key):
                raise SystemExit(f"{key}: {found}")
        os.close(file)


def stress(
    url: str,
    n_processes: int,
    n_keys: int,
    seconds_each: float,
    kill_every: float | None = None,
    limit: float = 120.0,
    most_killed: int = 1_000,
) -> Outcome:
    """Let processes ask for keys, kill some of them if wanted, and count."""
    started = time.monotonic()
    with TemporaryDirectory() as folder:
        log = Path(folder) / "computed"
        workers = {n: _started(url, n, n_processes, n_keys, log, seconds_each) for n in range(n_processes)}
        killed: set[int] = set()
        errors: list[str] = []
        last_kill = time.monotonic()
        chance = random.Random(0)
        while workers and time.monotonic() - started < limit:
            time.sleep(0.02)
            for number, process in list(workers.items()):
                if process.poll() is not None:
                    errors += [text] if (text := process.communicate()[1]) or process.returncode else []
                    del workers[number]
            is_due = kill_every is not None and time.monotonic() - last_kill >= kill_every
            if is_due and len(killed) < most_killed:
                at_work = sorted(_at_work(workers, log))  # on a busy machine, starting takes longer than that
                if not at_work:
                    continue
                number = chance.choice(at_work)
                workers[number].send_signal(signal.SIGKILL)
                workers[number].communicate()
                killed.add(workers[number].pid)
                workers[number] = _started(url, number, n_processes, n_keys, log, seconds_each)
                last_kill = time.monotonic()
        for process in workers.values():
            process.kill()
            errors.append(f"not done after {limit} s: {process.communicate()[1]}")
        return _outcome(url, n_keys, log, killed, errors, time.monotonic() - started)


def _at_work(workers: dict[int, subprocess.Popen[str]], log: Path) -> set[int]:
    """Those that have begun a computation."""
    seen = {int(line.split()[1]) for line in log.read_text().splitlines()} if log.exists() else set()
    return {number for number, process in workers.items() if process.pid in seen}


def _started(url: str, worker: int, n: int, n_keys: int, log: Path, seconds_each: float) -> subprocess.Popen[str]:
    words = ["worker", url, str(worker), str(n), str(n_keys), str(log), str(seconds_each)]
    top = Path(__file__).parents[1]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.claims_stress", *words], cwd=top, stderr=subprocess.PIPE, text=True
    )


def _outcome(url: str, n_keys: int, log: Path, killed: set[int], errors: list[str], seconds: float) -> Outcome:
    computed: dict[str, list[int]] = defaultdict(list)
    for line in log.read_text().splitlines():
        key, process = line.split()
        computed[key].append(int(process))
    wrong = [key for key, processes in computed.items() if not set(processes[:-1]) <= killed]
    with open_store(url) as store:
        keys = [f"key-{i:05}" for i in range(n_keys)]
        found = Claims(store.database).answers(keys)
    n_done = sum(found[key].content == answer_of(key) for key in keys if key in found)
    return Outcome(sum(map(len, computed.values())), n_done, len(killed), wrong, errors, seconds)


def main() -> int:
    """Run it by hand."""
    if sys.argv[1:2] == ["worker"]:
        url, worker, n, n_keys, log, seconds_each = sys.argv[2:]
        work(url, keys_of(int(worker), int(n), int(n_keys)), Path(log), float(seconds_each))
        return 0
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--keys", type=int, default=400)
    parser.add_argument("--seconds-each", type=float, default=0.02)
    parser.add_argument("--kill-every", type=float)
    given = parser.parse_args()
    outcome = stress(given.url, given.processes, given.keys, given.seconds_each, given.kill_every)
    print(
        f"{given.keys} keys, {given.processes} processes: {outcome.n_computed} computations, {outcome.n_done} answers, "
        f"{outcome.n_killed} killed, {outcome.seconds:.1f} s"
    )
    for problem in (*outcome.errors, *(f"{key} was computed twice" for key in outcome.wrongly_repeated)):
        print(problem)
    is_right = outcome.n_done == given.keys and not outcome.errors and not outcome.wrongly_repeated
    return 0 if is_right and (outcome.n_killed or outcome.n_computed == given.keys) else 1


if __name__ == "__main__":
    sys.exit(main())
