"""What workers of sweeps know of layers: from others through the database, to others through their parent."""

from __future__ import annotations

import logging
import pickle
from pathlib import Path

import pytest

from zigzag_lab.stages.protocols import Question
from zigzag_lab.store import Store
from zigzag_lab.store.cache import NewAnswers, WorkerCache, keep_answers
from zigzag_lab.store.claims import Claims


def question(key: str, kind: str = "layer") -> Question:
    pipeline = {"stages": [key]}
    return Question(key, kind, "a layer", {"engine": "e", "pipeline": key}, {key: ("pipeline", pipeline)})


def computed(cache: WorkerCache, key: str, answer: bytes) -> None:
    ticket = cache.ask(question(key))
    assert ticket is not None
    assert not isinstance(ticket, bytes)
    ticket.keep(answer, 0.5)


def test_answers_go_to_others_through_the_parent(store: Store) -> None:
    here, there = (WorkerCache(store.url.for_workers(elsewhere=False)) for _ in range(2))
    computed(here, "a", b"of a")
    assert here.ask(question("a")) == b"of a"
    assert not isinstance(there.ask(question("a")), bytes)
    new = here.new_answers()
    store.database.transact(lambda: keep_answers(store.database, [new, new, NewAnswers()]))
    assert there.ask(question("a")) == b"of a"
    assert (new.uses, here.hits, here.misses) == ([("a", "layer", "a layer", "miss")], 0, 0)
    assert (there.hits, there.misses) == (0, 1)  # a layer counts once, as it was when first asked for
    assert (here.new_answers(), there.new_answers().entries) == (NewAnswers([], [], []), [])
    assert there.ask(question("a")) == b"of a"
    assert (there.hits, there.misses, there.new_answers().uses) == (1, 0, [("a", "layer", "a layer", "hit")])
    assert store.database.select("SELECT key, state, seconds FROM zl_cache_entry").rows == [("a", "done", 0.5)]
    assert store.database.select("SELECT digest, kind FROM zl_cache_part").rows == [("a", "pipeline")]


def test_a_claim_of_somebody_else_is_left_alone(store: Store) -> None:
    claims = Claims(store.database)
    claim = claims.claim([question("a")])["a"]
    worker = WorkerCache(store.url.for_workers(elsewhere=False))
    computed(worker, "a", b"mine")
    store.database.transact(lambda: keep_answers(store.database, [worker.new_answers()]))
    claim.keep(b"theirs", 1.0)
    assert WorkerCache(store.url.for_workers(elsewhere=False)).ask(question("a")) == b"theirs"


def test_networks_are_not_kept_and_a_worker_starts_with_nothing() -> None:
    cache = pickle.loads(pickle.dumps(WorkerCache()))
    assert cache.ask(question("n", "network")) is None
    assert not isinstance(cache.ask(question("a")), bytes)


def test_a_database_that_cannot_be_read_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = WorkerCache(f"sqlite:///{tmp_path / 'none.db'}")
    with caplog.at_level(logging.WARNING, "zigzag_lab.store"):
        assert not isinstance(cache.ask(question("a")), bytes)
        assert not isinstance(cache.ask(question("b")), bytes)
    assert len(caplog.records) == 1
