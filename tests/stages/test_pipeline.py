"""A list that cannot run is refused before anything runs, by the name of the stage and with a remedy."""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stages.small import accelerator, mapping
from tests.stages.standard import STANDARD, TINY, Through, keywords, moved, refusal
from zigzag_lab.cost import CostModelEvaluation, CostModelEvaluationABC, CumulativeCME
from zigzag_lab.inputs import read_accelerator
from zigzag_lab.stages import (
    BUILTIN_STAGES,
    AcceleratorParserStage,
    CostModelStage,
    LomaStage,
    MinimalLatencyStage,
    ONNXModelParserStage,
    PickleSaveStage,
    SpatialMappingConversionStage,
    SpatialMappingGeneratorStage,
    Stage,
    SumStage,
    VisualizationStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.vocab import InputError, PipelineError


def total_or_refusal(stages: Sequence[type[Stage]], **more: Any) -> Any:
    """The results of a list, or the error with which it was refused; what is refused was refused before it ran."""
    refused = None
    try:
        main = MainStage(stages, **keywords(**more))
    except PipelineError as error:
        refused = error
    if refused is None:
        return main.run()
    assert any(stage.__name__ in str(refused) for stage in stages), refused
    assert refused.hint, refused
    return refused


def test_the_standard_list_runs() -> None:
    [(total, parts)] = total_or_refusal(STANDARD)
    assert total.energy_total > 0
    assert [cme.layer.name for cme, _ in parts] == ["only"]


@functools.cache
def prices() -> set[tuple[float, float]]:
    """Energy and latency of every mapping that the searches of the standard list look at."""
    bare = (WorkloadParserStage, AcceleratorParserStage, WorkloadStage, SpatialMappingGeneratorStage, LomaStage)
    return {price_of(cme) for cme, _ in MainStage([*bare, CostModelStage], **keywords()).run()}


def price_of(cme: CostModelEvaluationABC) -> tuple[float, float]:
    return round(cme.energy_total, 3), round(cme.latency_total2, 3)


def n_compared(stages: Sequence[type[Stage]], **more: Any) -> int:
    """How many prices a list yields, each of which some mapping has; none where the list is refused."""
    answer = total_or_refusal(stages, **more)
    if isinstance(answer, PipelineError):
        return 0
    sums = [cme for cme, _ in answer if isinstance(cme, CumulativeCME)]
    parts = [part for total in sums for part, _ in total.components()]
    single = [cme for cme in (*parts, *(cme for cme, _ in answer)) if isinstance(cme, CostModelEvaluation)]
    assert {price_of(cme) for cme in single} <= prices()
    return len(single)


@pytest.mark.parametrize("stage", STANDARD, ids=lambda stage: stage.__name__)
def test_every_stage_in_every_place_runs_or_is_refused(stage: type[Stage], tmp_path: Path) -> None:
    """Files are written where no pictures are drawn, which would take long."""
    files = {"dump_folder": tmp_path / "dump", "pickle_filename": tmp_path / "dump" / "p.pickle"}
    draws = stage is VisualizationStage
    found = []
    for place in range(len(STANDARD)):
        stages = [s for s in moved(stage, place) if draws or s is not VisualizationStage]
        found.append(n_compared(stages, **({} if draws else files)))
    assert found[STANDARD.index(stage)] == 1  # the place that it has


def test_lists_with_a_few_stages_elsewhere_or_left_out_run_or_are_refused() -> None:
    """Most permutations of a list are refused: those near the standard list are looked at."""
    draw, n_accepted = random.Random(7), 0
    for _ in range(120):
        stages = list(STANDARD)
        for _ in range(draw.randint(1, 3)):
            stages.insert(draw.randrange(len(stages)), stages.pop(draw.randrange(len(stages))))
        left_out = draw.sample(STANDARD, draw.choice([0, 0, 1, 3]))
        n_accepted += n_compared([stage for stage in stages if stage not in left_out]) > 0
    assert 15 < n_accepted < 110


@given(st.permutations(STANDARD), st.sets(st.sampled_from(STANDARD[:-1]), max_size=6))
@settings(max_examples=60)
def test_any_list_runs_or_is_refused(stages: list[type[Stage]], left_out: set[type[Stage]]) -> None:
    n_compared([stage for stage in stages if stage not in left_out])


@pytest.mark.parametrize(
    ("stage", "place", "said"),
    [
        (AcceleratorParserStage, 11, "WorkloadStage: its 'accelerator' is of type dict; expected a record of type "
         "Accelerator. Move AcceleratorParserStage, which provides it, above WorkloadStage."),
        (WorkloadStage, 0, "WorkloadStage: its 'workload' is of type list; expected a record of type Workload. "
         "Move WorkloadParserStage, which provides it, above WorkloadStage."),
        (WorkloadStage, 9, "SpatialMappingGeneratorStage: needs 'layer', which it is not given. "
         "Move WorkloadStage, which provides it, above SpatialMappingGeneratorStage."),
        (LomaStage, 8, "TemporalMappingGeneratorStage: needs 'spatial_mapping', which it is not given. "
         "Move SpatialMappingGeneratorStage, which provides it, above TemporalMappingGeneratorStage."),
        (CostModelStage, 3, "CostModelStage: stands above other stages; expected the last place. "
         "Move CostModelStage to the end of the list."),
        (PickleSaveStage, 4, "PickleSaveStage: gets the results of WorkloadStage, which yields no list of them; "
         "expected a stage below that collects results. "
         "Put SumStage or a reduction such as MinimalLatencyStage right below PickleSaveStage."),
    ],
)  # fmt: skip
def test_a_wrong_order_is_refused_in_words(stage: type[Stage], place: int, said: str) -> None:
    assert refusal(moved(stage, place)) == said


def test_pass_through_stages_may_stand_between_a_pickle_and_its_list() -> None:
    """As in ZigZag: what comes up to PickleSaveStage counts, not who stands right below it."""
    assert not isinstance(total_or_refusal(moved(PickleSaveStage, 0)), PipelineError)


def test_missing_stages_are_named() -> None:
    without = [stage for stage in STANDARD if stage is not LomaStage]
    assert refusal(without) == (
        "CostModelStage: needs 'temporal_mapping', which it is not given. "
        "Put TemporalMappingGeneratorStage, which provides it, above CostModelStage."
    )
    assert "End the list with CostModelStage." in refusal(STANDARD[:-1])
    without = [stage for stage in STANDARD if stage is not AcceleratorParserStage]
    assert "Put AcceleratorParserStage, which provides it, above WorkloadStage." in refusal(without)


def test_a_stage_below_the_one_that_keeps_its_keyword_is_told_so() -> None:
    stages = [WorkloadParserStage, AcceleratorParserStage, WorkloadStage, WorkloadParserStage, *STANDARD[8:]]
    assert "WorkloadStage, which stands above, withholds it" in refusal(stages)


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ([], "the list of stages is empty"),
        ([None], "the list of stages is empty"),
        (None, "found None; expected a list of stages"),
        (CostModelStage, "found CostModelStage; expected a list of stages"),
        ("CostModelStage", "expected a list of stages"),
        ([WorkloadParserStage, "SumStage", CostModelStage], "entry 2 of the list, 'SumStage', is not a stage"),
        ([WorkloadParserStage, dict, CostModelStage], "entry 2 of the list"),
        ([WorkloadParserStage, 3], "entry 2 of the list, 3, is not a stage"),
        ([WorkloadParserStage], "WorkloadParserStage: stands last, with no stage below it"),
        ([WorkloadParserStage, Through], "Through: stands last, with no stage below it"),
    ],
)
def test_what_is_no_list_of_stages_is_refused(stages: Any, said: str) -> None:
    assert said in refusal(stages)


def test_an_instance_is_no_stage() -> None:
    instance = SumStage([CostModelStage])
    assert "Give the class itself" in refusal([instance, CostModelStage])


def test_parsers_may_stand_in_either_order() -> None:
    swapped = [AcceleratorParserStage, WorkloadParserStage, *STANDARD[2:]]
    rules = mapping(spatial_mapping={"D3": ["K, 2"]})
    for stages in (STANDARD, swapped):
        with pytest.raises(InputError, match="has no array dimension D3"):
            MainStage(stages, **keywords(mapping=rules)).run()


def test_a_layer_alone_can_be_priced() -> None:
    """The stages below WorkloadStage are of use without it."""
    from zigzag_lab.inputs import read_workload

    [only] = read_workload(TINY).layers
    stages = [MinimalLatencyStage, SpatialMappingGeneratorStage, LomaStage, CostModelStage]
    given = {"layer": only, "accelerator": read_accelerator(accelerator()), "loma_lpf_limit": 3}
    [(cme, _)] = MainStage(stages, **given).run()
    assert isinstance(cme, CostModelEvaluation)
    conversion = [MinimalLatencyStage, SpatialMappingConversionStage, LomaStage, CostModelStage]
    [(given_one, _)] = MainStage(conversion, **given, user_spatial_mapping={"D1": {"K": 4}, "D2": {"C": 4}}).run()
    assert given_one.latency_total2 >= cme.latency_total2


def test_every_builtin_stage_says_what_it_needs_and_gives() -> None:
    for stage in BUILTIN_STAGES:
        assert stage.is_builtin, stage
        assert stage.__doc__, stage
    assert ONNXModelParserStage.reads == WorkloadParserStage.reads == ("workload", "mapping")


def test_the_main_stage_that_records_nothing_is_not_come_by_unawares() -> None:
    with pytest.raises(ImportError, match="imported from zigzag_lab itself"):
        exec("from zigzag_lab.stages import MainStage")
