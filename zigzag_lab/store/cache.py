"""The cache of one run: answers by key, looked up, waited for, stored, and counted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zigzag_lab.keys import canonical_json
from zigzag_lab.keys.records import RecordDigests, exact_description
from zigzag_lab.stages.protocols import HIT, MISS, SHARED, Asked, CacheReport
from zigzag_lab.store.claims import CachedResult, CacheRequest, Claim, Claims
from zigzag_lab.store.codec import to_json
from zigzag_lab.store.database import flat
from zigzag_lab.store.errors import StoreError
from zigzag_lab.store.tables import CacheUseTuple

if TYPE_CHECKING:
    from zigzag_lab.stages.protocols import Question

log = logging.getLogger("zigzag_lab.store")


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
        self._known: dict[str, bytes] = {}
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

    def ask(self, question: Question) -> bytes | _ClaimTicket | None:
        """The answer; or a ticket to compute it; or None where this run is computing it already, further up."""
        known = self._known.get(question.key)
        if known is not None:
            return known
        found = self._claims.answer_or_claim(_wanted(question))
        if isinstance(found, CachedResult):
            self._known[question.key] = found.content
            self._count(question, SHARED if found.has_waited else HIT, found.seconds)
            return found.content
        if found is None:
            return None
        self._count(question, MISS)
        return _ClaimTicket(self, found)

    def discard(self, key: str) -> None:
        """Forget an answer that cannot be read: it is computed again."""
        self._known.pop(key, None)
        self._asked.pop(key, None)
        self._claims.discard(key)

    def kept(self, key: str, answer: bytes) -> None:
        """Remember an answer, to look it up without the database."""
        self._known[key] = answer

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
        used = sorted((key,) for key, asked in self._asked.items() if asked.outcome != MISS)

        def note() -> None:
            db.executemany(f"UPDATE zl_cache_entry SET used_at = {db.now} WHERE key = ?", used)
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


class _ClaimTicket:
    """A claim whose answer the run remembers."""

    def __init__(self, cache: RunCache, claim: Claim) -> None:
        self._cache, self._claim = cache, claim

    def keep(self, answer: bytes, seconds: float) -> None:
        """Hand in the answer."""
        self._cache.kept(self._claim.key, answer)
        self._claim.keep(answer, seconds)

    def drop(self) -> None:
        """Give up."""
        self._claim.drop()


def _wanted(question: Question) -> CacheRequest:
    return CacheRequest(
        question.key,
        question.kind,
        question.parts.get("engine", ""),
        to_json(dict(question.parts)),
        lambda: _documents(question),
    )


def _documents(question: Question) -> Sequence[tuple[str, str, bytes]]:
    """What a question is made of, in full: records with their names, so that they can be shown and used again."""
    return [
        (digest, kind, canonical_json(record) if kind == "pipeline" else exact_description(record))
        for digest, (kind, record) in question.records.items()
    ]
