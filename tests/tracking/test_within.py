"""Runs within runs in MLflow: nested below the run that they are within, chosen by the rule of sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.api.run_kinds import recorded
from tests.store.prices import total_of
from tests.tracking.samples import NETWORK, Place, finished_run, history, inputs, mlflow_runs
from tests.tracking.test_publish import Killed
from zigzag_lab.stages.protocols import Variant
from zigzag_lab.store import RunInput, RunStart, Store, open_store
from zigzag_lab.store.choice import Policy
from zigzag_lab.store.sweep_questions import ask_to_publish_sweep
from zigzag_lab.tracking import publish_pending
from zigzag_lab.tracking.limits import PARENT_TAG
from zigzag_lab.tracking.tracker import Tracker

NETWORK_DIGEST = inputs()[1].digest
OTHER_NETWORK = RunInput("workload", "other net", "cd" * 32, b'{"layers":[2]}')


def tried(store: Store, depths: Sequence[int] = (3,), *, networks: int = 1, objective: str = "energy") -> str:
    """A run that tried so many combinations, and within each of them others; the last of them fails. Its id."""

    def try_all(parent: Any, left: Sequence[int], path: tuple[int, ...]) -> None:
        for n in range(left[0] if left else 0):
            child = parent.variant(Variant({f"size {len(path)}": n}, {}, len(left)))
            if n % networks:
                of_another_network(store, child.number)
            try_all(child, left[1:], (*path, n))
            if len(left) > 1:
                child.end()
            elif n == left[0] - 1:
                child.end(RuntimeError("no room"))
            else:
                child.yielded((total_of([NETWORK[n % 2]] * (n + 1)), None))
                child.end()

    start = RunStart(experiment="try", inputs=inputs(), objective=objective, options={"seed": 1})
    with store.start_run(start) as run:
        try_all(run, depths, ())
        run.yielded((NETWORK[0], None))
    return str(run.run_id)


def of_another_network(store: Store, number: int) -> None:
    def change() -> None:
        store.database.execute("DELETE FROM zl_run_input WHERE run_number = ? AND kind = 'workload'", (number,))
        store.keep_input(number, OTHER_NETWORK)

    store.database.transact(change)


def outbox(store: Store) -> list[str]:
    return [entry.run_id for entry in store.publications()]


def test_children_stand_below_their_parents_with_their_settings(place: Place) -> None:
    tried(place.store, (2, 2))
    assert publish_pending(place.store, place.uri).is_complete
    runs = {run.info.run_id: run for run in mlflow_runs(place.uri)}
    assert len(runs) == 7
    for run in runs.values():
        above = runs.get(run.data.tags.get(PARENT_TAG, ""))
        if "(size 1)" in run.info.run_name:
            assert above is not None
            assert above.info.run_name == f"{run.data.params['size 0']} (size 0)"
            assert run.info.run_name == f"{run.data.params['size 1']} (size 1)"
        assert (run.data.params["seed"], run.data.params["workload"]) == ("1", "tiny net")
        assert (above is None) == ("(size " not in run.info.run_name)
    statuses = sorted(run.info.status for run in runs.values())
    assert statuses == ["FAILED"] * 2 + ["FINISHED"] * 5


def test_they_wait_until_the_outermost_run_is_closed(place: Place) -> None:
    with place.store.start_run(RunStart(inputs=inputs())) as run:
        child = run.variant(Variant({"size": 1}, {}, 1))
        child.yielded((NETWORK[0], None))
        child.end()
        assert outbox(place.store) == []
    assert outbox(place.store) == [run.run_id, child.run_id]


def test_of_many_the_fronts_and_the_best_of_each_network_are_published(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zigzag_lab.store.choice.ALL_UP_TO", 5)
    monkeypatch.setattr("zigzag_lab.store.choice.N_BEST", 2)
    run_id = tried(place.store, (1, 8), networks=2)
    rows = place.store.database.select(
        "SELECT r.id, w.digest, r.energy_pj, r.child_index, r.parent_number FROM zl_run r JOIN zl_run_input w "
        "ON w.run_number = r.number AND w.kind = 'workload' ORDER BY r.number"
    ).rows
    chosen = outbox(place.store)
    assert chosen[:2] == [run_id, rows[1][0]], "the run itself, and the child that those chosen are within"
    networks = {row[0]: row[1] for row in rows[2:]}
    assert {networks[one] for one in chosen[2:]} == {NETWORK_DIGEST, OTHER_NETWORK.digest}
    for name in (NETWORK_DIGEST, OTHER_NETWORK.digest):
        priced = [row for row in rows[2:] if row[1] == name and row[2] is not None]
        best = {row[0] for row in sorted(priced, key=lambda row: (row[2], row[3]))[:2]}
        assert best <= set(chosen)
    assert len(chosen) < len(rows)
    assert ask_to_publish_sweep(place.store, run_id, Policy.read("all")) == 9
    assert publish_pending(place.store, place.uri).is_complete
    assert len(mlflow_runs(place.uri)) == 10


@pytest.mark.parametrize(("where", "method"), [(Tracker, "_log"), (Store, "record_publication")])
@pytest.mark.parametrize("after", range(4))
def test_killed_in_the_middle_it_completes_without_doubles(
    place: Place, monkeypatch: pytest.MonkeyPatch, where: type, method: str, after: int
) -> None:
    tried(place.store, (1, 2))
    n_calls, real = 0, getattr(where, method)

    def die(*given: Any, **named: Any) -> Any:
        nonlocal n_calls
        n_calls += 1
        if n_calls > after:
            raise Killed
        return real(*given, **named)

    with monkeypatch.context() as m:
        m.setattr(where, method, die)
        with pytest.raises(Killed):
            publish_pending(place.store, place.uri)
    assert publish_pending(place.store, place.uri).is_complete
    runs = mlflow_runs(place.uri)
    assert sorted(run.data.tags["zl.run_id"] for run in runs) == sorted(outbox(place.store))
    nested = {run.info.run_id: run.data.tags.get(PARENT_TAG) for run in runs}
    assert sum(parent in nested for parent in nested.values()) == 3


def test_a_parent_that_another_store_of_mlflow_knows_is_told_again(place: Place) -> None:
    run_id = tried(place.store)
    publish_pending(place.store, place.uri, limit=1, first=run_id)
    other = place.uri.replace("mlflow.db", "other.db")
    assert publish_pending(place.store, other).is_complete
    names = sorted(run.info.run_name for run in mlflow_runs(other))
    assert names == ["0 (size 0)", "1 (size 0)", "2 (size 0)", "small | array on tiny net"]


def test_a_run_goes_first_with_those_within_it(place: Place) -> None:
    finished_run(place.store)
    run_id = tried(place.store)
    report = publish_pending(place.store, place.uri, first=run_id, limit=4)
    assert len(report.published) == 4
    assert report.n_waiting == 1
    assert run_id in report.published


def test_a_run_without_a_total_shows_its_results_and_what_is_within_it(place: Place, tmp_path: Path) -> None:
    url, ids = recorded(tmp_path, "iterator", "chosen", "twice")
    with open_store(url) as store:
        assert publish_pending(store, place.uri).is_complete
        energies = store.database.select(
            "SELECT energy_pj FROM zl_v_results WHERE run_id = ? ORDER BY result_index", (ids["iterator"],)
        ).rows
    runs = {run.data.tags["zl.run_id"]: run for run in mlflow_runs(place.uri, "default")}
    iterator, chosen, twice = (runs[ids[kind]] for kind in ("iterator", "chosen", "twice"))
    assert sorted(history(place.uri, iterator.info.run_id, "results/energy_pj")) == [
        (i, energy) for i, (energy,) in enumerate(energies)
    ]
    assert not any(key.startswith(("total/energy", "layers/", "breakdown/")) for key in iterator.data.metrics)
    assert iterator.data.tags["zl.results"] == "3"
    for said in (
        "no single total: it yielded 3 results",
        "3 runs are within it",
        "| loma\\_lpf\\_limit=4 | finished |",
    ):
        assert said in iterator.data.tags["mlflow.note.content"]
    assert chosen.data.tags["zl.chosen"] == "loma_lpf_limit=4"
    assert "- chosen: **loma\\_lpf\\_limit=4**" in chosen.data.tags["mlflow.note.content"]
    assert "count 2 times in the total" in twice.data.tags["zl.warnings"]
    parts = [value for key, value in twice.data.metrics.items() if key.startswith("breakdown/energy_pj/")]
    assert sum(parts) + twice.data.metrics["total/mac_energy_pj"] == pytest.approx(
        twice.data.metrics["total/energy_pj"]
    )
