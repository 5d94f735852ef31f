"""The cache of a run: figures, notes, what files said, and housekeeping."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.stages import small
from tests.stages.caches import plain
from zigzag_lab.api.given import read_given
from zigzag_lab.api.main_stage import MainStage
from zigzag_lab.api.pipeline import standard_stages
from zigzag_lab.api.run import RunRequest
from zigzag_lab.api.run import run as price_network
from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs import read_accelerator
from zigzag_lab.keys import described
from zigzag_lab.keys.records import record_from
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CacheStage,
    MultiProcessingGatherStage,
    MultiProcessingSpawnStage,
    SumStage,
    VisualizationStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.protocols import Asked, CacheReport, Question
from zigzag_lab.store import Store, housekeeping, open_store
from zigzag_lab.store.cache_query import questions_of, remove_unused, statistics
from zigzag_lab.store.claims import CachedResult, Claims
from zigzag_lab.store.readings import Readings
from zigzag_lab.vocab import InfeasibleError, InputError, Objective

OPTIONS: dict[str, Any] = {"loma_lpf_limit": 3, "nb_mappings_generated": 1, "mlflow": "off"}
N_DISTINCT = 2


def run(store: Store, inputs: dict[str, Any], *, stages: Any = None, **options: Any) -> tuple[MainStage, Any]:
    chosen = stages or standard_stages("w.yaml", Objective.LATENCY)
    main_stage = MainStage(chosen, store=store, **inputs, **{**OPTIONS, **options})
    return main_stage, main_stage.run()


@pytest.fixture(autouse=True)
def workload_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file for ``standard_stages`` to see that it is no ONNX model."""
    (tmp_path / "w.yaml").touch()
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def inputs(tmp_path: Path) -> dict[str, str]:
    return small.written(tmp_path)


def layer_rows(store: Store, run_id: str | None) -> Any:
    columns = "layer, layer_id, energy_pj, latency_cycles, stall_cycles, mapping_digest"
    rows = store.database.select(
        f"SELECT {columns} FROM zl_v_layers WHERE run_id = ? ORDER BY layer_index", (run_id,)
    ).rows
    memory = store.database.select(
        "SELECT layer, operand, memory, loops, accesses, energy_pj, utilisation FROM zl_v_memory WHERE run_id = ? "
        "ORDER BY layer_index, operand, level",
        (run_id,),
    ).rows
    return rows, memory


def test_the_second_run_computes_nothing_and_records_the_same(store: Store, inputs: dict[str, str]) -> None:
    first, computed = run(store, inputs)
    second, found = run(store, inputs)
    assert plain(found) == plain(computed)
    assert layer_rows(store, second.run_id) == layer_rows(store, first.run_id)
    figures = [(f.hits, f.misses) for f in (first.cache_figures, second.cache_figures) if f]
    assert figures == [(0, N_DISTINCT), (N_DISTINCT, 0)]
    rows = store.database.select(
        "SELECT cache_hits, cache_misses, cache_seconds_saved > 0, n_mappings_evaluated = 0, energy_pj, "
        "latency_cycles, edp_pj_cycles, n_macs, n_layers FROM zl_run ORDER BY number"
    ).rows
    assert [tuple(row[:4]) for row in rows] == [(0, 2, False, False), (2, 0, True, True)]
    assert rows[0][4:] == rows[1][4:]
    inputs_of = "SELECT kind, name, digest, source_digest FROM zl_run_input WHERE run_number = ? ORDER BY kind"
    assert store.database.select(inputs_of, (1,)).rows == store.database.select(inputs_of, (2,)).rows


def test_layers_of_another_network_hit(store: Store, tmp_path: Path, inputs: dict[str, str]) -> None:
    run(store, inputs)
    folder = tmp_path / "other"
    folder.mkdir()
    more = [*small.network(), small.layer(3, "new", loop_sizes=[1, 4, 4, 2, 2, 1, 1])]
    other, _ = run(store, small.written(folder, workload=more))
    assert other.cache_figures is not None
    assert (other.cache_figures.hits, other.cache_figures.misses) == (N_DISTINCT, 1)


def test_a_comment_a_moved_file_and_another_order_of_keys_hit(
    store: Store, tmp_path: Path, inputs: dict[str, str]
) -> None:
    run(store, inputs)
    moved = tmp_path / "moved"
    moved.mkdir()
    flipped = {**small.accelerator(), "memories": small.accelerator()["memories"]}
    again = small.written(moved, accelerator=dict(reversed(flipped.items())))
    path = Path(again["accelerator"])
    path.write_text("# a comment\n" + path.read_text())
    path = path.rename(path.with_name("renamed.yaml"))
    second, _ = run(store, {**again, "accelerator": str(path)})
    assert second.cache_figures is not None
    assert (second.cache_figures.hits, second.cache_figures.misses) == (N_DISTINCT, 0)


def test_no_cache_and_another_salt_compute(store: Store, inputs: dict[str, str]) -> None:
    run(store, inputs)
    off, _ = run(store, inputs, cache=False)
    assert off.cache_figures is None
    salted, _ = run(store, inputs, cache_salt="mine")
    assert salted.cache_figures is not None
    assert salted.cache_figures.misses == N_DISTINCT
    assert store.database.select("SELECT cache_hits FROM zl_run ORDER BY number").rows == [(0,), (None,), (0,)]


def test_without_a_store_nothing_is_cached(inputs: dict[str, str]) -> None:
    main_stage = MainStage(standard_stages("w.yaml", Objective.LATENCY), store=None, **inputs, **OPTIONS)
    assert main_stage.run()
    assert main_stage.cache_figures is None


def test_questions_are_noted(store: Store, inputs: dict[str, str]) -> None:
    run(store, inputs)
    run(store, inputs)
    assert [(q.kind, q.label, q.outcome) for q in questions_of(store.database, 1)] == [
        ("network", "workload", "miss"),
        ("layer", "stem", "miss"),
        ("layer", "wide", "miss"),
    ]
    assert [(q.kind, q.outcome) for q in questions_of(store.database, 2)] == [("network", "hit")]
    found = statistics(store.database)
    assert found.n_answers == {"layer": 2, "network": 1}
    assert found.n_asked == {"miss": 3, "hit": 1}
    assert found.n_readings == 3
    assert found.n_running == 0


def test_a_failed_run_leaves_no_claim(store: Store, tmp_path: Path) -> None:
    tight = small.written(tmp_path, accelerator=small.accelerator(sram_bits=8, dram_bits=8))
    for attempt in (1, 2):
        with pytest.raises(InfeasibleError):
            run(store, tight)
        states = store.database.select("SELECT DISTINCT state, attempt FROM zl_cache_entry").rows
        assert states == [("open", attempt)]


def test_what_nobody_used_is_removed(store: Store, inputs: dict[str, str]) -> None:
    run(store, inputs)
    nothing = remove_unused(store.database, 1, is_dry_run=False)
    assert (nothing.n_answers, nothing.n_claims, nothing.n_parts, nothing.n_readings) == (0, 0, 0, 0)
    would = remove_unused(store.database, -1, is_dry_run=True)
    assert would.n_answers == 3
    assert would.n_parts > 0
    assert would.n_readings == 3
    assert would.n_bytes > 0
    assert remove_unused(store.database, -1, is_dry_run=False) == would
    assert statistics(store.database).n_answers == {}
    assert store.database.select("SELECT COUNT(*) FROM zl_cache_part").rows == [(0,)]
    again, _ = run(store, inputs)
    assert again.cache_figures is not None
    assert again.cache_figures.misses == N_DISTINCT


# -- other processes ---------------------------------------------------------------------------------------------------


def in_workers(*above: Any) -> list[Any]:
    listed = list(standard_stages("w.yaml", Objective.LATENCY))
    place = listed.index(WorkloadStage)
    search = [stage for stage in listed[place + 1 :] if stage is not VisualizationStage]
    readers = [WorkloadParserStage, AcceleratorParserStage]
    return [*readers, *above, SumStage, MultiProcessingGatherStage, WorkloadStage, MultiProcessingSpawnStage, *search]


def test_workers_share_the_cache_of_their_run(store: Store, inputs: dict[str, str]) -> None:
    options = {"stages": in_workers(CacheStage), "nb_multiprocessing_threads": 2}
    first, computed = run(store, inputs, **options)
    again, found = run(store, inputs, stages=in_workers(), nb_multiprocessing_threads=1)
    alone, expected = run(store, inputs)
    assert plain(computed) == plain(found)
    assert [cme.energy_total for cme, _ in computed] == [cme.energy_total for cme, _ in expected]
    figures = [(f.hits, f.misses, f.seconds_saved > 0) for m in (first, again, alone) if (f := m.cache_figures)]
    assert figures == [(0, N_DISTINCT, False), (N_DISTINCT, 0, True), (N_DISTINCT, 0, True)]
    assert [(q.kind, q.label, q.outcome) for q in questions_of(store.database, 2)] == [
        ("layer", "stem", "hit"),
        ("layer", "wide", "hit"),
    ]
    assert statistics(store.database).n_running == 0
    evaluated = "SELECT n_mappings_evaluated > 0 FROM zl_run WHERE number IN (1, 2) ORDER BY number"
    assert [bool(n) for (n,) in store.database.select(evaluated).rows] == [True, False]


def test_what_one_worker_computed_is_a_miss_for_all(store: Store) -> None:
    cache = store.run_cache()
    for outcome in ("shared", "miss", "hit"):
        cache.add(CacheReport({"a": Asked("layer", "a", outcome, seconds=1.0)}, ("a closure",)))
    assert (cache.figures.hits, cache.figures.misses, cache.figures.not_kept) == (0, 1, ["a closure"])
    assert cache.report() == CacheReport({"a": Asked("layer", "a", "miss", seconds=1.0)}, ("a closure",))


def test_a_cache_is_reached_by_its_address_and_not_copied(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cache = store.run_cache(salt="mine")
    assert pickle.loads(pickle.dumps(cache)) is None
    elsewhere = pickle.loads(pickle.dumps(cache.elsewhere()))
    monkeypatch.chdir(tmp_path.parent)
    ticket = cache.ask(question("a"))
    assert ticket is not None
    assert not isinstance(ticket, bytes)
    ticket.keep(b"x", 1.0)
    there = elsewhere()
    assert there.salt == "mine"
    assert there.ask(question("a")) == b"x"
    assert there.report().asked["a"].outcome == "hit"
    there._claims.database.close()


def test_a_database_in_memory_is_not_reached_from_elsewhere() -> None:
    with open_store("sqlite://") as store:
        assert store.run_cache().elsewhere() is None


# -- files -------------------------------------------------------------------------------------------------------------

READERS = (WorkloadParserStage, CacheStage, AcceleratorParserStage)


@pytest.fixture(autouse=True)
def _nothing_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process read before is forgotten."""
    monkeypatch.setattr("zigzag_lab.store.readings._known", OrderedDict())


@pytest.mark.parametrize("where", ["database", "process"])
def test_files_are_read_once(store: Store, inputs: dict[str, str], monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    first = Readings(store.database, "readers")
    read = read_given(READERS, dict(inputs), first)
    if where == "database":
        first.keep(store.database)
        monkeypatch.setattr("zigzag_lab.store.readings._known", OrderedDict())
    for name in ("any_workload", "any_accelerator", "mapping_rules"):
        monkeypatch.setattr(f"zigzag_lab.api.given.{name}", lambda *_, **__: pytest.fail("read again"))
    again = Readings(store.database, "readers")
    recalled = read_given(READERS, dict(inputs), again)
    assert recalled == read
    assert repr(recalled["accelerator"]) == repr(read["accelerator"])  # floats as floats, whole numbers as such
    for kind in inputs:
        said, known = first.said_by(read[kind]), again.said_by(recalled[kind])
        assert said is not None
        assert known is not None
        assert said == known


def test_a_process_remembers_the_newest_readings(inputs: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zigzag_lab.store.readings._MOST_KNOWN", 2)
    first, again = Readings(None, "readers"), Readings(None, "readers")
    read = read_given(READERS, dict(inputs), first)
    assert again.read("accelerator", Path(inputs["accelerator"]), None, lambda: None) is read["accelerator"]
    with pytest.raises(InputError, match="NoneType"):  # the oldest of three is read again
        again.read("workload", Path(inputs["workload"]), [None, False], lambda: None)


def test_a_reading_counts_as_used_when_it_is(store: Store, inputs: dict[str, str]) -> None:
    run(store, inputs)
    store.database.execute("UPDATE zl_reading SET used_at = '2001-01-01 00:00:00.000' WHERE kind = 'mapping'")
    store.database.execute("UPDATE zl_reading SET used_at = NULL WHERE kind = 'workload'")
    assert remove_unused(store.database, 1, is_dry_run=True).n_readings == 2
    run(store, inputs)
    assert remove_unused(store.database, 1, is_dry_run=True).n_readings == 0


def test_readings_that_no_run_refers_to_are_garbage(store: Store, inputs: dict[str, str]) -> None:
    first, _ = run(store, inputs)
    assert housekeeping.remove_garbage(store)["zl_reading"] == 0
    housekeeping.delete(store, [str(first.run_id)])
    assert housekeeping.remove_garbage(store, is_dry_run=True)["zl_reading"] == len(inputs)
    assert housekeeping.remove_garbage(store)["zl_reading"] == len(inputs)
    assert statistics(store.database).n_readings == 0


def test_other_code_reads_again(store: Store, inputs: dict[str, str]) -> None:
    first = Readings(store.database, "readers")
    read_given(READERS, dict(inputs), first)
    first.keep(store.database)
    later = Readings(store.database, "mended readers")
    read_given(READERS, dict(inputs), later)
    later.keep(store.database)
    assert store.database.select("SELECT COUNT(*) FROM zl_reading").rows == [(6,)]


def test_what_a_tool_priced_is_asked_again(store: Store, inputs: dict[str, str]) -> None:
    accelerator = read_accelerator(inputs["accelerator"])
    priced = replace(accelerator.memories[0], auto_cost_extraction=True)
    asked = replace(accelerator, memories=(priced, *accelerator.memories[1:]))
    readings = Readings(store.database, "readers")
    readings.read("accelerator", Path(inputs["accelerator"]), None, lambda: asked)
    readings.keep(store.database)
    assert store.database.select("SELECT COUNT(*) FROM zl_reading").rows == [(0,)]


def test_records_come_back_from_their_descriptions(inputs: dict[str, str]) -> None:
    accelerator = read_accelerator(inputs["accelerator"])
    assert record_from(Accelerator, described(accelerator)) == accelerator


# -- figures -----------------------------------------------------------------------------------------------------------


def question(key: str, kind: str = "layer", n_layers: int = 1, *, has_inner: bool = False) -> Question:
    return Question(key, kind, key, {"engine": "e"}, {}, n_layers, has_inner)


def test_what_another_process_computed_meanwhile_counts_as_shared(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Claims, "answer_or_claim", lambda *_: CachedResult(b"x", 2.0, has_waited=True))
    cache = store.run_cache()
    assert cache.ask(question("a")) == b"x"
    assert (cache.figures.hits, cache.figures.shared, cache.figures.seconds_saved) == (1, 1, 2.0)


def test_a_layer_counts_once_and_steps_within_it_do_not(store: Store) -> None:
    cache = store.run_cache()
    network = cache.ask(question("n", "network", 2, has_inner=True))
    layer, step = cache.ask(question("a")), cache.ask(question("s", "step"))
    for ticket in (step, layer, network):
        assert ticket is not None
        assert not isinstance(ticket, bytes)
        ticket.keep(b"x", 1.0)
    assert cache.ask(question("a")) == b"x"
    assert (cache.figures.hits, cache.figures.misses) == (0, 1)
    later = store.run_cache()
    assert later.ask(question("n", "network", 2, has_inner=True)) == b"x"
    assert (later.figures.hits, later.figures.misses) == (2, 0)


def test_reasons_are_told_once(store: Store) -> None:
    cache = store.run_cache()
    for _ in range(2):
        cache.not_kept("it closes over x")
    assert cache.figures.not_kept == ["it closes over x"]


@pytest.mark.parametrize(
    ("preset", "options"), [("aimc", {}), ("dimc", {}), ("ascend_like", {"exploit_locality": True})]
)
def test_arrays_that_compute_in_memory_and_data_kept_on_chip(
    tmp_path: Path, preset: str, options: dict[str, Any]
) -> None:
    request = RunRequest("alexnet", preset, preset, lpf_limit=2, n_spatial_mappings=1, **options)
    database = f"sqlite:///{tmp_path / 'lab.db'}"
    computed, found = (price_network(request, store=database, mlflow="off") for _ in range(2))
    assert computed.cache is not None
    assert found.cache is not None
    assert (computed.cache.hits, found.cache.misses) == (0, 0)
    assert computed.cache.misses == found.cache.hits > 0
    assert plain(found.results) == plain(computed.results)
    assert (found.total.clock_ns, found.total.area_mm2) == (computed.total.clock_ns, computed.total.area_mm2)
