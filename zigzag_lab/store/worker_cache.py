"""The cache of a worker of a sweep: its own answers, those of the database, and no writing, which its parent does.

Points that share layers share the work: those of one worker at once, those of other workers, sweeps and runs as soon as
their parent has stored them.
"""

from __future__ import annotations

import logging
import secrets
import weakref
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zigzag_lab.keys import canonical_json
from zigzag_lab.keys.records import RecordDigests, exact_description
from zigzag_lab.stages.protocols import HIT, MISS, AnswerClaim, Cache, CacheReport, Question
from zigzag_lab.store.claims import new_entry, sound_answer
from zigzag_lab.store.codec import packed, to_json
from zigzag_lab.store.connect import connect
from zigzag_lab.store.database import Database, Row
from zigzag_lab.store.errors import StoreError
from zigzag_lab.store.owner import this_process
from zigzag_lab.store.tables import CachePartTuple
from zigzag_lab.store.url import DatabaseUrl

log = logging.getLogger("zigzag_lab.store")

MOST_ANSWERS = 50_000
MOST_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class NewAnswers:
    """Answers about layers that a worker computed, as rows.

    Attributes:
        entries: of ``zl_cache_entry``: column -> value, of all the same columns.
        parts: of ``zl_cache_part``: what the questions were made of.
        uses: of ``zl_cache_use``, but for the run's number: the look-ups of the point.
        damaged: keys of answers in the database that could not be read.
    """

    entries: Sequence[Mapping[str, Any]] = ()
    parts: Sequence[Row] = ()
    uses: Sequence[Row] = ()
    damaged: Sequence[str] = ()


def keep_answers(database: Database, answers: Sequence[NewAnswers]) -> None:
    """Store what workers computed, and note what they used, within a transaction.

    Answers that are there already, or that others hold claims on, stay as they are.
    """
    entries = {entry["key"]: entry for new in answers for entry in new.entries}
    times = dict.fromkeys(("claimed_at", "done_at", "used_at"), database.now)
    damaged = {(key,) for new in answers for key in new.damaged}
    database.executemany("DELETE FROM zl_cache_entry WHERE key = ? AND content IS NOT NULL", sorted(damaged))
    if entries:
        insert = new_entry(next(iter(entries.values())), times)
        rows = [tuple(entry.values()) for entry in entries.values()]
        database.executemany(insert, sorted(rows))  # in one order, so that no two wait for each other
    used = {key for new in answers for key, _, _, outcome in new.uses if outcome == HIT}
    database.executemany(
        f"UPDATE zl_cache_entry SET used_at = {database.now} WHERE key = ?", sorted((k,) for k in used)
    )
    database.insert(CachePartTuple, [row for new in answers for row in new.parts])


@dataclass
class WorkerCache(Cache):
    """Answers about layers, for as long as a worker lives.

    Attributes:
        database: the URL of the database that is read; None for none.
        salt, digests: see :class:`zigzag_lab.stages.protocols.Cache`.
        hits, misses: distinct layers that were known, and that were not, since the point began.
    """

    database: str | None = None
    salt: str = ""
    digests: RecordDigests = field(default_factory=RecordDigests)
    _asked: dict[str, Row] = field(default_factory=dict)
    _answers: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    _n_bytes: int = 0
    _connection: Database | None = None
    _entries: list[dict[str, Any]] = field(default_factory=list)
    _parts: list[Row] = field(default_factory=list)
    _damaged: list[str] = field(default_factory=list)
    _sent: set[str] = field(default_factory=set)

    def ask(self, question: Question) -> bytes | AnswerClaim | None:
        """The answer about a layer, or a ticket; those about whole networks are not stored."""
        if question.kind == "network":
            return None
        found = self._answers.get(question.key)
        if found is None and (found := self._read(question.key)) is not None:
            self._remember(question.key, found)
        outcome = MISS if found is None else HIT
        self._asked.setdefault(question.key, (question.key, question.kind, question.label, outcome))
        if found is None:
            return _WorkerTicket(self, question)
        self._answers.move_to_end(question.key)
        return found

    @property
    def hits(self) -> int:
        """Of distinct layers."""
        return sum(outcome == HIT for *_, outcome in self._asked.values())

    @property
    def misses(self) -> int:
        """Of distinct layers."""
        return len(self._asked) - self.hits

    def _read(self, key: str) -> bytes | None:
        """The answer that the database has; a database that cannot be read is not tried again."""
        if self.database is None or key in self._damaged:
            return None
        try:
            if self._connection is None:
                self._connection = connect(DatabaseUrl.parse(self.database), read_only=True)
                weakref.finalize(self, self._connection.close)
            sql = "SELECT content, n_bytes FROM zl_cache_entry WHERE key = ? AND state = 'done'"
            rows = self._connection.select(sql, (key,)).rows
        except StoreError as error:
            log.warning("a worker computes what the database may know already: %s", error)
            self.database = self._connection = None
            return None
        found = sound_answer(*rows[0]) if rows else None
        if rows and found is None:
            self.discard(key)
        return found

    def discard(self, key: str) -> None:
        """Forget an answer that cannot be read, and have the parent take it out."""
        log.warning("a damaged answer is computed again (key %s)", key[:12])
        self._answers.pop(key, None)
        self._asked.pop(key, None)
        self._damaged.append(key)

    def _remember(self, key: str, answer: bytes) -> None:
        """Keep an answer in memory; the least recently used one makes room."""
        self._answers[key] = answer
        self._n_bytes += len(answer)
        while len(self._answers) > MOST_ANSWERS or self._n_bytes > MOST_BYTES:
            self._n_bytes -= len(self._answers.popitem(last=False)[1])

    def keep(self, question: Question, answer: bytes, seconds: float) -> None:
        """Remember an answer, and hand it to the parent with the point."""
        self._remember(question.key, answer)
        content, engine = packed(answer), question.parts.get("engine", "")
        entry = {
            "key": question.key,
            "kind": question.kind,
            "engine_digest": engine,
            "parts": to_json(dict(question.parts)),
            "content": content,
            "n_bytes": len(content),
            "seconds": seconds,
            "state": "done",
            "owner": this_process(),
            "token": secrets.token_hex(8),
            "attempt": 1,
        }
        self._entries.append(entry)
        for digest, (kind, record) in question.records.items():
            if digest not in self._sent:
                self._sent.add(digest)
                text = canonical_json(record) if kind == "pipeline" else exact_description(record)
                self._parts.append((digest, kind, packed(text)))

    def new_answers(self) -> NewAnswers:
        """The answers and look-ups since the last call; a new point begins."""
        new = NewAnswers(self._entries, self._parts, list(self._asked.values()), tuple(self._damaged))
        self._entries, self._parts, self._asked, self._damaged = [], [], {}, []
        return new

    def not_kept(self, reason: str) -> None:
        """Nothing: the standard stages can be keyed."""

    def add(self, report: CacheReport) -> None:
        """Nothing: a worker hands no work to others."""


@dataclass(frozen=True)
class _WorkerTicket:
    cache: WorkerCache
    question: Question

    def keep(self, answer: bytes, seconds: float) -> None:
        self.cache.keep(self.question, answer, seconds)

    def drop(self) -> None:
        pass
