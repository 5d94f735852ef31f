from __future__ import annotations

import pytest

from tests.store.prices import network_of, price_of, total_of
from zigzag_lab.cost.sums import CumulativeCME
from zigzag_lab.store import Lab, RunStart, Store, StoreError, Totals
from zigzag_lab.vocab import InfeasibleError


def count(store: Store, table: str) -> int:
    return int(store.database.select(f"SELECT COUNT(*) FROM {table}").rows[0][0])


def status_of(store: Store, run_id: str) -> str:
    return str(store.database.select("SELECT status FROM zl_run WHERE id = ?", (run_id,)).rows[0][0])


def test_a_run_is_visible_from_its_start_and_its_layers_after_a_flush(store: Store) -> None:
    run = store.start_run(RunStart())
    assert status_of(store, run.run_id) == "running"
    run.save(price_of(3))
    run.flush()
    assert count(store, "zl_layer_evaluation") == 1
    run.finish()
    assert status_of(store, run.run_id) == "finished"


def test_saving_a_layer_again_changes_nothing(store: Store) -> None:
    network = network_of(1, 2, 3)
    with store.start_run(RunStart()) as run:
        for cme in (*network, *network, network[0].standalone()):
            run.save(cme)
        run.flush()
        for cme in network:
            run.save(cme)
    n_memories = sum(len(levels) for cme in network for levels in cme.problem.memories.values())
    assert count(store, "zl_layer_evaluation") == 3
    assert count(store, "zl_memory_evaluation") == n_memories


@pytest.mark.parametrize("flush_between", [False, True])
def test_another_price_of_a_layer_is_another_row(store: Store, flush_between: bool) -> None:
    with store.start_run(RunStart()) as run:
        run.save(price_of(1, layer_id=7))
        run.save(price_of(3, layer_id=8))
        if flush_between:
            run.flush()
        second = price_of(2, layer_id=7)
        run.save(second)
    rows = store.database.select("SELECT layer_index, layer_id, energy_pj FROM zl_layer_evaluation ORDER BY 1").rows
    assert [row[:2] for row in rows] == [(0, 7), (1, 8), (2, 7)]
    assert rows[2][2] == second.energy_total
    memories = store.database.select("SELECT COUNT(*) FROM zl_memory_evaluation WHERE layer_index = 2").rows
    assert memories[0][0] == sum(len(levels) for levels in second.problem.memories.values())
    run_row = store.database.select("SELECT energy_pj, n_layers, n_results FROM zl_run").rows
    assert run_row == [(None, 2, 3)]  # a layer with two prices has no single total


def test_a_sum_that_is_saved_is_the_total_and_no_layer(store: Store) -> None:
    cme = price_of(5)
    total = CumulativeCME() + cme
    with store.start_run(RunStart()) as run:
        run.save(cme)
        run.save(total)
    energy, n_layers = store.database.select("SELECT energy_pj, n_layers FROM zl_run").rows[0]
    assert (energy, n_layers) == (cme.energy_total, 1)


def test_the_total_is_the_sum_of_layers_unless_one_is_given(store: Store) -> None:
    cme = price_of(5)
    with store.start_run(RunStart()) as run:
        run.save(cme)
    with store.start_run(RunStart()) as second:
        second.save(cme)
        second.finish(total_of([cme, cme]), Totals(n_mappings_evaluated=12, cache_hits=1, cache_misses=0))
    rows = store.database.select(
        "SELECT energy_pj, n_macs, n_mappings_evaluated, cache_hits, cache_misses, cache_seconds_saved "
        "FROM zl_run ORDER BY number"
    ).rows
    assert rows[0] == (cme.energy_total, cme.layer.n_macs, None, None, None, None)
    assert rows[1] == (2 * cme.energy_total, cme.layer.n_macs, 12, 1, 0, None)


def test_a_closed_run_takes_nothing_more(store: Store) -> None:
    with store.start_run(RunStart()) as run:
        run.save(price_of(1))
    assert run.is_closed
    with pytest.raises(StoreError, match="closed"):
        run.save(price_of(2))
    run.finish()
    run.fail(ValueError("too late"))
    assert status_of(store, run.run_id) == "finished"


def test_an_exception_closes_the_run_as_failed_with_its_traceback(store: Store, url: str) -> None:
    run = store.start_run(RunStart())
    run.save(price_of(1))
    with pytest.raises(ZeroDivisionError), run:
        print(1 / 0)
    with Lab(url) as lab:
        record, details = lab.run(run.run_id), lab.details(run.run_id)
    assert (record.status, record.reason, record.n_layers) == ("failed", "division by zero", 1)
    assert details.error == "ZeroDivisionError"
    assert "1 / 0" in (details.traceback or "")
    assert count(store, "zl_layer_evaluation") == 1


def test_what_does_not_fit_closes_the_run_as_infeasible(store: Store) -> None:
    with pytest.raises(InfeasibleError), store.start_run(RunStart()) as run:
        raise InfeasibleError("conv1", "memory rf overflows by 12 bits")
    reason = store.database.select("SELECT status, reason FROM zl_run WHERE id = ?", (run.run_id,)).rows[0]
    assert reason == ("infeasible", "layer conv1: memory rf overflows by 12 bits.")


def test_passwords_in_errors_are_masked(store: Store) -> None:
    with pytest.raises(RuntimeError), store.start_run(RunStart()):
        raise RuntimeError("cannot reach postgresql://me:s3cret@host/db, says someone@host")
    texts = store.database.select("SELECT reason, traceback FROM zl_run").rows[0]
    assert all("s3cret" not in text and "me:***@host" in text for text in texts)


def test_closing_a_run_puts_it_into_the_outbox(store: Store) -> None:
    going = store.start_run(RunStart())
    with store.start_run(RunStart()) as run:
        pass
    assert [p.run_id for p in store.publications("pending")] == [run.run_id]
    store.record_publication(run.run_id, "abc", error="locked")
    assert [(p.state, p.attempts, p.last_error) for p in store.publications()] == [("failed", 1, "locked")]
    store.record_publication(run.run_id, "abc")
    entry = store.publications("published")[0]
    assert (entry.mlflow_run_id, entry.attempts, entry.last_error) == ("abc", 2, None)
    assert store.publications("pending", "failed") == []
    going.finish()


def test_the_pulse_writes_what_is_pending_and_gives_signs_of_life(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zigzag_lab.store.recorder.HEARTBEAT_SECONDS", 0.0)
    run = store.start_run(RunStart())
    store.database.execute("UPDATE zl_run SET heartbeat_at = started_at, status = 'lost'")
    run.save(price_of(1))
    run.beat()
    assert count(store, "zl_layer_evaluation") == 1
    assert status_of(store, run.run_id) == "running"
    run.finish()
    run.beat()
    assert status_of(store, run.run_id) == "finished"
