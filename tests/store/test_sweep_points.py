"""Points that several processes want."""

from __future__ import annotations

from zigzag_lab.store import Store
from zigzag_lab.store.sweep_points import PointRow, PricedPoint, SweepRecord, open_sweep
from zigzag_lab.store.sweep_questions import priced_points

POINTS = [PointRow(f"key {i}", "w", "a", "m", {"x": i}) for i in range(4)]
KEYS = {point.key for point in POINTS}


def record(store: Store) -> SweepRecord:
    return open_sweep(store, "s", "latency", 4, {"name": "s"})


def priced(key: str, energy: float = 1.0) -> PricedPoint:
    return PricedPoint(key, "finished", {"energy_pj": energy}, {"objective": "latency"})


def test_a_point_is_taken_once(store: Store) -> None:
    first, second = record(store), record(store)
    assert first.claim(POINTS[:3], {}) == {p.key for p in POINTS[:3]}
    assert second.claim(POINTS, {}) == {"key 3"}
    assert {k for k, s in second.states().items() if s.is_taken} == {"key 0", "key 1", "key 2"}
    first.release()
    assert second.claim(POINTS[:3], {}) == {p.key for p in POINTS[:3]}


def test_what_is_stored_is_stored_once(store: Store) -> None:
    first, second = record(store), record(store)
    first.claim(POINTS, {})
    assert first.record([priced("key 0"), priced("key 1")]) == 2
    assert first.record([priced("key 0")]) == 0
    assert second.record([priced("key 2")]) == 0
    assert second.claim(POINTS, {}) == set()
    assert [p.key for p in priced_points(store.database, "s")] == ["key 0", "key 1"]
    assert store.database.select("SELECT COUNT(*) FROM zl_run").rows == [(2,)]


def test_claims_of_the_dead_are_taken_over_and_their_late_answers_dropped(store: Store) -> None:
    dead, alive = record(store), record(store)
    dead.owner = f"abc@{alive.owner.partition('@')[2].rpartition(':')[0]}:999999999"
    dead.claim(POINTS, {})
    assert alive.claim(POINTS, {}) == KEYS
    assert dead.record([priced("key 0", 2.0)]) == 0
    assert alive.record([priced("key 0", 1.0)]) == 1
    assert priced_points(store.database, "s")[0].energy_pj == 1.0


def test_leases_run_out_and_are_renewed(store: Store) -> None:
    far, here = record(store), record(store)
    far.owner = "abc@elsewhere:1"
    far.claim(POINTS, {})
    assert here.claim(POINTS, {}) == set()
    with store.database.write():
        store.database.execute(f"UPDATE zl_sweep_point SET lease_until = {store.database.seconds_ago(1)}")
    far.renew()
    assert here.claim(POINTS, {}) == set()
    with store.database.write():
        store.database.execute(f"UPDATE zl_sweep_point SET lease_until = {store.database.seconds_ago(1)}")
    assert here.claim(POINTS, {}) == KEYS


def test_a_run_of_another_version_of_the_program_is_done_again(store: Store) -> None:
    first = record(store)
    first.claim(POINTS[:1], {})
    first.record([priced("key 0")])
    assert not first.states()["key 0"].is_wanted(retry_failed=False)
    with store.database.write():
        store.database.execute("UPDATE zl_run SET engine_digest = 'older'")
    states = first.states()
    assert states["key 0"].is_wanted(retry_failed=False)
    assert first.claim(POINTS[:1], states) == {"key 0"}
    first.record([priced("key 0", 5.0)])
    assert [p.energy_pj for p in priced_points(store.database, "s")] == [5.0]
