"""The choice and opening of databases, and what they store for later runs: answers, readings, costs of memories."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.options import default_database as default_database

if TYPE_CHECKING:
    from zigzag_lab.inputs.cacti import Cacti
    from zigzag_lab.inputs.memory_costs import MemoryCostRequest, MemoryCosts
    from zigzag_lab.store import Store
    from zigzag_lab.store.cache import RunCache
    from zigzag_lab.store.readings import Readings


DEFAULT_STORE = "default"
"""Stands for :func:`default_database` where a store is asked for."""


def is_there(store: str | Store | None) -> bool:
    """Whether there is such a database already; a new one is only made once a run's inputs are checked."""
    from zigzag_lab.store import DatabaseUrl

    if not isinstance(store, str):
        return store is not None
    path = DatabaseUrl.parse(_url(store)).path
    return path is None or path.exists()


@contextmanager
def opened_store(store: str | Store | None) -> Iterator[Store]:
    """The store, closed at the end if it was opened here.

    Raises:
        InputError: it is no store, and no URL of one.
    """
    from zigzag_lab.store import Store, open_store

    if isinstance(store, Store):
        yield store
        return
    if not isinstance(store, str):
        raise InputError("store", f"of type {type(store).__name__}", "a database URL, an open store, or None")
    with open_store(_url(store)) as opened:
        yield opened


def _url(store: str) -> str:
    return default_database() if store == DEFAULT_STORE else store


def readings_of(store: Store | None) -> Readings:
    """A reader of files that remembers what they held, in a database if there is one already."""
    from zigzag_lab.stages.question import reading_digest
    from zigzag_lab.store.readings import Readings

    return Readings(None if store is None else store.database, reading_digest())


@contextmanager
def run_cache(
    store: Store, run_number: int, salt: str, readings: Readings | None, *, is_off: bool = False
) -> Iterator[RunCache | None]:
    """The cache of one run, with the descriptions of what was read from files; none where it is off."""
    if is_off:
        yield None
        return
    cache = store.run_cache(run_number, salt)
    try:
        for reading in readings.all_said() if readings is not None else ():
            cache.digests.learn(reading.record, reading.content)
        if readings is not None:
            readings.keep(store.database)
        yield cache
    finally:
        cache.close()


class LabMemoryCosts:
    """CACTI, asked once in the life of a database; looked for, and the database opened, when a memory wants it.

    Answers lie under the question and the digest of the program, its technology files and our settings, so that
    another program's answer is never taken for this one's. Without the program nothing is answered, as it is
    not known then whose answers those in the database are. A ``store`` that is not there yet is not made here (see
    :func:`keep_memory_costs`); without one, answers serve this run alone.
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
        """The answer stored under a key."""
        known = self.answers.get(key)
        if known is not None or not is_there(self.store):
            return known
        from zigzag_lab.store.readings import memory_cost

        with opened_store(self.store) as store:
            return memory_cost(store.database, key)

    def __getstate__(self) -> dict[str, object]:
        """What a worker process needs, which opens the database itself."""
        is_named = self.store is None or isinstance(self.store, str)
        return {
            "store": self.store if is_named else self.store.url.for_workers(elsewhere=False),  # type: ignore[union-attr]
            "answers": self.answers,
        }

    def put(self, key: str, costs: MemoryCosts) -> None:
        """Store an answer; in this object until there is a database."""
        self.answers[key] = costs
        if is_there(self.store):
            with opened_store(self.store) as store:
                keep_memory_costs(store, self)


def keep_memory_costs(store: Store, costs: object) -> None:
    """Write down the answers that came before the database was there; other providers keep their own."""
    if isinstance(costs, LabMemoryCosts) and costs.answers:
        from zigzag_lab.store.readings import store_memory_costs

        store_memory_costs(store.database, dict(costs.answers))
