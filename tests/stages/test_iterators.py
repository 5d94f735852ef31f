"""Every layer of a workload is worked on; layers alike in all but their names are searched once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.stages.small import accelerator, layer, mapping, network
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CostModelStage,
    LomaStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    Result,
    SearchTally,
    SpatialMappingGeneratorStage,
    Stage,
    SumStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage

ABOVE = [WorkloadParserStage, AcceleratorParserStage, SumStage, WorkloadStage]
SEARCH = [MinimalLatencyStage, SpatialMappingGeneratorStage, MinimalLatencyStage, LomaStage, CostModelStage]


def given(workload: Any = None, rules: Any = None, **more: Any) -> dict[str, Any]:
    usual = {"workload": workload or network(), "accelerator": accelerator(), "mapping": rules or mapping()}
    return {**usual, "loma_lpf_limit": 3, **more}


def test_identical_layers_are_searched_once_and_keep_their_names() -> None:
    tally = SearchTally()
    [(_, parts)] = MainStage([*ABOVE, *SEARCH], **given(tally=tally)).run()
    stem, wide, again = (cme for cme, _ in parts)
    assert (tally.n_reused, [cme.layer.name for cme in (stem, wide, again)]) == (1, ["stem", "wide", "again"])
    assert [cme.layer.id for cme in (stem, wide, again)] == [0, 1, 2]
    assert [extra[0].name for _, extra in parts] == ["stem", "wide", "again"]
    assert (again.energy_total, again.latency_total2) == (stem.energy_total, stem.latency_total2)
    assert again.temporal_mapping == stem.temporal_mapping


def test_one_search_alone_prices_as_many_mappings_as_both() -> None:
    both, one = SearchTally(), SearchTally()
    MainStage([*ABOVE, *SEARCH], **given([layer(0, "a"), layer(1, "b")], tally=both)).run()
    MainStage([*ABOVE, *SEARCH], **given([layer(0, "a")], tally=one)).run()
    assert both.n_mappings_evaluated == one.n_mappings_evaluated > 0
    assert (both.n_reused, one.n_reused) == (1, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"loop_sizes": [1, 8, 4, 4, 4, 3, 1]},
        {"operand_precision": {"W": 8, "I": 8, "O": 16, "O_final": 16}},
        {"dimension_relations": ["ix=2*ox+1*fx", "iy=1*oy+1*fy"]},
        {"operator_type": "Gemm"},
    ],
)
def test_layers_that_differ_are_searched_each(changes: dict[str, Any]) -> None:
    tally = SearchTally()
    rules = [*mapping(), {"name": "Gemm", "spatial_mapping": {"D1": ["K, 2"]}}]
    MainStage([*ABOVE, *SEARCH], **given([layer(0, "a"), layer(1, "b", **changes)], rules, tally=tally)).run()
    assert tally.n_reused == 0


def test_an_entry_of_its_own_makes_a_layer_differ() -> None:
    tally = SearchTally()
    rules = [*mapping(), {"name": "again", "spatial_mapping": {"D1": ["K, 2"], "D2": ["C, 2"]}}]
    [(_, parts)] = MainStage([*ABOVE, *SEARCH], **given(rules=rules, tally=tally)).run()
    assert tally.n_reused == 0
    assert parts[2][0].latency_total2 > parts[0][0].latency_total2


class Watch(Stage):
    """Notes the layers it sees and what was found for them."""

    seen: list[tuple[str, str]]

    def run(self) -> Iterator[Result]:
        for cme, extra_info in self.list_of_callables[0](self.list_of_callables[1:], **self.kwargs).run():
            self.seen.append((self.kwargs["layer"].name, cme.layer.name))  # type: ignore[attr-defined]
            yield cme, extra_info


@pytest.mark.parametrize("place", range(4))
def test_a_custom_stage_below_sees_every_layer(place: int) -> None:
    """Wherever it stands: a stage that may do more than answer is never left out."""

    class Watching(Watch):
        seen: list[tuple[str, str]] = []  # noqa: RUF012

    tally = SearchTally()
    stages = [*ABOVE, *SEARCH[:place], Watching, *SEARCH[place:]]
    [(total, _)] = MainStage(stages, **given(tally=tally)).run()
    [(same, _)] = MainStage([*ABOVE, *SEARCH], **given()).run()
    assert all(asked == found for asked, found in Watching.seen)
    assert list(dict.fromkeys(asked for asked, _ in Watching.seen)) == ["stem", "wide", "again"]
    assert (total.energy_total, total.latency_total2) == (same.energy_total, same.latency_total2)


def test_a_subclass_of_a_builtin_stage_sees_every_layer() -> None:
    seen = []

    class Noting(MinimalEnergyStage):
        def run(self) -> Iterator[Result]:
            for cme, extra_info in super().run():
                seen.append(cme.layer.name)  # type: ignore[attr-defined]
                yield cme, extra_info

    MainStage([*ABOVE, Noting, *SEARCH[1:]], **given()).run()
    assert seen == ["stem", "wide", "again"]


def test_a_changed_keyword_is_another_question() -> None:
    """A custom stage above the search that changes a keyword from layer to layer gets an answer to what it asked."""

    class LimitByLayer(Stage):
        def run(self) -> Iterator[Result]:
            self.kwargs["nb_mappings_generated"] = 1 + self.kwargs["layer"].id
            yield from self.list_of_callables[0](self.list_of_callables[1:], **self.kwargs).run()

    tally = SearchTally()
    MainStage([*ABOVE, LimitByLayer, *SEARCH], **given(tally=tally)).run()
    assert tally.n_reused == 0


def test_a_listener_is_told_of_every_layer() -> None:
    told: list[tuple[str, str, int, int]] = []

    class Listener:
        def layer_started(self, layer: Any, index: int, n_layers: int) -> None:
            told.append(("started", layer.name, index, n_layers))

        def layer_done(self, layer: Any, index: int, n_layers: int) -> None:
            told.append(("done", layer.name, index, n_layers))

    MainStage([*ABOVE, *SEARCH], **given(progress=Listener())).run()
    names = ["stem", "wide", "again"]
    assert told == [(what, name, i, 3) for i, name in enumerate(names) for what in ("started", "done")]


def test_each_spatial_count_can_be_tried_below_the_workload() -> None:
    """ZigZag cannot ask its generator twice about a layer; here every stage may."""

    class Counts(Stage):
        def run(self) -> Iterator[Result]:
            for count in (1, 2, 3):
                self.kwargs["nb_mappings_generated"] = count
                for cme, _ in self.list_of_callables[0](self.list_of_callables[1:], **self.kwargs).run():
                    yield cme, count

    stages = [*ABOVE[:2], WorkloadStage, Counts, *SEARCH]
    results = MainStage(stages, **given()).run()
    assert [extra[1] for _, extra in results] == [1, 2, 3] * 3
    latencies = [cme.latency_total2 for cme, _ in results[:3]]
    assert latencies == sorted(latencies, reverse=True)
