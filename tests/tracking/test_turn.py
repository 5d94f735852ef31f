from __future__ import annotations

import pytest

from tests.tracking.samples import Place, finished_run
from zigzag_lab.store.locks import PUBLISH, database_lock
from zigzag_lab.tracking.publish import BUSY, ONE_THREAD, publish_pending


@pytest.mark.parametrize("holds_thread", [True, False])
def test_whoever_is_not_first_publishes_nothing(place: Place, holds_thread: bool) -> None:
    finished_run(place.store)
    held = ONE_THREAD if holds_thread else database_lock(place.store.url, PUBLISH, 1)
    with held:
        report = publish_pending(place.store, place.uri, patience_seconds=0.01)
    assert (report.problem, report.published, report.n_waiting) == (BUSY, {}, 1)
    assert publish_pending(place.store, place.uri).problem is None
