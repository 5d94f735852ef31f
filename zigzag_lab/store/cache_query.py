"""Questions about the cache, and its housekeeping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zigzag_lab.store.codec import unpacked
from zigzag_lab.store.database import Database, Row
from zigzag_lab.store.row_checks import checked, object_of, reading


@dataclass(frozen=True)
class CacheStatistics:
    """What the cache holds, and what it did.

    Attributes:
        n_answers: kind -> answers that are there.
        n_running: claims of computations that go on, or whose owner died.
        n_bytes: of all answers, compressed.
        n_readings: files whose readings are stored.
        seconds_held: what all answers took to compute.
        n_asked: outcome (``hit``, ``shared``, ``miss``) -> questions of all runs.
        seconds_saved: by all runs.
    """

    n_answers: dict[str, int]
    n_running: int
    n_bytes: int
    n_readings: int
    seconds_held: float
    n_asked: dict[str, int]
    seconds_saved: float


@dataclass(frozen=True)
class AskedQuestion:
    """A look-up of a run in the cache.

    Attributes:
        key: its key.
        kind: ``network``, ``layer`` or ``step``.
        label: the layer or the network.
        outcome: ``hit``, ``shared`` or ``miss``.
        parts: what it is made of -> digest; empty where the answer has been removed.
    """

    key: str
    kind: str
    label: str
    outcome: str
    parts: dict[str, str]


def statistics(database: Database) -> CacheStatistics:
    """What the cache holds, and what it did."""
    done = database.select(
        "SELECT kind, COUNT(*), SUM(n_bytes), SUM(seconds) FROM zl_cache_entry WHERE state = 'done' GROUP BY kind"
    ).rows
    running = database.select("SELECT COUNT(*) FROM zl_cache_entry WHERE state = 'running'").rows
    readings = database.select("SELECT COUNT(*) FROM zl_reading").rows
    asked = database.select("SELECT outcome, COUNT(*) FROM zl_cache_use GROUP BY outcome").rows
    saved = database.select("SELECT SUM(cache_seconds_saved) FROM zl_run").rows
    with reading("zl_cache_entry", state="done"):
        return CacheStatistics(
            {kind: int(n) for kind, n, _, _ in done},
            int(running[0][0]),
            sum(int(n_bytes or 0) for _, _, n_bytes, _ in done),
            int(readings[0][0]),
            sum(float(seconds or 0) for kind, _, _, seconds in done if kind == "layer"),
            {outcome: int(n) for outcome, n in asked},
            float(saved[0][0] or 0.0),
        )


def questions_of(database: Database, run_number: int) -> list[AskedQuestion]:
    """The look-ups of a run, networks first, then by name."""
    rows = database.select(
        "SELECT u.key, u.kind, u.label, u.outcome, c.parts FROM zl_cache_use u "
        "LEFT JOIN zl_cache_entry c ON c.key = u.key WHERE u.run_number = ?",
        (run_number,),
    ).rows
    asked = [checked(AskedQuestion, _asked(row), "zl_cache_use", run_number=run_number, key=row[0]) for row in rows]
    return sorted(asked, key=lambda q: (q.kind != "network", q.label, q.key))


def _asked(row: Row) -> dict[str, Any]:
    known = dict(zip(("key", "kind", "label", "outcome"), row, strict=False))
    return {**known, "parts": _parts(row[4], row[0])}


def _parts(content: Any, key: str) -> dict[str, str]:
    if content is None:
        return {}
    with reading("zl_cache_entry", key=key):
        return {str(name): str(digest) for name, digest in object_of(content).items()}


def document(database: Database, digest: str) -> tuple[str, Any] | None:
    """The kind and the content of a part of questions; None where it is not stored."""
    rows = database.select("SELECT kind, content FROM zl_cache_part WHERE digest = ?", (digest,)).rows
    with reading("zl_cache_part", digest=digest):
        return (rows[0][0], object_of(unpacked(rows[0][1]).decode())) if rows else None


def earlier_run(database: Database, run_number: int) -> int | None:
    """The newest run before this one that asked the cache: of the same network if there is one, else any."""
    before = "SELECT DISTINCT u.run_number AS n FROM zl_cache_use u WHERE u.run_number < ?"
    same = (
        f"SELECT MAX(b.n) FROM ({before}) AS b JOIN zl_run_input i ON i.run_number = b.n AND i.kind = 'workload' "
        "JOIN zl_run_input w ON w.name = i.name AND w.kind = 'workload' AND w.run_number = ?"
    )
    rows = database.select(same, (run_number, run_number)).rows
    if rows[0][0] is None:
        rows = database.select(f"SELECT MAX(b.n) FROM ({before}) AS b", (run_number,)).rows
    return None if rows[0][0] is None else int(rows[0][0])


def who_asked(database: Database, run_number: int) -> int:
    """The run that noted what a run asked the cache: itself, or one that it is within."""
    number: int | None = run_number
    while number is not None:
        if database.select("SELECT 1 FROM zl_cache_use WHERE run_number = ? LIMIT 1", (number,)).rows:
            return number
        number = database.select("SELECT parent_number FROM zl_run WHERE number = ?", (number,)).rows[0][0]
    return run_number


def run_id_of(database: Database, run_number: int) -> str:
    """What people call a run."""
    return str(database.select("SELECT id FROM zl_run WHERE number = ?", (run_number,)).rows[0][0])


def random_answers(database: Database, n: int, engine: str) -> list[tuple[str, str, dict[str, str], bytes]]:
    """Some answers of an engine at random: key, kind, parts, content."""
    chosen = "SELECT key FROM zl_cache_entry WHERE state = 'done' AND engine_digest = ? ORDER BY RANDOM() LIMIT ?"
    rows = database.select(
        f"SELECT key, kind, parts, content FROM zl_cache_entry WHERE key IN ({chosen})", (engine, n)
    ).rows
    return [(key, kind, _parts(parts, key), _answer(content, key)) for key, kind, parts, content in rows]


def _answer(content: Any, key: str) -> bytes:
    with reading("zl_cache_entry", key=key):
        return unpacked(content)


def n_answers_of_others(database: Database, engine: str) -> int:
    """How many answers another engine computed."""
    sql = "SELECT COUNT(*) FROM zl_cache_entry WHERE state = 'done' AND engine_digest <> ?"
    return int(database.select(sql, (engine,)).rows[0][0])


@dataclass(frozen=True)
class Removed:
    """What housekeeping removed, or would remove.

    Attributes:
        n_answers: answers that were not used for long.
        n_claims: claims that were given up.
        n_parts: documents that no question is made of any more.
        n_readings: files that were not read for as long.
        n_bytes: of the answers, compressed.
    """

    n_answers: int
    n_claims: int
    n_parts: int
    n_readings: int
    n_bytes: int


def remove_unused(database: Database, unused_days: float, *, is_dry_run: bool) -> Removed:
    """Remove answers and readings of files that were not used for some days, and claims abandoned for as long.

    What only they were made of goes with them.
    """
    since = database.seconds_ago(unused_days * 86_400)
    old = f"state = 'done' AND used_at < {since}"
    given_up = f"state <> 'done' AND claimed_at < {since} AND (lease_until IS NULL OR lease_until < {database.now})"

    def remove() -> Removed:
        rows = database.execute(
            f"SELECT key, state, COALESCE(n_bytes, 0) FROM zl_cache_entry WHERE ({old}) OR ({given_up})"
        )
        keys = [key for key, _, _ in rows]
        orphans = _orphans(database, set(keys))
        unread = database.execute(f"SELECT key FROM zl_reading WHERE used_at IS NULL OR used_at < {since}")
        if not is_dry_run:
            database.executemany("DELETE FROM zl_cache_entry WHERE key = ?", [(key,) for key in sorted(keys)])
            database.executemany("DELETE FROM zl_cache_part WHERE digest = ?", [(digest,) for digest in orphans])
            database.executemany("DELETE FROM zl_reading WHERE key = ?", sorted(unread))
        n_answers = sum(state == "done" for _, state, _ in rows)
        n_bytes = sum(int(n) for _, _, n in rows)
        return Removed(n_answers, len(rows) - n_answers, len(orphans), len(unread), n_bytes)

    return database.transact(remove)


def _orphans(database: Database, removed: set[str]) -> Sequence[str]:
    """Parts that only removed questions are made of."""
    used = {
        digest
        for key, parts in database.execute("SELECT key, parts FROM zl_cache_entry")
        if key not in removed
        for digest in _parts(parts, key).values()
    }
    return sorted(digest for (digest,) in database.execute("SELECT digest FROM zl_cache_part") if digest not in used)
