"""The store: an open database that runs are recorded in."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from zigzag_lab.keys.canonical import digest_of_bytes
from zigzag_lab.keys.records import RecordDigests
from zigzag_lab.stages.protocols import RunPlace, in_a_word
from zigzag_lab.store.cache import RunCache
from zigzag_lab.store.choice import add_to_outbox, ask_to_publish
from zigzag_lab.store.claims import Claims
from zigzag_lab.store.codec import packed, to_json
from zigzag_lab.store.connect import connect
from zigzag_lab.store.database import Database, insertion, insertion_of
from zigzag_lab.store.environment import environment, process_exited, this_process, working_diff
from zigzag_lab.store.errors import StoreError
from zigzag_lab.store.input_rows import insert_rows_of
from zigzag_lab.store.pulse import Pulse
from zigzag_lab.store.recorder import RunRecorder
from zigzag_lab.store.results import WITHIN_RUN
from zigzag_lab.store.run_start import RunInput, RunStart, new_run_id
from zigzag_lab.store.schema import HEAD, create_if_empty, revision_of
from zigzag_lab.store.tables import EnvironmentTuple, InputTuple, RunInputTuple, SourceTuple
from zigzag_lab.store.url import SQLITE, DatabaseUrl
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.masking import masked, masked_value

T = TypeVar("T")
LOST_AFTER_SECONDS = 60.0
LOST_REASON = "its process gave no sign of life for a minute and was taken for dead"
GONE_REASON = "its process ended without closing it: killed, or its machine went down"


@dataclass(frozen=True, slots=True)
class Publication:
    """An entry of the outbox: a closed run, its id in MLflow, and when that or the run last changed."""

    run_id: str
    state: str
    mlflow_run_id: str | None
    attempts: int
    last_error: str | None
    updated_at: Any


class Store:
    """An open database. Get one from :func:`open_store`.

    Attributes:
        url: where it is; shows no password.
        database: its connection.
        digests: of records, worked out once for both the cache's keys and the rows.
        pulse: the thread in which its open runs write pending rows.
    """

    def __init__(self, database: Database) -> None:
        self.database, self.url = database, database.url
        self.digests = RecordDigests()
        self._kept: set[str] = set()  # digests of inputs and environments that are in the database
        self._environment: EnvironmentTuple | None = None
        self._diff: tuple[str, bytes] | None = None
        self.pulse = Pulse()

    def start_run(self, start: RunStart, parent: RunRecorder | RunPlace | None = None) -> RunRecorder:
        """Open a run; it is visible at once.

        Args:
            start: its inputs and options.
            parent: the run within which it is started, as its child; its place, where another process records it.

        Raises:
            StoreError: the database cannot be written to.
        """
        wanted = new_run_id()  # here, so that a second try after a lost connection does not make a second run

        def insert() -> tuple[str, int]:
            run_id, number = self._insert_run(start, wanted, parent)
            for one in start.inputs:
                self.keep_input(number, one)
            self._insert_tags(number, list(start.tags.items()))
            return run_id, number

        run_id, number = self.transact(insert)
        self._kept.update(i.digest for i in start.inputs)
        if isinstance(parent, RunRecorder):
            parent.n_children += 1
        return RunRecorder(self, run_id, number, start, parent)

    def _insert_run(self, start: RunStart, run_id: str, parent: RunRecorder | RunPlace | None) -> tuple[str, int]:
        db = self.database
        values: dict[str, Any] = {
            "experiment_number": self.experiment_number(start.experiment),
            "name": masked(start.title),
            "status": "running",
            "owner": this_process(),
            "objective": str(start.objective),
            "options": to_json(dict(start.options)),
            "keywords": None if start.keywords is None else to_json(start.keywords),
            "engine_digest": start.engine,
            "environment_digest": self.environment_digest(),
        }
        if parent is not None:
            index = parent.n_children if isinstance(parent, RunRecorder) else 0  # until the parent has it
            values |= {"parent_number": parent.number, "child_index": index}
            values["settings"] = to_json({n: _setting(v) for n, v in (start.settings or {}).items()})
        insert = insertion_of("zl_run", ["id", *values], dict.fromkeys(("started_at", "heartbeat_at"), db.now))
        for _ in range(5):  # two runs of one millisecond share an id once in a million times
            rows = db.execute(f"{insert} ON CONFLICT (id) DO NOTHING RETURNING number", (run_id, *values.values()))
            rows = rows or db.execute("SELECT number FROM zl_run WHERE id = ? AND owner = ?", (run_id, values["owner"]))
            if rows:
                return run_id, int(rows[0][0])
            run_id = new_run_id()
        raise StoreError(str(self.url), "no id is free for a run", "one in five tries")

    # -- parts of runs that are stored in bulk; each within a transaction ----------------------------------------------

    def experiment_number(self, name: str) -> int:
        """The number of an experiment, made when new."""
        db, find = self.database, "SELECT number FROM zl_experiment WHERE name = ?"
        rows = db.execute(find, (name,))
        if not rows:
            add = f"INSERT INTO zl_experiment (name, created_at) VALUES (?, {db.now}) ON CONFLICT DO NOTHING"
            db.execute(add, (name,))
            rows = db.execute(find, (name,))
        return int(rows[0][0])

    def environment_digest(self) -> str:
        """The key of this machine and its versions, which are stored."""
        if self._environment is None:
            content = to_json(environment())
            self._environment = EnvironmentTuple(digest_of_bytes(content.encode(), "environment"), content)
            self._diff = self._working_diff()
        if self._diff is not None:
            self._insert_source(*self._diff)
        self.database.execute(insertion(EnvironmentTuple), self._environment)
        return self._environment.digest

    def keep_input(self, run_number: int, given: RunInput) -> None:
        """Store an input of a run."""
        db = self.database
        if given.digest not in self._kept:
            row = InputTuple(digest=given.digest, kind=given.kind, content=packed(given.content))
            if db.execute(f"{insertion(InputTuple)} RETURNING digest", row):  # nobody else has stored it
                insert_rows_of(db, given)
        if given.source is not None and given.source_digest is not None:
            self._insert_source(given.source_digest, given.source)
        row_of_run = RunInputTuple(
            run_number=run_number,
            kind=given.kind,
            name=masked(given.name),
            digest=given.digest,
            file_name=given.file_name and masked(given.file_name),
            source_digest=given.source_digest,
        )
        db.execute(insertion(RunInputTuple), row_of_run)

    def mark_persisted(self, digests: Iterable[str]) -> None:
        """Mark inputs as stored, which need not be stored again. Call after the commit."""
        self._kept.update(digests)

    @staticmethod
    def _working_diff() -> tuple[str, bytes] | None:
        """The differences of the working folder that the environment refers to, in full."""
        known = environment()
        state, diff = known["git"] or {}, working_diff(Path(known["cwd"]))
        return (state["diff"], diff) if diff is not None and "diff" in state else None

    def _insert_source(self, digest: str, content: bytes) -> None:
        if not self.database.execute("SELECT 1 FROM zl_source WHERE digest = ?", (digest,)):
            row = SourceTuple(digest=digest, n_bytes=len(content), content=packed(content))
            self.database.execute(insertion(SourceTuple), row)

    def _insert_tags(self, run_number: int, tags: Sequence[tuple[str, str]]) -> None:
        for key, value in tags:
            self.database.execute(
                "INSERT INTO zl_tag (run_number, key, value) VALUES (?, ?, ?) "
                "ON CONFLICT (run_number, key) DO UPDATE SET value = excluded.value",
                (run_number, key, masked_value(str(value), key)),
            )

    def run_cache(self, run_number: int | None = None, salt: str = "") -> RunCache:
        """The cache as one run sees it; to be closed when the run ends.

        Args:
            run_number: the run whose questions are noted.
            salt: a word that sets its answers apart from those of others.
        """
        elsewhere = None if self.url.is_in_memory else partial(_cache_elsewhere, self.url.absolute(), salt)
        return RunCache(Claims(self.database, self.pulse), self.digests, salt, run_number, elsewhere)

    def transact(self, work: Callable[[], T]) -> T:
        """Do something in a transaction; a second try takes nothing for stored, as the first may have been undone."""
        tries: list[int] = []

        def once_more() -> T:
            if tries:
                self.forget()
            tries.append(1)
            return work()

        return self.database.transact(once_more)

    def forget(self) -> None:
        """Forget which rows are stored: some may have been removed."""
        self._kept.clear()

    # -- runs that are there already -----------------------------------------------------------------------------------

    def tag(self, run_id: str, **tags: str) -> None:
        """Set tags on a run, in place of tags of the same name."""
        number = self.run_number(run_id)
        with self.database.write():
            self._insert_tags(number, list(tags.items()))
            self._publish_again(number)

    def run_number(self, run_id: str) -> int:
        """The number of a run, found by its id or by the start of it.

        Raises:
            InputError: no run, or several, are called so.
        """
        rows = self.database.select("SELECT number, id FROM zl_run WHERE id = ?", (run_id,)).rows
        rows = (
            rows
            or self.database.select(
                "SELECT number, id FROM zl_run WHERE id >= ? AND id < ? LIMIT 3", (run_id, run_id + "~")
            ).rows
        )
        if len(rows) == 1:
            return int(rows[0][0])
        found = "several runs start with it" if rows and run_id else "no run is called so"
        raise InputError(f"run '{run_id}'", found, "the id of a run, or its start", "'zigzag-lab ls' lists the runs.")

    def untag(self, run_id: str, *keys: str) -> None:
        """Remove tags from a run; those that it does not carry are no error."""
        number = self.run_number(run_id)
        with self.database.write():
            for key in keys:
                self.database.execute("DELETE FROM zl_tag WHERE run_number = ? AND key = ?", (number, key))
            self._publish_again(number)

    def _publish_again(self, run_number: int) -> None:
        """Queue a published run for publishing again. Call inside the transaction that changes it."""
        self.database.execute(
            "UPDATE zl_publication SET state = CASE state WHEN 'published' THEN 'pending' ELSE state END, "
            f"updated_at = {self.database.now} WHERE run_number = ?",
            (run_number,),
        )

    def mark_lost(self, after_seconds: float = LOST_AFTER_SECONDS) -> int:
        """Mark runs as lost: at once where their process was on this machine and has exited.

        Others are lost that gave no sign of life for some time, by the database's clock. A run that is taken for lost
        and lives is found again at its next heartbeat.

        Args:
            after_seconds: without a sign of life.

        Returns:
            How many.
        """
        silent = f"heartbeat_at < {self.database.seconds_ago(after_seconds)}"
        running = self.database.select(f"SELECT number, owner, {silent} FROM zl_run WHERE status = 'running'").rows
        gone = {number for number, owner, _ in running if process_exited(owner)}
        if not gone and not any(is_silent for _, _, is_silent in running):
            return 0
        with self.database.write():
            lost = [n for number in sorted(gone) for n in self._mark_lost(f"number = {int(number)}", GONE_REASON)]
            lost += self._mark_lost(silent, LOST_REASON)
            for number in {self._outermost(number) for number in lost}:
                if number is not None:
                    ask_to_publish(self.database, number)
        return len(lost)

    def _outermost(self, number: int) -> int | None:
        """The run that a run is within, at the outermost; itself where it is in none, None where that one goes on."""
        while True:
            ((parent, status),) = self.database.execute(
                "SELECT parent_number, status FROM zl_run WHERE number = ?", (number,)
            )
            if parent is None:
                return None if status == "running" else number
            number = parent

    def _mark_lost(self, which: str, reason: str) -> list[int]:
        rows = self.database.execute(
            "UPDATE zl_run SET status = 'lost', reason = ?, ended_at = heartbeat_at "
            f"WHERE status = 'running' AND {which} RETURNING number",
            (reason,),
        )
        return [int(number) for (number,) in rows]

    # -- the outbox ----------------------------------------------------------------------------------------------------

    def publications(self, *states: str, limit: int = 1000, first: str | None = None) -> list[Publication]:
        """Entries of the outbox, oldest run first; of all states unless some are named.

        Args:
            states: that are wanted.
            limit: at most so many.
            first: the id of a run that goes before the others, with those within it.
        """
        wanted = ", ".join("?" * len(states))
        where = f"WHERE p.state IN ({wanted})" if states else ""
        goes_first = f"r.id = ? OR r.number IN ({WITHIN_RUN})"
        rows = self.database.select(
            "SELECT r.id, p.state, p.mlflow_run_id, p.attempts, p.last_error, p.updated_at FROM zl_publication p "
            f"JOIN zl_run r ON r.number = p.run_number {where} "
            f"ORDER BY CASE WHEN {goes_first} THEN 0 ELSE 1 END, r.number LIMIT {int(limit)}",
            (*states, first or "", first or ""),
        ).rows
        return [Publication(*row) for row in rows]

    def ask_to_publish(self, run_numbers: Sequence[int]) -> None:
        """Put closed runs into the outbox; those that are there already stay as they are."""
        self.database.transact(lambda: add_to_outbox(self.database, run_numbers))

    def record_publication(
        self, run_id: str, mlflow_run_id: str | None = None, *, error: str | None = None, as_of: Any = None
    ) -> None:
        """Record that MLflow has all of a run; or that publishing it failed, so that it stays in the outbox.

        Args:
            run_id: the run.
            mlflow_run_id: what MLflow calls it; by default what is on record.
            error: why it failed, if it did.
            as_of: when the entry that was published had last changed; a run that changed since waits again.
        """
        number, state = self.run_number(run_id), "published" if error is None else "failed"
        new, known = ("?", ()) if as_of is None else ("CASE updated_at WHEN ? THEN ? ELSE 'pending' END", (as_of,))
        with self.database.write():
            self.database.execute(
                f"UPDATE zl_publication SET state = {new}, mlflow_run_id = COALESCE(?, mlflow_run_id), last_error = ?, "
                f"attempts = attempts + 1, updated_at = {self.database.now} WHERE run_number = ?",
                (*known, state, mlflow_run_id, error, number),
            )

    # -- the connection ------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End the connection. Runs must be closed before."""
        self.pulse.close()
        self.database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store('{self.url}')"


def _setting(value: Any) -> Any:
    """A value that a child run varies, as plain data: records, files and documents by their names."""
    is_plain = value is None or isinstance(value, (bool, int, float, str, list, tuple, dict))
    return value if is_plain and not (isinstance(value, dict) and "name" in value) else in_a_word(value)


def ensure_schema(database: Database) -> None:
    """Bring a database to the schema of this program: SQLite by itself, Postgres on demand only.

    Raises:
        StoreError: its schema is newer than this program, or it is a Postgres database that needs an upgrade.
    """
    revision = revision_of(database)
    if revision == HEAD:
        return
    if database.read_only:
        found = f"its schema is {revision}, and it cannot be written to"
        raise StoreError(str(database.url), found, f"schema {HEAD}", "Copy it to a place that you may write to.")
    if database.url.kind != SQLITE:
        found = "it holds no tables of zigzag-lab" if revision is None else f"its schema is {revision}"
        raise StoreError(str(database.url), found, f"schema {HEAD}", "Run 'zigzag-lab db upgrade' once.")
    if revision is None:
        create_if_empty(database)
    else:
        from zigzag_lab.store.migrate import upgrade  # which imports Alembic, and takes a while

        upgrade(database.url)


def open_store(url: str | Path, *, lost_after_seconds: float = LOST_AFTER_SECONDS, read_only: bool = False) -> Store:
    """Open a database to record in. A new SQLite file gets its tables, an older one is upgraded after a copy.

    Args:
        url: ``sqlite:///FILE``, ``postgresql+psycopg://...``, or the path of a SQLite file.
        lost_after_seconds: runs that gave no sign of life for so long are marked lost.
        read_only: whether it is only read; then nothing is upgraded or marked.

    Raises:
        StoreError: it cannot be opened, or its schema is newer than this program.
    """
    parsed = DatabaseUrl.parse(url)
    database = connect(parsed, read_only=read_only)
    try:
        ensure_schema(database)
        store = Store(database)
        if not read_only:
            store.mark_lost(lost_after_seconds)
    except BaseException:
        database.close()
        raise
    return store


def _cache_elsewhere(url: DatabaseUrl, salt: str) -> RunCache:
    """Return the cache of a run in a worker process, over the connection that it keeps open for further tasks.

    Look-ups there are counted, and noted, by the process that the run belongs to. The password in the URL goes through
    the pipe between the two processes only.
    """
    return _store_here(url).run_cache(salt=salt)


@cache
def _store_here(url: DatabaseUrl) -> Store:
    store = open_store(url.secret)
    atexit.register(store.close)
    return store
