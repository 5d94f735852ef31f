"""Stages that hold results, strip them, or write them down."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stages import small
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CacheBeforeYieldStage,
    CostModelStage,
    DumpStage,
    ListifyStage,
    LomaStage,
    MinimalEnergyStage,
    RemoveExtraInfoStage,
    SpatialMappingGeneratorStage,
    Stage,
    SumStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.vocab import InputError

LAYERS = [WorkloadParserStage, AcceleratorParserStage, WorkloadStage]
SEARCH = [MinimalEnergyStage, SpatialMappingGeneratorStage, MinimalEnergyStage, LomaStage, CostModelStage]


def run(folder: Path, listed: list[Any], **keywords: Any) -> Any:
    return MainStage(listed, loma_lpf_limit=4, **small.written(folder), **keywords).run()


def test_listify_hands_up_one_list(tmp_path: Path) -> None:
    ((results, extra_info),) = run(tmp_path, [ListifyStage, *LAYERS, *SEARCH])
    assert extra_info is None
    assert [(cme.layer.name, layer.name) for cme, (layer, _) in results] == [(n, n) for n in ("stem", "wide", "again")]


def test_extra_information_is_removed_at_any_place(tmp_path: Path) -> None:
    plain = run(tmp_path, [*LAYERS, *SEARCH])
    above = run(tmp_path, [RemoveExtraInfoStage, *LAYERS, *SEARCH])
    inside = run(tmp_path, [*LAYERS, MinimalEnergyStage, RemoveExtraInfoStage, *SEARCH[1:]])
    assert [extra_info for _, extra_info in above] == [None] * 3
    assert (
        [c.energy_total for c, _ in above] == [c.energy_total for c, _ in plain] == [c.energy_total for c, _ in inside]
    )
    every = run(tmp_path, [*LAYERS, RemoveExtraInfoStage, SpatialMappingGeneratorStage, LomaStage, CostModelStage])
    assert {extra_info for _, (_, extra_info) in every} == {None}


def test_caching_waits_until_the_stages_below_are_done(tmp_path: Path) -> None:
    events: list[str] = []

    class Below(Stage):
        def run(self) -> Iterator[Any]:
            for result in self.substage().run():
                events.append("below")
                yield result

    class Above(Stage):
        def run(self) -> Iterator[Any]:
            for result in self.substage().run():
                events.append("above")
                yield result

    run(tmp_path, [Above, CacheBeforeYieldStage, Below, *LAYERS, *SEARCH])
    assert events == ["below"] * 3 + ["above"] * 3


def test_a_dump_is_a_pickled_list_and_its_twin_in_json(tmp_path: Path) -> None:
    pattern = tmp_path / "dumps" / "{accelerator}_{layer}.pickle"
    listed = [*LAYERS, DumpStage, *SEARCH]
    results = run(tmp_path, listed, dump_filename_pattern=str(pattern))
    for cme, (layer, _) in results:
        stem = tmp_path / "dumps" / f"small_{layer.name}"
        ((kept, others),) = pickle.loads(stem.with_suffix(".pickle").read_bytes())
        assert (kept.energy_total, kept.latency_total2, others) == (cme.energy_total, cme.latency_total2, [])
        written = json.loads(stem.with_suffix(".json").read_text())
        assert written["format"] == "zigzag_lab.dump/1"
        assert written["results"][0]["outputs"]["energy"]["energy_total"] == cme.energy_total


def test_sums_can_be_dumped(tmp_path: Path) -> None:
    path = tmp_path / "sum.pickle"
    ((total, _),) = run(tmp_path, [DumpStage, SumStage, *LAYERS, *SEARCH], dump_filename_pattern=path)
    ((kept, layers),) = pickle.loads(path.read_bytes())
    assert kept.energy_total == total.energy_total
    assert len(layers) == 3


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("{folder}/x.pickle", "unknown field 'folder'"),
        ("{layre}.pickle", "Did you mean 'layer'"),
        ("{0}.pickle", "is no pattern"),
        ("{", "is no pattern"),
        ("x.json", "the name of the pickle"),
    ],
)
def test_patterns_that_name_nothing_are_refused(tmp_path: Path, pattern: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        run(tmp_path, [*LAYERS, DumpStage, *SEARCH], dump_filename_pattern=pattern)
