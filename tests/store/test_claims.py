"""One computation for one key: claims, their leases, their tokens, and what becomes of claims of the dead."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.claims_stress import keys_of, question, stress
from tests.store.prices import network_of
from zigzag_lab.store import Store, open_store
from zigzag_lab.store.claims import CachedResult, Claim, Claims
from zigzag_lab.store.environment import this_process
from zigzag_lab.store.pulse import Pulse

KEY = question("a key")


def claims_of(store: Store, **options: Any) -> Claims:
    return Claims(store.database, **options)


def claimed(claims: Claims, key: str = "a key") -> Claim:
    found = claims.answer_or_claim(question(key))
    assert isinstance(found, Claim)
    return found


def row(store: Store, columns: str = "state, attempt") -> Any:
    return store.database.select(f"SELECT {columns} FROM zl_cache_entry").rows[0]


def pretend(store: Store, owner: str) -> None:
    """Have claims belong to another process."""
    with store.database.write():
        store.database.execute("UPDATE zl_cache_entry SET owner = ?", (owner,))


def eventually(found: Callable[[], Any], seconds: float = 30) -> Any:
    """What is found, asked again and again until there is something."""
    end = time.monotonic() + seconds
    while not (answer := found()) and time.monotonic() < end:
        time.sleep(0.01)
    return answer


def dead_process() -> str:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return f"{this_process().rpartition(':')[0]}:{process.pid}"


def test_the_first_computes_and_the_second_gets_the_answer(store: Store) -> None:
    first, second = claims_of(store), claims_of(store)
    assert first.answer("a key") is None
    claim = claimed(first)
    assert first.holds("a key")
    assert row(store) == ("running", 1)
    claim.keep(b"42", 1.5)
    assert row(store) == ("done", 1)
    assert second.answer_or_claim(KEY) == CachedResult(b"42", 1.5)
    assert not first.holds("a key")


def test_what_is_computed_elsewhere_is_not_claimed(store: Store) -> None:
    first, second = claims_of(store), claims_of(store)
    claimed(first)
    assert second.claim([KEY]) == {}


def test_many_are_claimed_at_once(store: Store) -> None:
    first, second = claims_of(store), claims_of(store)
    claimed(first, "b")
    assert sorted(second.claim([question(key) for key in "cba"])) == ["a", "c"]


def test_who_asks_while_it_is_computed_waits_and_shares(store: Store, url: str) -> None:
    claim = claimed(claims_of(store))
    with open_store(url) as other:
        found: list[Any] = []
        waiting = threading.Thread(target=lambda: found.append(claims_of(other).answer_or_claim(KEY)))
        waiting.start()
        time.sleep(0.05)
        assert not found
        claim.keep(b"42", 0.5)
        waiting.join(10)
    assert found == [CachedResult(b"42", 0.5, has_waited=True)]


def test_who_holds_the_claim_already_computes_without_keeping(store: Store) -> None:
    claims = claims_of(store)
    claimed(claims)
    assert claims.answer_or_claim(KEY) is None


def test_a_dropped_claim_is_free(store: Store) -> None:
    first, second = claims_of(store), claims_of(store)
    claimed(first).drop()
    assert row(store) == ("open", 1)
    claimed(second)
    assert row(store) == ("running", 2)


def test_closing_drops_all(store: Store) -> None:
    claims = claims_of(store)
    claims.claim([question(key) for key in "ab"])
    claims.close()
    assert store.database.select("SELECT DISTINCT state FROM zl_cache_entry").rows == [("open",)]


def test_a_claim_of_the_dead_is_taken_over_at_once(store: Store) -> None:
    claim = claimed(claims_of(store))
    pretend(store, dead_process())
    claimed(claims_of(store)).keep(b"by the second", 1)
    claim.keep(b"by the dead", 1)
    assert claims_of(store).answer("a key") == CachedResult(b"by the second", 1)


def test_a_silent_claim_is_taken_over_when_its_lease_has_run_out(store: Store) -> None:
    claimed(claims_of(store))
    pretend(store, "another machine:1")
    second = claims_of(store)
    assert second.claim([KEY]) == {}
    store.database.execute(f"UPDATE zl_cache_entry SET lease_until = {store.database.seconds_ago(0.1)}")
    assert list(second.claim([KEY])) == ["a key"]


def test_a_late_writer_changes_nothing(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    late = claimed(claims_of(store, lease_seconds=0.0))
    pretend(store, "another machine:1")
    time.sleep(0.01)
    taken = claimed(claims_of(store))
    late.keep(b"late", 1)
    assert "came too late" in caplog.text
    assert row(store, "state, content") == ("running", None)
    late.drop()
    assert row(store) == ("running", 2)
    taken.keep(b"in time", 1)
    late.keep(b"later still", 1)
    assert claims_of(store).answer("a key") == CachedResult(b"in time", 1)


def test_the_pulse_renews_leases(store: Store) -> None:
    pulse = Pulse(seconds=0.01)
    claim = claimed(claims_of(store, pulse=pulse, lease_seconds=60))
    pretend(store, "another machine:1")
    with store.database.write():
        store.database.execute(f"UPDATE zl_cache_entry SET lease_until = {store.database.seconds_ago(1)}")
    is_held = f"SELECT 1 FROM zl_cache_entry WHERE lease_until > {store.database.now}"
    assert eventually(lambda: store.database.select(is_held).rows)
    assert claims_of(store).claim([KEY]) == {}
    claim.keep(b"42", 1)
    pulse.close()


def test_parts_are_stored_once_with_the_answer(store: Store) -> None:
    claims = claims_of(store)
    records = {"d2": ("layer", network_of(1)[0].layer), "d1": ("pipeline", {"stages": []})}
    for key in "ab":
        claims.claim([replace(question(key), records=records)])[key].keep(b"x", 0)
    rows = store.database.select("SELECT digest, kind FROM zl_cache_part ORDER BY digest").rows
    assert rows == [("d1", "pipeline"), ("d2", "layer")]


def test_ten_thousand_keys_are_looked_up_in_few_statements(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """How long it takes: ``python -m tests.benchmarks.lookup``."""
    claims = claims_of(store)
    keys = [f"key {i}" for i in range(10_000)]
    claim = claimed(claims, keys[0])
    claim.keep(b"42", 1)
    with store.database.write():
        columns = "kind, state, owner, token, attempt, claimed_at, engine_digest, parts, seconds, content"
        for start in range(1, 10_000, 500):
            numbers = ", ".join(f"('key {i}')" for i in range(start, min(start + 500, 10_000)))
            store.database.execute(
                f"INSERT INTO zl_cache_entry (key, {columns}) "
                f"SELECT k.column1, {columns} FROM (VALUES {numbers}) AS k, zl_cache_entry WHERE key = 'key 0'"
            )
    asked: list[str] = []
    select = store.database.select
    monkeypatch.setattr(store.database, "select", lambda sql, *more: asked.append(sql) or select(sql, *more))
    assert len(claims.answers(keys)) == 10_000
    assert len(asked) <= 20


@pytest.mark.parametrize("kill_every", [None, 1.0])
def test_many_processes_compute_each_key_once(url: str, kill_every: float | None) -> None:
    """The small form of what ``python -m tests.claims_stress`` does."""
    n_keys = 30
    seconds_each = 0.01 if kill_every is None else 0.1
    outcome = stress(url, 3, n_keys, seconds_each, kill_every, limit=120, most_killed=3)
    assert outcome.errors == []
    assert outcome.wrongly_repeated == []
    assert outcome.n_done == n_keys
    if kill_every is None:
        assert (outcome.n_computed, outcome.n_killed) == (n_keys, 0)
    else:
        assert 0 < outcome.n_killed <= 3
        assert n_keys <= outcome.n_computed <= n_keys + outcome.n_killed


def test_every_key_is_wanted_by_three() -> None:
    wanted = [key for worker in range(8) for key in keys_of(worker, 8, 400)]
    assert {wanted.count(key) for key in wanted} == {3}
    assert len(set(wanted)) == 400
