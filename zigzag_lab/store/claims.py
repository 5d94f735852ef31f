"""Claims: of all processes that need an answer at once, one computes it.

A claim is a row with its own key, a unique token, and a lease by the database's clock, renewed
while the work goes on. Whoever finds a lease run out, or its owner's process gone, takes the claim over with a new
token; the former owner, should it wake, finds that its token no longer counts, and changes nothing.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import RLock
from typing import Any

from zigzag_lab.keys import canonical_json
from zigzag_lab.keys.records import exact_description
from zigzag_lab.stages.protocols import Question
from zigzag_lab.store.codec import packed, to_json, unpacked
from zigzag_lab.store.database import Database, insertion_of
from zigzag_lab.store.environment import process_exited, this_process
from zigzag_lab.store.errors import StoreError
from zigzag_lab.store.pulse import Pulse
from zigzag_lab.store.row_checks import UNREADABLE
from zigzag_lab.store.states import CacheState
from zigzag_lab.store.tables import CachePartTuple
from zigzag_lab.store.url import SQLITE

log = logging.getLogger("zigzag_lab.store")

LEASE_SECONDS = 60.0
FIRST_WAIT_SECONDS = 0.004
LONGEST_WAIT_SECONDS = 0.25
N_KEYS_AT_ONCE = 500


@dataclass(frozen=True)
class CachedResult:
    """An answer that is there.

    Attributes:
        content: as it was stored.
        seconds: how long it took to compute.
        has_waited: whether it was being computed elsewhere at the look-up.
    """

    content: bytes
    seconds: float
    has_waited: bool = False


def entry_of(question: Question, state: CacheState, token: str | None = None) -> dict[str, Any]:
    """Column of ``zl_cache_entry`` -> value, of what this process knows of a question; its times are left to SQL."""
    return {
        "key": question.key,
        "kind": question.kind,
        "engine_digest": question.parts.get("engine", ""),
        "parts": to_json(dict(question.parts)),
        "state": state.value,
        "owner": this_process(),
        "token": token or secrets.token_hex(8),
        "attempt": 1,
    }


def insertion_of_entry(columns: Iterable[str], times: Mapping[str, str]) -> str:
    """The statement that adds an entry; one that is there already, or a claim, stays.

    Args:
        columns: of the values.
        times: other column -> SQL of a time.
    """
    return f"{insertion_of('zl_cache_entry', columns, times)} ON CONFLICT (key) DO NOTHING"


def parts_of(question: Question, known: Container[str] = ()) -> list[CachePartTuple]:
    """What a question is made of, but for known digests: records with their names, so that they can be used again."""
    return [
        CachePartTuple(digest, kind, packed(canonical_json(r) if kind == "pipeline" else exact_description(r)))
        for digest, (kind, r) in sorted(question.records.items())
        if digest not in known
    ]


def sound_answer(content: Any, n_bytes: Any) -> bytes | None:
    """The content of an answer; None where it is damaged."""
    try:
        return unpacked(content) if n_bytes in (None, len(content)) else None
    except UNREADABLE:
        return None


class Claim:
    """The duty to compute an answer. See :class:`zigzag_lab.stages.protocols.AnswerClaim`."""

    def __init__(self, claims: Claims, question: Question, token: str) -> None:
        self.claims, self.question, self.key, self.token = claims, question, question.key, token

    def keep(self, answer: bytes, seconds: float) -> None:
        """Hand in the answer; nothing is stored where somebody took the claim over meanwhile."""
        self.claims.computed[self.key] = answer
        if not self.claims.finish(self, answer, seconds):
            log.warning("an answer came too late: its lease ran out, and another process took over (%s)", self.key[:12])

    def drop(self) -> None:
        """Release the claim: the next process that needs the answer computes it."""
        self.claims.release(self)


class Claims:
    """Answers by key in a database, and the claims of one process on those to be computed.

    Args:
        database: where they are stored.
        pulse: renews the leases of what is held.
        lease_seconds: how long a claim counts without being renewed.

    Attributes:
        computed: key -> the answer that was computed under a claim.
    """

    def __init__(self, database: Database, pulse: Pulse | None = None, lease_seconds: float = LEASE_SECONDS) -> None:
        self.database, self.lease_seconds = database, lease_seconds
        self.computed: dict[str, bytes] = {}
        self._pulse, self._held = pulse, dict[str, Claim]()
        self._lock, self._renewed = RLock(), time.monotonic()

    # -- asking --------------------------------------------------------------------------------------------------------

    def answer(self, key: str) -> CachedResult | None:
        """The answer of a key, if it is there."""
        return self.answers([key]).get(key)

    def answers(self, keys: Sequence[str]) -> dict[str, CachedResult]:
        """Key -> its answer, of those that are there."""
        found: dict[str, CachedResult] = {}
        for start in range(0, len(keys), N_KEYS_AT_ONCE):
            some = tuple(keys[start : start + N_KEYS_AT_ONCE])
            marks = ", ".join("?" * len(some))
            # what is done has content; asked for its state, SQLite would go through all that is done
            rows = self.database.select(
                "SELECT key, content, seconds, n_bytes FROM zl_cache_entry "
                f"WHERE key IN ({marks}) AND content IS NOT NULL",
                some,
            ).rows
            for key, content, seconds, n_bytes in rows:
                answer = sound_answer(content, n_bytes)
                if answer is None or not isinstance(seconds, (int, float)):
                    self.discard(key)
                else:
                    found[key] = CachedResult(answer, seconds)
        return found

    def discard(self, key: str) -> None:
        """Delete an answer that is damaged, so that it is computed again."""
        log.warning("a damaged answer is computed again (key %s)", key[:12])
        statement = (
            "UPDATE zl_cache_entry SET state = 'open', content = NULL, n_bytes = NULL, lease_until = NULL "
            "WHERE key = ? AND content IS NOT NULL"
        )
        self.database.transact(lambda: self.database.execute(statement, (key,)))

    def answer_or_claim(self, question: Question) -> CachedResult | Claim | None:
        """The answer; or the claim to compute it, after waiting for whoever holds it now.

        Returns:
            None where this process holds the claim itself, further up.
        """
        found = self.answer(question.key)
        pause = FIRST_WAIT_SECONDS
        has_waited = False
        while found is None:
            if self.holds(question.key):
                return None
            claim = self.claim([question]).get(question.key)
            if claim is not None:
                return claim
            has_waited = True
            time.sleep(pause)
            pause = min(LONGEST_WAIT_SECONDS, pause * 1.5)
            found = self.answer(question.key)
        return CachedResult(found.content, found.seconds, has_waited)

    # -- claiming ------------------------------------------------------------------------------------------------------

    def claim(self, questions: Sequence[Question]) -> dict[str, Claim]:
        """Claim what is free, in one transaction.

        Returns:
            Key -> claim. Keys are absent that are answered already, or that a live process is working on.
        """
        tokens = {one.key: (one, secrets.token_hex(8)) for one in sorted(questions, key=lambda q: q.key)}

        def work() -> list[str]:  # in one order, so that no two wait for each other
            return [k for k, (one, token) in tokens.items() if self._insert(one, token) or self._take_over(one, token)]

        with self._lock:
            claimed = {key: Claim(self, *tokens[key]) for key in self.database.transact(work)}
            if claimed and not self._held:
                self._renewed = time.monotonic()
                if self._pulse is not None:
                    self._pulse.start(self)
            self._held.update(claimed)
        return claimed

    def _insert(self, question: Question, token: str) -> bool:
        values = entry_of(question, CacheState.RUNNING, token)
        insert = insertion_of_entry(values, {"claimed_at": self.database.now, "lease_until": self._lease()})
        return bool(self.database.execute(f"{insert} RETURNING key", tuple(values.values())))

    def _take_over(self, question: Question, token: str) -> bool:
        """Take a claim that was given up, or whose owner is dead or silent."""
        db = self.database
        skip = "" if db.url.kind == SQLITE else " FOR UPDATE SKIP LOCKED"
        rows = db.execute(
            f"SELECT state, owner, token, lease_until < {db.now} FROM zl_cache_entry WHERE key = ?{skip}",
            (question.key,),
        )
        if not rows:
            return False
        state, owner, before, has_run_out = rows[0]
        if before == token:  # the connection was lost after all was done
            return True
        if state == "done" or (state == "running" and not has_run_out and not process_exited(owner)):
            return False
        taken = db.execute(
            "UPDATE zl_cache_entry SET state = 'running', owner = ?, token = ?, attempt = attempt + 1, "
            f"claimed_at = {db.now}, lease_until = {self._lease()} "
            "WHERE key = ? AND token = ? AND state <> 'done' RETURNING key",
            (this_process(), token, question.key, before),
        )
        return bool(taken)

    def _lease(self) -> str:
        return self.database.seconds_ago(-self.lease_seconds)

    def holds(self, key: str) -> bool:
        """Whether this object holds the claim on a key."""
        return key in self._held

    # -- ending --------------------------------------------------------------------------------------------------------

    def finish(self, claim: Claim, answer: bytes, seconds: float) -> bool:
        """Keep an answer; whether the claim still counted."""
        db, parts, content = self.database, parts_of(claim.question), packed(answer)

        def work() -> bool:
            kept = db.execute(
                "UPDATE zl_cache_entry SET state = 'done', content = ?, n_bytes = ?, seconds = ?, "
                f"done_at = {db.now}, used_at = {db.now}, lease_until = NULL "
                "WHERE key = ? AND state = 'running' AND token = ? RETURNING key",
                (content, len(content), seconds, claim.key, claim.token),
            )
            if kept:
                db.insert(CachePartTuple, parts)
            mine = "SELECT 1 FROM zl_cache_entry WHERE key = ? AND state = 'done' AND token = ?"
            return bool(kept or db.execute(mine, (claim.key, claim.token)))

        try:
            with self._lock:
                return db.transact(work)
        finally:
            self._forget(claim)

    def release(self, claim: Claim) -> None:
        """Release a claim; a failure to write that is only logged, as the lease runs out by itself."""
        try:
            statement = (
                "UPDATE zl_cache_entry SET state = 'open', lease_until = NULL "
                "WHERE key = ? AND state = 'running' AND token = ?"
            )
            with self._lock:
                self.database.transact(lambda: self.database.execute(statement, (claim.key, claim.token)))
        except StoreError as error:
            log.info("a claim could not be given up: %s", error)
        finally:
            self._forget(claim)

    def _forget(self, claim: Claim) -> None:
        with self._lock:
            if self._held.get(claim.key) is claim:
                del self._held[claim.key]
            if not self._held and self._pulse is not None:
                self._pulse.stop(self)

    def close(self) -> None:
        """Give up all that is held."""
        for claim in list(self._held.values()):
            self.release(claim)

    # -- heartbeats ----------------------------------------------------------------------------------------------------

    def beat(self) -> None:
        """Renew the leases of all that is held, once a third of their time is over."""
        if time.monotonic() - self._renewed < self.lease_seconds / 3:
            return
        try:
            self.renew()
        except StoreError as error:
            log.warning("leases could not be renewed: %s", error)

    def renew(self) -> None:
        """Renew the leases of all that is held."""
        with self._lock:
            held = [(claim.key, claim.token) for claim in self._held.values()]
            if held:
                statement = (
                    f"UPDATE zl_cache_entry SET lease_until = {self._lease()} "
                    "WHERE key = ? AND token = ? AND state = 'running'"
                )
                self.database.transact(lambda: self.database.executemany(statement, sorted(held)))
            self._renewed = time.monotonic()
