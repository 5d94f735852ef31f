"""Caches of answers by key: of one run, and of a worker of a sweep, which leaves the writing to its parent."""

from __future__ import annotations

import logging
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from zigzag_lab.keys.records import RecordDigests
from zigzag_lab.stages.protocols import HIT, MISS, SHARED, AnswerClaim, Asked, Cache, CacheReport, Question
from zigzag_lab.store.claims import CachedResult, Claim, Claims, entry_of, insertion_of_entry, parts_of, sound_answer
from zigzag_lab.store.codec import packed
from zigzag_lab.store.connect import connect
from zigzag_lab.store.database import Database, Row, flat
from zigzag_lab.store.errors import StoreError
from zigzag_lab.store.states import CacheState
from zigzag_lab.store.tables import CachePartTuple, CacheUseTuple
from zigzag_lab.store.url import DatabaseUrl

log = logging.getLogger("zigzag_lab.store")

MOST_ANSWERS = 50_000
MOST_BYTES = 200_000_000
"""What a worker remembers at most."""


@dataclass
class CacheFigures:
    """What a cache did for a run. Layers count once, however often they are looked up.

    Attributes:
        hits: distinct layers that were answered from the cache.
        misses: distinct layers that were computed.
        shared: of the hits, those that another process computed while this one waited.
        seconds_saved: what the hits took when they were computed.
        not_kept: why something was computed without being stored.
    """

    hits: int = 0
    misses: int = 0
    shared: int = 0
    seconds_saved: float = 0.0
    not_kept: list[str] = field(default_factory=list)


class RunCache:
    """The cache as one run sees it. See :class:`zigzag_lab.stages.protocols.Cache`.

    Args:
        claims: the claims of this run, in an open database.
        digests: of records.
        salt: the user's word that sets keys apart.
        run_number: the run whose questions are noted; None for none.
        elsewhere: opens the same cache in another process; None where the database lives in this one only.
    """

    def __init__(
        self,
        claims: Claims,
        digests: RecordDigests,
        salt: str = "",
        run_number: int | None = None,
        elsewhere: Callable[[], RunCache] | None = None,
    ) -> None:
        self.salt, self.digests = salt, digests
        self._claims, self._run_number, self._elsewhere = claims, run_number, elsewhere
        self._known = claims.computed
        self._asked: dict[str, Asked] = {}
        self._not_kept: list[str] = []
        self._is_noted = False

    @property
    def figures(self) -> CacheFigures:
        """What it did so far, here and in other processes."""
        figures = CacheFigures(not_kept=list(self._not_kept))
        has_layers = any(asked.kind == "layer" for asked in self._asked.values())
        for asked in self._asked.values():
            if asked.kind == "step" and has_layers:
                continue
            if asked.outcome != MISS:
                figures.hits += asked.n_layers
                figures.shared += asked.n_layers if asked.outcome == SHARED else 0
                figures.seconds_saved += asked.seconds
            elif not asked.has_inner:
                figures.misses += asked.n_layers
        return figures

    def ask(self, question: Question) -> bytes | Claim | None:
        """The answer; or a ticket to compute it; or None where this run is computing it already, further up."""
        known = self._known.get(question.key)
        if known is not None:
            return known
        found = self._claims.answer_or_claim(question)
        if isinstance(found, CachedResult):
            self._known[question.key] = found.content
            self._count(question, SHARED if found.has_waited else HIT, found.seconds)
            return found.content
        if found is not None:
            self._count(question, MISS)
        return found

    def discard(self, key: str) -> None:
        """Forget an answer that cannot be read: it is computed again."""
        self._known.pop(key, None)
        self._asked.pop(key, None)
        self._claims.discard(key)

    def _count(self, question: Question, outcome: str, seconds: float = 0.0) -> None:
        asked = Asked(question.kind, question.label, outcome, question.n_layers, question.has_inner, seconds)
        self.add(CacheReport({question.key: asked}))

    def not_kept(self, reason: str) -> None:
        """Note why something is computed without being stored; once for each reason."""
        if reason not in self._not_kept:
            self._not_kept.append(reason)
            log.info("not cached: %s", reason)

    def elsewhere(self) -> Callable[[], RunCache] | None:
        """What opens the same cache in another process; None where the database lives in this process only."""
        return self._elsewhere

    def report(self) -> CacheReport:
        """What it did so far."""
        return CacheReport(dict(self._asked), tuple(self._not_kept))

    def add(self, report: CacheReport) -> None:
        """Count look-ups of this or another process; a miss, if any process had to compute the answer."""
        for key, asked in report.asked.items():
            before = self._asked.get(key)
            if before is None or (asked.outcome == MISS and before.outcome != MISS):
                self._asked[key] = asked
        for reason in report.not_kept:
            self.not_kept(reason)

    def close(self) -> None:
        """Give up what is claimed, and note what was asked. A failure costs notes only."""
        self._claims.close()
        if not self._asked or self._is_noted:
            return
        self._is_noted = True
        db = self._claims.database

        def note() -> None:
            _note_used(db, {key for key, asked in self._asked.items() if asked.outcome != MISS})
            if self._run_number is not None:
                rows = [(self._run_number, key, a.kind, a.label, a.outcome) for key, a in self._asked.items()]
                db.append(CacheUseTuple, flat(rows))

        try:
            db.transact(note)
        except StoreError as error:
            log.info("the cache could not note what was asked: %s", error)

    def __reduce__(self) -> tuple[Any, ...]:
        """A cache is not copied: :meth:`elsewhere` says how to reach it from other processes."""
        return type(None), ()


def _note_used(database: Database, keys: set[str]) -> None:
    database.executemany(
        f"UPDATE zl_cache_entry SET used_at = {database.now} WHERE key = ?", sorted((k,) for k in keys)
    )


# -- workers of sweeps -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewAnswers:
    """Answers about layers that a worker computed, as rows.

    Attributes:
        entries: of ``zl_cache_entry``: column -> value, of all the same columns.
        parts: of ``zl_cache_part``: what the questions were made of.
        uses: of ``zl_cache_use``, but for the run's number: what the point asked.
        damaged: keys of answers in the database that could not be read.
    """

    entries: list[dict[str, Any]] = field(default_factory=list)
    parts: list[Row] = field(default_factory=list)
    uses: list[Row] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


def keep_answers(database: Database, answers: Sequence[NewAnswers]) -> None:
    """Store what workers computed, and note what they used, within a transaction.

    Answers that are there already, or that others hold claims on, stay as they are.
    """
    entries = {entry["key"]: entry for new in answers for entry in new.entries}
    times = dict.fromkeys(("claimed_at", "done_at", "used_at"), database.now)
    damaged = {(key,) for new in answers for key in new.damaged}
    database.executemany("DELETE FROM zl_cache_entry WHERE key = ? AND content IS NOT NULL", sorted(damaged))
    if entries:
        insert = insertion_of_entry(next(iter(entries.values())), times)
        rows = [tuple(entry.values()) for entry in entries.values()]
        database.executemany(insert, sorted(rows))  # in one order, so that no two wait for each other
    _note_used(database, {key for new in answers for key, _, _, outcome in new.uses if outcome == HIT})
    database.insert(CachePartTuple, [row for new in answers for row in new.parts])


class WorkerCache(Cache):
    """Answers about layers, for as long as a worker lives; those that it computes go to its parent with the point.

    Points that share layers share the work: those of one worker at once, those of other workers, sweeps and runs as
    soon as their parent has stored them.

    Args:
        database: the URL of the database that is read; None for none.
    """

    def __init__(self, database: str | None = None) -> None:
        self.salt, self.digests = "", RecordDigests()
        self._database = database
        self._connection: Database | None = None
        self._known: OrderedDict[str, bytes] = OrderedDict()
        self._n_bytes = 0
        self._asked: dict[str, Row] = {}
        self._new = NewAnswers()
        self._sent: set[str] = set()

    def ask(self, question: Question) -> bytes | AnswerClaim | None:
        """The answer about a layer, or a ticket; whole networks are not kept."""
        if question.kind == "network":
            return None
        found = self._known.get(question.key)
        if found is None and (found := self._read(question.key)) is not None:
            self._remember(question.key, found)
        outcome = MISS if found is None else HIT
        self._asked.setdefault(question.key, (question.key, question.kind, question.label, outcome))
        if found is None:
            return _WorkerTicket(self, question)
        self._known.move_to_end(question.key)
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
        """The answer that the database has; a database that cannot be read is not asked again."""
        if self._database is None or key in self._new.damaged:
            return None
        try:
            if self._connection is None:
                self._connection = connect(DatabaseUrl.parse(self._database), read_only=True)
                weakref.finalize(self, self._connection.close)
            sql = "SELECT content, n_bytes FROM zl_cache_entry WHERE key = ? AND state = 'done'"
            rows = self._connection.select(sql, (key,)).rows
        except StoreError as error:
            log.warning("a worker computes what the database may know already: %s", error)
            self._database = self._connection = None
            return None
        found = sound_answer(*rows[0]) if rows else None
        if rows and found is None:
            self.discard(key)
        return found

    def discard(self, key: str) -> None:
        """Forget an answer that cannot be read, and have the parent take it out."""
        log.warning("a damaged answer is computed again (key %s)", key[:12])
        self._known.pop(key, None)
        self._asked.pop(key, None)
        self._new.damaged.append(key)

    def _remember(self, key: str, answer: bytes) -> None:
        """Keep an answer at hand; the one that was asked for longest ago makes room."""
        self._known[key] = answer
        self._n_bytes += len(answer)
        while len(self._known) > MOST_ANSWERS or self._n_bytes > MOST_BYTES:
            self._n_bytes -= len(self._known.popitem(last=False)[1])

    def keep(self, question: Question, answer: bytes, seconds: float) -> None:
        """Remember an answer, and hand it to the parent with the point."""
        self._remember(question.key, answer)
        content = packed(answer)
        result = {"content": content, "n_bytes": len(content), "seconds": seconds}
        self._new.entries.append(entry_of(question, CacheState.DONE) | result)
        self._new.parts.extend(parts_of(question, self._sent))
        self._sent.update(question.records)

    def new_answers(self) -> NewAnswers:
        """What was computed and asked since this was last asked; a new point begins."""
        new, self._new = self._new, NewAnswers()
        new.uses.extend(self._asked.values())
        self._asked = {}
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
