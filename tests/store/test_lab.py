from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.store.prices import network_of, total_of
from tests.strategies.problems import random_problem
from zigzag_lab.cost.evaluation import CostModelEvaluation
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.store import Lab, RunInput, RunStart, Store, StoreError, open_store
from zigzag_lab.store.codec import mapping_from
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import Workload

NETWORK = network_of(1, 2, 3, 5)


def record(store: Store, network: list[CostModelEvaluation] = NETWORK, **start: str) -> str:
    problem = random_problem(4)
    given = [RunInput.of(Workload("net", (problem.layer,))), RunInput.of(problem.accelerator, name="tiny")]
    with store.start_run(RunStart(inputs=given, options={"lpf_limit": 6}, **start)) as run:  # type: ignore[arg-type]
        for cme in network:
            run.save(cme)
        run.finish(total_of(network))
    return run.run_id


@pytest.fixture
def run_id(url: str) -> str:
    with open_store(url) as store:
        return record(store, experiment="first")


def test_the_database_is_that_of_the_environment_or_of_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for place, named in ((tmp_path / "named.db", str(tmp_path / "named.db")), (tmp_path / "zigzag_lab.db", "")):
        with open_store(place) as store:
            run_id = record(store)
        monkeypatch.setenv("ZIGZAG_LAB_DB", named)
        with Lab() as lab:
            assert [run.run_id for run in lab.runs()] == [run_id]


def test_energy_of_memories_and_operations_sums_to_layers_and_layers_to_the_run(url: str, run_id: str) -> None:
    with Lab(url) as lab:
        layers = lab.sql(
            "SELECT l.layer_index, l.energy_pj, l.mac_energy_pj + SUM(m.energy_pj) FROM zl_v_layers l "
            "JOIN zl_v_memory m ON m.run_id = l.run_id AND m.layer_index = l.layer_index WHERE l.run_id = ? "
            "GROUP BY l.layer_index, l.energy_pj, l.mac_energy_pj ORDER BY 1",
            (run_id,),
        ).rows
        assert [row[0] for row in layers] == [0, 1, 2, 3]
        assert [row[2] for row in layers] == pytest.approx([row[1] for row in layers], rel=1e-9)
        sums = lab.sql("SELECT SUM(energy_pj), SUM(latency_cycles), SUM(energy_share) FROM zl_v_layers").rows[0]
        total = lab.sql("SELECT energy_pj, latency_cycles, mac_energy_pj + memory_energy_pj FROM zl_v_runs").rows[0]
    assert sums == pytest.approx((*total[:2], 1.0), rel=1e-9)
    assert total[2] == pytest.approx(total[0], rel=1e-9)


def test_the_terms_of_latency_add_up(url: str, run_id: str) -> None:
    with Lab(url) as lab:
        rows = lab.sql(
            "SELECT latency_cycles, compute_cycles + onload_cycles + offload_cycles + drain_cycles, edp_pj_cycles, "
            "energy_per_mac_pj, utilisation, spatial_utilisation FROM zl_v_layers ORDER BY layer_index"
        ).rows
    for row, cme in zip(rows, NETWORK, strict=True):
        assert row[1] == pytest.approx(row[0], rel=1e-12)
        assert row[2:] == pytest.approx(
            (
                cme.edp_pj_cycles,
                cme.energy_pj / cme.layer.n_macs,
                cme.mac_utilization2,
                cme.mac_spatial_utilization,
            )
        )


def test_a_stored_layer_says_what_the_cme_said(url: str, run_id: str) -> None:
    with Lab(url) as lab:
        stored = lab.layers(run_id)
    assert [s.layer_index for s in stored] == [0, 1, 2, 3]
    for layer, cme in zip(stored, NETWORK, strict=True):
        terms = cme.breakdown
        assert (layer.layer_id, layer.name) == (cme.layer.id, cme.layer.name)
        assert layer.figures["energy_pj"] == cme.energy_total
        assert layer.figures["stall_cycles"] == terms.stall_cycles
        assert layer.spatial_mapping == str(cme.problem.spatial_mapping)
        for level in layer.memories:
            place = cme.problem.memories[level.operand][level.level]
            assert level.memory == cme.accelerator.memories[place].name
            assert level.accesses == terms.accesses[level.operand][level.level]
            assert level.energy_pj == terms.access_energy_pj[level.operand][level.level]
            assert level.utilisation == terms.utilisation[level.operand][level.level]
        assert len(layer.memories) == sum(map(len, cme.problem.memories.values()))


def test_a_stored_mapping_prices_the_same_again(url: str, run_id: str) -> None:
    with Lab(url) as lab:
        stored = lab.layers(run_id)
    for layer, cme in zip(stored, NETWORK, strict=True):
        spatial, temporal = mapping_from(layer.mapping)
        problem = Problem.of(cme.layer, cme.accelerator, cme.problem.constraints, spatial)
        again = CostModelEvaluation(problem, temporal)
        assert (again.energy_total, again.latency_total2) == (cme.energy_total, cme.latency_total2)


def test_runs_are_filtered_and_come_newest_first(url: str, run_id: str) -> None:
    with Lab(url) as lab:
        second = record(lab.store, NETWORK[:1], experiment="second", objective="energy")
        going = lab.store.start_run(RunStart(experiment="second"))
        assert [r.run_id for r in lab.runs()] == [going.run_id, second, run_id]
        assert [r.run_id for r in lab.runs(experiment="second", status="finished")] == [second]
        assert [r.run_id for r in lab.runs(workload="net", accelerator="tiny", objective="energy")] == [second]
        assert [r.run_id for r in lab.runs(limit=1)] == [going.run_id]
        now = datetime.now(UTC)
        assert len(lab.runs(since=now - timedelta(hours=1))) == 3
        assert lab.runs(since=now + timedelta(hours=1)) == []
        going.finish()


def test_a_run_is_read_with_its_times_in_utc(url: str, run_id: str) -> None:
    with Lab(url) as lab:
        run, details = lab.run(run_id), lab.details(run_id[:-1])
    assert (run.experiment, run.name, run.workload, run.accelerator) == ("first", "net on tiny", "net", "tiny")
    assert run.started_at.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - run.started_at) < timedelta(minutes=2)
    assert run.ended_at is not None
    assert run.ended_at >= run.started_at
    assert (run.n_layers, run.mapping) == (4, None)
    assert details.options == {"lpf_limit": 6}
    assert details.environment["versions"]["numpy"]
    assert details.traceback is None


def test_the_best_runs_of_each_objective(url: str, run_id: str) -> None:
    with Lab(url) as lab:
        small = record(lab.store, NETWORK[:1])
        with pytest.raises(ValueError, match="no"), lab.store.start_run(RunStart()):
            raise ValueError("no")
        for objective in ("latency", "energy", "edp"):
            assert [r.run_id for r in lab.best(objective, limit=5)] == [small, run_id]
        assert [r.run_id for r in lab.best("edp", experiment="first")] == [run_id]
        with pytest.raises(InputError, match="Did you mean 'energy'"):
            lab.best("enrgy")
        with pytest.raises(InputError, match="Did you mean 'workload'"):
            lab.best(worklod="net")
        with pytest.raises(InputError, match="Did you mean 'finished'"):
            lab.runs(status="finishd")


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM zl_tag", "UPDATE zl_run SET name = 'x'", "CREATE TABLE zl_x (y INTEGER)", "DROP VIEW zl_v_runs"],
)
def test_sql_refuses_to_write(url: str, run_id: str, statement: str) -> None:
    with Lab(url) as lab:
        with pytest.raises(StoreError):
            lab.sql(statement)
        assert lab.run(run_id).name == "net on tiny"


def test_sql_that_is_wrong_says_why(url: str, run_id: str) -> None:
    with Lab(url) as lab:
        with pytest.raises(StoreError, match="nonsense"):
            lab.sql("SELECT nonsense FROM zl_run")
        assert lab.sql("SELECT 1 AS one").as_dicts() == [{"one": 1}]


def test_a_frame_has_the_columns_of_the_question(url: str, run_id: str) -> None:
    with Lab(url) as lab:
        frame = lab.frame("SELECT layer, energy_pj FROM zl_v_layers ORDER BY layer_index")
    assert list(frame.columns) == ["layer", "energy_pj"]
    assert frame["energy_pj"].tolist() == [cme.energy_total for cme in NETWORK]


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        Lab(tmp_path / "nothing.db")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StoreError, match="in memory"):
        Lab("sqlite://")


def test_its_repr_shows_no_password(file_url: str) -> None:
    open_store(file_url).close()
    with Lab(file_url) as lab:
        assert repr(lab) == f"Lab('{file_url}')"
