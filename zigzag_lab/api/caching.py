"""What the database remembers for later runs: answers, readings of files, costs of memories."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zigzag_lab.api.databases import is_there, opened_store
from zigzag_lab.stages.question import reading_digest

if TYPE_CHECKING:
    from zigzag_lab.inputs.cacti import Cacti
    from zigzag_lab.inputs.memory_costs import MemoryCostRequest, MemoryCosts
    from zigzag_lab.store import Store, Totals
    from zigzag_lab.store.cache import CacheFigures, RunCache
    from zigzag_lab.store.readings import Readings


def readings_of(store: Store | None) -> Readings:
    """A reader of files that remembers what they said, in a database if there is one already."""
    from zigzag_lab.store.readings import Readings

    return Readings(None if store is None else store.database, reading_digest())


@contextmanager
def run_cache(
    store: Store, run_number: int, salt: str, readings: Readings | None, *, is_off: bool = False
) -> Iterator[RunCache | None]:
    """The cache of one run; none where it is off.

    Args:
        store: the open database.
        run_number: the run.
        salt: the user's word that sets keys apart.
        readings: what was read from files, whose descriptions need not be worked out again.
        is_off: whether everything is to be computed.
    """
    if is_off:
        yield None
        return
    cache = store.run_cache(run_number, salt)
    try:
        for said in readings.all_said() if readings is not None else ():
            cache.digests.learn(said.record, said.content)
        if readings is not None:
            readings.keep(store.database)
        yield cache
    finally:
        cache.close()


def with_cache(totals: Totals, figures: CacheFigures | None) -> Totals:
    """The totals of a run with what the cache did for it."""
    if figures is None:
        return totals
    return replace(
        totals,
        cache_hits=figures.hits,
        cache_misses=figures.misses,
        cache_seconds_saved=figures.seconds_saved,
    )


class LabMemoryCosts:
    """CACTI, asked once in the life of a database; looked for, and the database opened, when a memory wants it.

    Answers lie under the question and the digest of the program, its technology files and our settings, so that
    another program's answer is never taken for this one's. Without the program nothing is answered, as it cannot be
    told then whose answers those in the database are.

    Args:
        store: where answers are kept; not made here if it is not there yet (see :func:`keep_memory_costs`). None where
            they are kept for this run alone.
    """

    def __init__(self, store: str | Store | None) -> None:
        self.store = store
        self.answers: dict[str, MemoryCosts] = {}  # what was answered in this run

    def costs(self, request: MemoryCostRequest) -> MemoryCosts:
        """What a memory costs.

        Raises:
            InputError: there is no tool to ask, or it has no answer.
        """
        return self._cacti.costs(request)

    @cached_property
    def _cacti(self) -> Cacti:
        from zigzag_lab.inputs.cacti import default_provider

        return default_provider(self)

    def get(self, key: str) -> MemoryCosts | None:
        """The answer kept under a key."""
        known = self.answers.get(key)
        if known is not None or not is_there(self.store):
            return known
        from zigzag_lab.store.memory_costs import memory_cost

        with opened_store(self.store) as store:
            return memory_cost(store.database, key)

    def __getstate__(self) -> dict[str, Any]:
        """What a worker process needs, which opens the database itself."""
        is_named = self.store is None or isinstance(self.store, str)
        return {
            "store": self.store if is_named else self.store.url.for_workers(elsewhere=False),  # type: ignore[union-attr]
            "answers": self.answers,
        }

    def put(self, key: str, costs: MemoryCosts) -> None:
        """Keep an answer; until there is a database, here."""
        self.answers[key] = costs
        if is_there(self.store):
            with opened_store(self.store) as store:
                keep_memory_costs(store, self)


def keep_memory_costs(store: Store, costs: Any) -> None:
    """Write down the answers that came before the database was there; other providers keep their own."""
    if isinstance(costs, LabMemoryCosts) and costs.answers:
        from zigzag_lab.store.memory_costs import keep

        keep(store.database, dict(costs.answers))
