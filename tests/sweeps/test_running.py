"""Sweeps that run: what is stored, what is skipped, what is done again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.sweeps.inline import InlineEngine, Patience
from tests.sweeps.small import R_COST, SIZE, sweep_file
from zigzag_lab import executors
from zigzag_lab.api import RunRequest, run
from zigzag_lab.api.sweep import PointPricer, SweepOutcome, plan_sweep, run_sweep
from zigzag_lab.api.sweep_answers import front_of, over_networks, sorted_by, sweep_points, sweep_status
from zigzag_lab.executors.worker import host_name
from zigzag_lab.store import Lab
from zigzag_lab.store.cache_query import questions_of
from zigzag_lab.store.housekeeping import delete
from zigzag_lab.sweeps import points, read_sweep
from zigzag_lab.sweeps.plan import DesignPoint
from zigzag_lab.vocab import InputError, ZigzagLabError

SweepSpec = Callable[..., SweepOutcome]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'lab.db'}"


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[InlineEngine]:
    """The engines that sweeps open, which work in this process."""
    opened: list[InlineEngine] = []

    def open_engine(kind: str, work: Any, **_: Any) -> InlineEngine:
        opened.append(InlineEngine(work))
        return opened[-1]

    monkeypatch.setattr(executors, "open_engine", open_engine)
    return opened


def figures(url: str) -> list[Any]:
    return [(p.key, p.energy_pj, p.latency_cycles, p.area_mm2, p.utilisation) for p in sweep_points("small", url)]


def test_every_point_is_a_run_with_its_layers_and_inputs(tmp_path: Path, url: str, engines: list[InlineEngine]) -> None:
    file = sweep_file(tmp_path, layers=2)
    outcome = run_sweep(file, store=url, listener=Patience())
    assert (outcome.n_points, outcome.progress.n_done, outcome.is_complete) == (6, 6, True)
    assert engines[0].closed == [False]
    with Lab(url) as lab:
        runs = lab.runs(experiment="small")
        assert {r.status for r in runs} == {"finished"}
        assert {len(lab.layers(r.run_id)) for r in runs} == {2}
        assert set(lab.inputs(runs[0].run_id)) == {"workload", "accelerator", "mapping"}
        assert {lab.details(r.run_id).options["point"][R_COST] for r in runs} == {100, 200}


def test_a_point_is_priced_as_a_run_of_its_own_would_be(tmp_path: Path, url: str, engines: list[InlineEngine]) -> None:
    file = sweep_file(tmp_path, space={R_COST: [416.16, 900]})
    run_sweep(file, store=url, listener=Patience())
    request = RunRequest(str(tmp_path / "one.yaml"), "tpu_like", "tpu_like", lpf_limit=4, n_spatial_mappings=1)
    alone = run(request, store=None)
    point = next(p for p in sweep_points("small", url) if p.settings[R_COST] == 416.16)
    assert (point.energy_pj, point.latency_cycles) == (alone.total.energy_total, alone.total.latency_total2)


def test_exact_points_are_recorded_with_what_was_proven(tmp_path: Path, url: str, engines: list[InlineEngine]) -> None:
    options = {"search": "exact", "objective": "energy", "n_spatial_mappings": 1}
    file = sweep_file(tmp_path, layers=2, space={R_COST: [100]}, options=options)
    assert run_sweep(file, store=url, listener=Patience()).is_complete
    with Lab(url) as lab:
        (run_of_point,) = lab.runs()
        certificates = [layer.certificate for layer in lab.layers(run_of_point.run_id)]
        assert [c is not None and c.is_proven for c in certificates] == [True, True]
        assert lab.sql("SELECT n_certified, n_proven, worst_gap FROM zl_v_runs").rows == [(2, 2, 0.0)]


def test_what_is_done_is_skipped_and_a_wider_file_adds_to_it(
    tmp_path: Path, url: str, engines: list[InlineEngine]
) -> None:
    run_sweep(sweep_file(tmp_path), store=url, listener=Patience())
    before = figures(url)
    again = run_sweep(sweep_file(tmp_path), store=url, listener=Patience())
    assert (again.n_known, again.progress.n_done, len(engines)) == (6, 0, 1)
    wider = {SIZE: ["64 KiB", "128 KiB", "256 KiB", "512 KiB"], R_COST: [100, 200]}
    more = run_sweep(sweep_file(tmp_path, space=wider), store=url, listener=Patience())
    assert (more.n_known, more.progress.n_done) == (6, 2)
    assert set(before) <= set(figures(url))


def test_a_stopped_sweep_goes_on_where_it_was(tmp_path: Path, url: str, engines: list[InlineEngine]) -> None:
    file = sweep_file(tmp_path)
    first = run_sweep(file, store=url, listener=Patience(1))
    assert not first.is_complete
    assert 0 < first.progress.n_done < 6
    plan = plan_sweep(file, store=url)
    assert (plan.n_done, plan.n_missing) == (first.progress.n_done, 6 - first.progress.n_done)
    second = run_sweep(file, store=url, listener=Patience())
    assert second.is_complete
    assert sum(e.n_items for e in engines) == 6
    assert sweep_status(url, "small")[0].n_finished == 6


def test_a_point_whose_run_was_deleted_is_priced_again(tmp_path: Path, url: str, engines: list[InlineEngine]) -> None:
    file = sweep_file(tmp_path)
    run_sweep(file, store=url, listener=Patience())
    before = figures(url)
    with Lab(url) as lab:
        delete(lab.store, [lab.runs()[0].run_id])
    assert len(figures(url)) == 5
    assert run_sweep(file, store=url, listener=Patience()).progress.n_done == 1
    assert sorted(figures(url)) == sorted(before)


def test_a_dry_run_makes_no_database(tmp_path: Path, url: str) -> None:
    plan = plan_sweep(sweep_file(tmp_path), store=url)
    assert (plan.n_points, plan.n_missing, plan.seconds_a_point) == (6, 6, None)
    assert not (tmp_path / "lab.db").exists()


def test_what_fails_is_kept_and_done_again_only_when_asked(
    tmp_path: Path, url: str, engines: list[InlineEngine]
) -> None:
    sizes = "accelerator.operational_array.sizes"
    file = sweep_file(tmp_path, space={sizes: [[32, 32], [32, 0]]})
    outcome = run_sweep(file, store=url, listener=Patience())
    assert (outcome.progress.n_failed, outcome.is_complete) == (1, True)
    (failed,) = sweep_points("small", url, statuses=["failed"])
    assert "sizes" in str(failed.reason)
    with Lab(url) as lab:
        assert "Traceback" in str(lab.details(failed.run_id).traceback)
        assert set(lab.inputs(failed.run_id)) == {"workload"}  # its accelerator could not be read
        assert lab.details(failed.run_id).options["point"] == {sizes: [32, 0]}
    assert plan_sweep(file, store=url).n_failed == 1
    assert run_sweep(file, store=url, listener=Patience()).progress.n_done == 0
    assert run_sweep(file, store=url, retry_failed=True, listener=Patience()).progress.n_done == 1
    assert sweep_status(url)[0].n_failed == 1


def test_what_does_not_fit_is_infeasible_and_stops_nothing(
    tmp_path: Path, url: str, engines: list[InlineEngine]
) -> None:
    file = sweep_file(tmp_path, space={"accelerator.memories.dram.size": [16, 10000000000]})
    outcome = run_sweep(file, store=url, listener=Patience())
    assert (outcome.progress.n_infeasible, outcome.progress.n_failed, outcome.progress.n_done) == (1, 0, 2)
    (point,) = sweep_points("small", url, statuses=["infeasible"])
    assert "dram" in str(point.reason)
    with Lab(url) as lab:
        assert set(lab.inputs(point.run_id)) == {"workload", "accelerator", "mapping"}
    assert run_sweep(file, store=url, retry_failed=True, listener=Patience()).progress.n_done == 0


def test_points_that_share_layers_share_the_work(tmp_path: Path, url: str, engines: list[InlineEngine]) -> None:
    file = sweep_file(tmp_path, space={"options.seed": [0, 1], SIZE: ["64 KiB", "128 KiB"]})
    progress = run_sweep(file, store=url, listener=Patience()).progress
    assert (progress.n_hits, progress.n_misses) == (2, 2)


def test_a_point_that_kills_its_worker_is_found_and_the_others_are_priced(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kills(point: DesignPoint) -> bool:
        return bool(point.values[R_COST] == 200 and point.values[SIZE] == 128 * 8192)

    monkeypatch.setattr(executors, "open_engine", lambda kind, work, **_: InlineEngine(work, kills))
    file = sweep_file(tmp_path)
    outcome = run_sweep(file, store=url, listener=Patience())
    assert (outcome.progress.n_done, outcome.progress.n_failed) == (6, 1)
    (lost,) = sweep_points("small", url, statuses=["failed"])
    assert "died" in str(lost.reason)
    monkeypatch.setattr(executors, "open_engine", lambda kind, work, **_: InlineEngine(work))
    again = run_sweep(file, store=url, listener=Patience())
    assert (again.progress.n_done, sweep_status(url, "small")[0].n_finished) == (1, 6)


def test_chunks_become_ever_smaller_so_that_no_worker_has_the_last_large_one(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    class Later(InlineEngine):
        """Does the work in a thread, so that chunks are under way for a while."""

        def submit(self, items: Sequence[Any]) -> Future[list[Any]]:
            sizes.append(len(items))
            return thread.submit(lambda: [self.work(item) for item in items])

    monkeypatch.setattr(executors, "open_engine", lambda kind, work, **_: Later(work))
    file = sweep_file(tmp_path, space={R_COST: {"range": [1, 60], "step": 1}})
    with ThreadPoolExecutor(1) as thread:
        assert run_sweep(file, store=url, listener=Patience()).is_complete
    left = [60 - sum(sizes[:i]) for i in range(len(sizes))]
    assert max(sizes) > 1
    assert all(size <= max(1, n // 3) for size, n in zip(sizes, left, strict=True))


def test_workers_that_never_answer_end_the_sweep(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "open_engine", lambda kind, work, **_: InlineEngine(work, lambda _: True))
    with pytest.raises(ZigzagLabError, match="die before they answer"):
        run_sweep(sweep_file(tmp_path, space={R_COST: {"range": [1, 20], "step": 1}}), store=url, listener=Patience())


class KilledWorkerError(Exception):
    """As Dask says that workers died over a chunk."""


def test_a_chunk_that_killed_several_workers_of_a_cluster_is_halved(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kills(point: DesignPoint) -> bool:
        return bool(point.values[R_COST] == 7)

    monkeypatch.setattr(executors, "open_engine", lambda kind, work, **_: InlineEngine(work, kills, KilledWorkerError))
    file = sweep_file(tmp_path, space={R_COST: {"range": [1, 12], "step": 1}})
    outcome = run_sweep(file, store=url, executor="dask", listener=Patience())
    assert (outcome.progress.n_done, outcome.progress.n_failed) == (12, 1)
    (lost,) = sweep_points("small", url, statuses=["failed"])
    assert lost.settings[R_COST] == 7


def test_workers_on_other_machines_need_another_database(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[InlineEngine] = []

    def open_engine(kind: str, work: Any, **_: Any) -> InlineEngine:
        opened.append(InlineEngine(work))
        opened[0].hosts = frozenset({"node17", host_name()})
        return opened[0]

    monkeypatch.setattr(executors, "open_engine", open_engine)
    with pytest.raises(InputError, match=r"node17.*Postgres"):
        run_sweep(sweep_file(tmp_path), store=url, executor="dask", listener=Patience())
    assert (opened[0].closed, opened[0].n_items) == ([True], 0)


def test_a_worker_with_other_code_refuses_to_work(tmp_path: Path, url: str, engines: list[InlineEngine]) -> None:
    sweep = read_sweep(sweep_file(tmp_path))
    pricer = PointPricer(sweep.name, sweep.bases, sweep.options, engine="of another version")
    with pytest.raises(InputError, match="another version"):
        pricer(next(points(sweep)))


def test_points_share_layers_with_runs_and_other_sweeps(tmp_path: Path, url: str, engines: list[InlineEngine]) -> None:
    file = sweep_file(tmp_path, space={R_COST: [416.16, 900]})
    request = RunRequest(str(tmp_path / "one.yaml"), "tpu_like", "tpu_like", lpf_limit=4, n_spatial_mappings=1)
    alone = run(request, store=url, mlflow="off")
    progress = run_sweep(file, store=url, listener=Patience()).progress
    assert (progress.n_hits, progress.n_misses) == (1, 1)
    other = sweep_file(tmp_path, name="other", space={R_COST: [900, 901, 416.16]})
    progress = run_sweep(other, store=url, listener=Patience()).progress
    assert (progress.n_hits, progress.n_misses) == (2, 1)
    records = sweep_points("other", url)
    with Lab(url) as lab:
        runs = [p.run_id for p in records if p.settings[R_COST] == 901]
        (asked,) = (questions_of(lab.store.database, lab.run(run_id).run_number) for run_id in runs)
        assert [(question.kind, question.outcome) for question in asked] == [("layer", "miss")]
    found = {p.settings[R_COST]: p.energy_pj for p in records}
    assert found[416.16] == alone.total.energy_total
    assert {p.energy_pj for p in sweep_points("small", url)} == {found[416.16], found[900]}
    again = run(request, store=url, mlflow="off")
    assert again.cache is not None
    assert again.cache.misses == 0


def test_fronts_and_sums_over_networks(tmp_path: Path, url: str, engines: list[InlineEngine]) -> None:
    file = sweep_file(tmp_path)
    (tmp_path / "two.yaml").write_text((tmp_path / "one.yaml").read_text().replace("- 64", "- 32"))
    text = file.read_text().replace("- one.yaml", "- one.yaml\n- two.yaml")
    file.write_text(text)
    run_sweep(file, store=url, listener=Patience())
    records = sweep_points("small", url)
    both = over_networks(records)
    assert (len(records), len(both), {r.workload for r in both}) == (12, 6, {"all"})
    assert sum(r.energy_pj or 0 for r in both) == pytest.approx(sum(r.energy_pj or 0 for r in records))
    front = front_of(records, ["energy", "latency"])
    best = sorted_by(records, "energy")[0]
    assert best.energy_pj == front[0].energy_pj
    most_used = max(r.utilisation or 0 for r in records)
    assert front_of(records, ["utilisation", "energy", "time"])[0].utilisation == most_used
    for one in records:  # tpu_like runs at 700 MHz
        assert one.time_s == pytest.approx((one.latency_cycles or 0) / 700e6)
    assert sum(r.time_s or 0 for r in both) == pytest.approx(sum(r.time_s or 0 for r in records))
    for design in both:
        assert design.average_power_mw == pytest.approx((design.energy_pj or 0) * 1e-9 / (design.time_s or 1))
    with pytest.raises(InputError, match=r"area is an objective, and not known .* areas of all parts on the chip"):
        front_of(records, ["energy", "area"])
    with pytest.raises(InputError, match="Did you mean 'energy'"):
        front_of(records, ["enrgy", "latency"])
    with pytest.raises(InputError, match="two or three"):
        front_of(records, ["energy"])
    with pytest.raises(InputError, match="Did you mean 'small'"):
        sweep_points("smal", url)
