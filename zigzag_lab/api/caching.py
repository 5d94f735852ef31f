"""The cache at work in a run: opened, told what is known, closed, counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from zigzag_lab.stages.question import reading_digest

if TYPE_CHECKING:
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
