"""The cache stages: what they yield is what would have been computed, wherever they stand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stages import small
from tests.stages.caches import DictCache, ListSink, plain
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CacheBeforeYieldStage,
    CacheStage,
    CompleteSaveStage,
    CostModelStage,
    DumpStage,
    GeneralParameterIteratorStage,
    ListifyStage,
    LomaStage,
    MinimalEDPStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    PickleSaveStage,
    RemoveExtraInfoStage,
    SalsaStage,
    SimpleSaveStage,
    SkipIfDumpExistsStage,
    SpatialMappingGeneratorStage,
    Stage,
    SumStage,
    VisualizationStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.cache import dumped_results
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.vocab import InfeasibleError, InputError

NETWORK = small.network()[:2]
SEARCH = (SpatialMappingGeneratorStage, MinimalLatencyStage, LomaStage, CostModelStage)
OPTIONS: dict[str, Any] = {"loma_lpf_limit": 3, "nb_mappings_generated": 1}

REDUCTIONS = (MinimalLatencyStage, MinimalEnergyStage, MinimalEDPStage)
PASSING = (CacheBeforeYieldStage, RemoveExtraInfoStage, SimpleSaveStage, CompleteSaveStage, VisualizationStage)


def inputs(**changes: Any) -> dict[str, Any]:
    return {"workload": NETWORK, "accelerator": small.accelerator(), "mapping": small.mapping(), **changes}


def results(stages: Any, cache: DictCache | None, **changes: Any) -> Any:
    kwargs = {**inputs(), **OPTIONS, **changes}
    readers = (WorkloadParserStage, AcceleratorParserStage)
    return plain(MainStage([*readers, *stages], **({"cache": cache} if cache else {}), **kwargs).run())


@st.composite
def pipelines(draw: st.DrawFn) -> tuple[type[Stage], ...]:
    """Lists of stages below the parsers, of any built-in stages that may stand there."""
    any_number = st.lists(st.sampled_from((*REDUCTIONS, *PASSING, SumStage)), max_size=3)
    search = draw(st.sampled_from((LomaStage, SalsaStage)))
    above = draw(any_number)
    if draw(st.booleans()):
        above.insert(0, GeneralParameterIteratorStage)
    if draw(st.booleans()):
        above.insert(0, ListifyStage)
    within = draw(any_number)
    between = draw(st.lists(st.sampled_from((*REDUCTIONS, RemoveExtraInfoStage, CacheBeforeYieldStage)), max_size=2))
    inner = draw(st.lists(st.sampled_from((CacheBeforeYieldStage, RemoveExtraInfoStage)), max_size=1))
    layers = (WorkloadStage, *within, SpatialMappingGeneratorStage, *between, search, *inner, CostModelStage)
    return (*above, *layers)


def with_caches(draw: Any, stages: tuple[type[Stage], ...]) -> list[type[Stage]]:
    places = draw(st.lists(st.integers(0, len(stages) - 1), min_size=1, max_size=2, unique=True))
    cached = list(stages)
    for place in sorted(places, reverse=True):
        cached.insert(place, draw(st.sampled_from((CacheStage, SkipIfDumpExistsStage))))
    return cached


@settings(max_examples=30, deadline=None)
@given(pipelines(), st.data())
def test_a_hit_is_what_is_computed(stages: tuple[type[Stage], ...], data: st.DataObject) -> None:
    options: dict[str, Any] = {}
    if SalsaStage in stages:
        options = {"salsa_iteration_number": 3, "salsa_number_of_core": 1, "seed": 7}
    if GeneralParameterIteratorStage in stages:
        options["general_parameter_iterations"] = {"access_same_data_considered_as_no_access": [True, False]}
    if LomaStage not in stages:
        options["loma_lpf_limit"] = None
    workload = [small.layer(0, "only", loop_sizes=[1, 4, 2, 2, 2, 1, 1])]
    cached = with_caches(data.draw, stages)
    computed = results(stages, None, workload=workload, **options)
    answers: dict[str, bytes] = {}
    first, second = DictCache(answers), DictCache(answers)
    assert results(cached, first, workload=workload, **options) == computed
    assert results(cached, second, workload=workload, **options) == computed
    assert first.misses
    assert not first.reasons
    assert second.hits
    assert not second.misses


def test_the_asker_gets_its_own_names() -> None:
    cache = DictCache()
    results([WorkloadStage, CacheStage, *SEARCH], cache)
    renamed = [{**layer, "name": f"x{layer['id']}", "id": layer["id"] + 5} for layer in NETWORK]
    for one in renamed:
        one["operand_source"] = {"W": one["id"]}
    accelerator = small.accelerator(name="another name")
    accelerator["memories"] = {f"my_{name}": memory for name, memory in accelerator["memories"].items()}
    changes = {"workload": renamed, "accelerator": accelerator}
    again = DictCache(cache.answers)
    found = results([WorkloadStage, CacheStage, *SEARCH], again, **changes)
    assert not again.misses
    assert found == results([WorkloadStage, *SEARCH], None, **changes)


def test_save_stages_below_a_hit_still_save() -> None:
    cache, first, second = DictCache(), ListSink(), ListSink()
    stages = [CacheStage, SumStage, WorkloadStage, CompleteSaveStage, *SEARCH]
    results(stages, cache, sink=first)
    results(stages, cache, sink=second)
    assert len(second.saved) >= len(NETWORK)
    assert [plain(cme) for cme in second.saved] == [plain(cme) for cme in first.saved]


@pytest.mark.parametrize(
    "changed",
    [
        {"loma_lpf_limit": 2},
        {"temporal_mapping_type": "even"},
        {"access_same_data_considered_as_no_access": False},
        {"nb_mappings_generated": 2},
        {"accelerator": small.accelerator(sram_bits=8192)},
        {"mapping": small.mapping(spatial_mapping={"D1": ["K, 4"], "D2": ["C, 4"]})},
    ],
)
def test_what_decides_is_in_the_key(changed: dict[str, Any]) -> None:
    cache = DictCache()
    results([WorkloadStage, CacheStage, *SEARCH], cache)
    again = DictCache(cache.answers)
    assert results([WorkloadStage, CacheStage, *SEARCH], again, **changed) == results(
        [WorkloadStage, *SEARCH], None, **changed
    )
    assert not again.hits


@pytest.mark.parametrize(
    "changed",
    [
        {"loma_show_progress_bar": True},
        {"temporal_mapping_type": "uneven"},
        {"access_same_data_considered_as_no_access": True},
        {"dump_folder": None},
        {"accelerator": dict(reversed(small.accelerator().items()))},
        {"accelerator": {**small.accelerator(), "name": "renamed"}},
    ],
)
def test_what_changes_nothing_is_not(changed: dict[str, Any]) -> None:
    cache = DictCache()
    stages = [WorkloadStage, CompleteSaveStage, CacheStage, *SEARCH]
    results(stages, cache)
    again = DictCache(cache.answers)
    results(stages, again, **changed)
    assert not again.misses


def test_other_stages_and_another_salt_ask_something_else() -> None:
    cache = DictCache()
    results([WorkloadStage, CacheStage, *SEARCH], cache)
    salted = DictCache(dict(cache.answers))
    salted.salt = "mine"
    results([WorkloadStage, CacheStage, *SEARCH], salted)
    assert not salted.hits
    other = DictCache(cache.answers)
    results([WorkloadStage, CacheStage, MinimalEnergyStage, *SEARCH], other)
    assert not other.hits


def test_stages_that_write_files_are_not_passed_over(tmp_path: Path) -> None:
    stages = [CacheStage, SumStage, WorkloadStage, CompleteSaveStage, CacheStage, *SEARCH]
    cache = DictCache()
    results(stages, cache, dump_folder=tmp_path / "one")
    results(stages, cache, dump_folder=tmp_path / "two")
    assert {p.name for p in (tmp_path / "one").iterdir()} == {p.name for p in (tmp_path / "two").iterdir()}
    assert len(cache.hits) == len(NETWORK)
    results([CacheStage, SumStage, WorkloadStage, CompleteSaveStage, *SEARCH], cache, dump_folder=tmp_path / "three")
    assert cache.reasons == ["CompleteSaveStage below writes files ('dump_folder')"]
    assert (tmp_path / "three").exists()


class Doubling(Stage):
    """A stage of a user's: every result twice."""

    def run(self) -> Any:
        for cme, extra_info in self.substage().run():
            yield cme, extra_info
            yield cme, extra_info


class Versioned(Doubling):
    cache_version = "1"


class Marking(Stage):
    """Hangs something on results that no JSON holds."""

    def run(self) -> Any:
        for cme, _ in self.substage().run():
            yield cme, object()


def test_stages_of_users_are_known_by_their_source() -> None:
    cache = DictCache()
    stages = [WorkloadStage, CacheStage, Doubling, *SEARCH]
    computed = results([WorkloadStage, Doubling, *SEARCH], None)
    assert results(stages, cache) == results(stages, cache) == computed
    assert len(cache.hits) == len(NETWORK)
    results([WorkloadStage, CacheStage, Versioned, *SEARCH], cache)
    documents = {json.dumps(q.records[q.parts["pipeline"]][1]["stages"][0]) for q in cache.misses}
    assert any('"version": "1"' in d for d in documents)
    assert any('"source"' in d for d in documents)


def test_a_user_may_look_at_names() -> None:
    cache = DictCache()
    results([WorkloadStage, CacheStage, Doubling, *SEARCH], cache)
    again = DictCache(cache.answers)
    renamed = [{**layer, "name": layer["name"] + "_"} for layer in NETWORK]
    results([WorkloadStage, CacheStage, Doubling, *SEARCH], again, workload=renamed)
    assert not again.hits


def test_what_has_no_key_is_computed_and_said() -> None:
    seen: list[int] = []

    class Closing(Stage):
        def run(self) -> Any:
            seen.append(1)
            yield from self.substage().run()

    cache = DictCache()
    for _ in range(2):
        results([WorkloadStage, CacheStage, Closing, *SEARCH], cache)
    assert len(seen) == 2 * len(NETWORK)
    assert "closes over seen" in cache.reasons[0]


def test_results_that_json_cannot_hold_are_not_kept() -> None:
    cache = DictCache()
    results([WorkloadStage, CacheStage, Marking, *SEARCH], cache, workload=NETWORK[:1])
    assert not cache.answers
    assert cache.misses[-1] is None  # the ticket was dropped
    assert "type object" in cache.reasons[0]


def test_a_failure_is_not_kept() -> None:
    cache = DictCache()
    tight = small.accelerator(sram_bits=8, dram_bits=8)
    with pytest.raises(InfeasibleError):
        results([WorkloadStage, CacheStage, *SEARCH], cache, accelerator=tight)
    assert not cache.answers
    assert cache.misses[-1] is None


# -- files -------------------------------------------------------------------------------------------------------------


def dumped(folder: Path) -> tuple[Path, Any]:
    path = folder / "all.pickle"
    stages = [DumpStage, PickleSaveStage, SumStage, WorkloadStage, *SEARCH]
    return path, results(stages, None, dump_filename_pattern=str(path))


@pytest.mark.parametrize("name", ["all.json", "all.pickle"])
def test_a_dump_that_exists_is_used(tmp_path: Path, name: str) -> None:
    path, written = dumped(tmp_path)
    path.write_bytes(b"\x80 never unpickled")
    stages = [SkipIfDumpExistsStage, SumStage, WorkloadStage, *SEARCH]
    assert results(stages, DictCache(), dump_folder=str(tmp_path / name)) == written


def test_a_pattern_may_name_the_accelerator(tmp_path: Path) -> None:
    path, written = dumped(tmp_path)
    path.with_suffix(".json").rename(tmp_path / "small.json")
    stages = [SkipIfDumpExistsStage, SumStage, WorkloadStage, *SEARCH]
    assert results(stages, None, dump_folder=f"{tmp_path}/{{accelerator}}.json") == written


def test_a_folder_is_where_files_go(tmp_path: Path) -> None:
    stages = [SkipIfDumpExistsStage, SimpleSaveStage, SumStage, WorkloadStage, *SEARCH]
    results(stages, DictCache(), dump_folder=tmp_path)
    assert (tmp_path / "overall_simple.json").is_file()


def test_a_bare_pickle_is_refused(tmp_path: Path) -> None:
    path, _ = dumped(tmp_path)
    path.with_suffix(".json").unlink()
    with pytest.raises(InputError, match=r"reading one runs the code in it.*DumpStage"):
        dumped_results(path)


@pytest.mark.parametrize("content", ["{}", "[]", "no JSON", '{"answer": {"results": [[["cme", 3], null]]}}'])
def test_another_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(InputError, match="holds no results that DumpStage wrote"):
        dumped_results(path)


class UpToALimit(Stage):
    """Hands on what costs less than the environment says."""

    def run(self) -> Any:
        for cme, extra in self.substage().run():
            if cme.energy_total < float(os.environ["ZL_TEST_LIMIT"]):
                yield cme, extra


class KeptOut(Stage):
    """Hands everything on."""

    is_pure = False

    def run(self) -> Any:
        yield from self.substage().run()


def test_what_depends_on_the_environment_is_computed_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    cache, stages = DictCache(), (CacheStage, WorkloadStage, CacheStage, SpatialMappingGeneratorStage, UpToALimit)
    for limit in ("inf", "0", "inf"):
        monkeypatch.setenv("ZL_TEST_LIMIT", limit)
        found = results((*stages, LomaStage, CostModelStage), cache)
        assert (found != ("list", [])) == (limit == "inf")
    assert len(cache.answers) == 0
    assert any("UpToALimit uses the environment" in reason for reason in cache.reasons)


def test_a_stage_that_is_not_pure_is_kept_out_and_what_stands_below_it_is_kept() -> None:
    cache = DictCache()
    results((CacheStage, WorkloadStage, KeptOut, CacheStage, *SEARCH), cache)
    assert len(cache.answers) == len(NETWORK)
    results((CacheStage, WorkloadStage, CacheStage, KeptOut, *SEARCH), cache)
    assert len(cache.answers) == len(NETWORK)
