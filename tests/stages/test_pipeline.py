"""A list that cannot run is refused before anything runs, by the name of the stage and with a remedy."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stages.small import accelerator, layer, mapping, network
from zigzag_lab.cost import CostModelEvaluation, CostModelEvaluationABC, CumulativeCME
from zigzag_lab.inputs import read_accelerator
from zigzag_lab.stages import (
    BUILTIN_STAGES,
    AcceleratorParserStage,
    CompleteSaveStage,
    CostModelStage,
    LomaStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    ONNXModelParserStage,
    PickleSaveStage,
    Result,
    SimpleSaveStage,
    SpatialMappingConversionStage,
    SpatialMappingGeneratorStage,
    Stage,
    SumStage,
    VisualizationStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.vocab import InputError, PipelineError, TemporalMappingType

STANDARD: tuple[type[Stage], ...] = (
    WorkloadParserStage,
    AcceleratorParserStage,
    SimpleSaveStage,
    PickleSaveStage,
    SumStage,
    WorkloadStage,
    VisualizationStage,
    CompleteSaveStage,
    MinimalLatencyStage,
    SpatialMappingGeneratorStage,
    MinimalEnergyStage,
    LomaStage,
    CostModelStage,
)
TINY = [layer(0, "only", loop_sizes=[1, 4, 4, 2, 1, 1, 3])]


def keywords(**changes: Any) -> dict[str, Any]:
    given = {"workload": TINY, "accelerator": accelerator(), "mapping": mapping(), "loma_lpf_limit": 3}
    return {**given, **changes}


def refusal(stages: Any, kwargs: dict[str, Any] | None = None) -> str:
    with pytest.raises(PipelineError) as refused:
        MainStage(stages, **(keywords() if kwargs is None else kwargs))
    return str(refused.value)


def moved(stage: type[Stage], place: int) -> list[type[Stage]]:
    others = [s for s in STANDARD if s is not stage]
    return [*others[:place], stage, *others[place:]]


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


@pytest.mark.parametrize("name", ["workload", "accelerator", "mapping"])
def test_a_missing_keyword_names_the_stage(name: str) -> None:
    given = {k: v for k, v in keywords().items() if k != name}
    reader = "AcceleratorParserStage" if name == "accelerator" else "WorkloadParserStage"
    assert refusal(STANDARD, given) == (
        f"{reader}: needs '{name}', which it is not given. Give MainStage the keyword '{name}'."
    )


@pytest.mark.parametrize(
    ("wrong", "right", "reader"),
    [
        ("worklaod", "workload", "WorkloadParserStage"),
        ("acelerator", "accelerator", "AcceleratorParserStage"),
        ("loma_lpf_limt", "loma_lpf_limit", "TemporalMappingGeneratorStage"),
        ("nb_mapping_generated", "nb_mappings_generated", "SpatialMappingGeneratorStage"),
        ("dump_foldr", "dump_folder", "SimpleSaveStage"),
        ("access_same_data_as_no_access", "access_same_data_considered_as_no_access", "CostModelStage"),
    ],
)
def test_a_misspelt_keyword_is_refused(wrong: str, right: str, reader: str) -> None:
    given = keywords(**{wrong: "x"})
    given.pop(right, None)
    assert refusal(STANDARD, given) == (
        f"MainStage: no stage knows the keyword '{wrong}'. Did you mean '{right}'? {reader} reads it."
    )


def test_an_unknown_keyword_lists_the_known_ones() -> None:
    said = refusal(STANDARD, keywords(zzz=1))
    assert "no stage knows the keyword 'zzz'; expected one of accelerator," in said
    assert said.endswith("Remove it.")


def test_a_keyword_of_a_stage_that_is_not_there_is_only_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    short = [s for s in STANDARD if s not in (SimpleSaveStage, VisualizationStage, CompleteSaveStage)]
    MainStage(short, **keywords(dump_folder="x"))
    assert "no stage of this pipeline names the keyword 'dump_folder'" in caplog.text


class Through(Stage):
    """Hands everything on."""

    def run(self) -> Iterator[Result]:
        yield from self.list_of_callables[0](self.list_of_callables[1:], **self.kwargs).run()


class Reader(Stage):
    """Reads keywords that its constructor does not name."""

    def run(self) -> Iterator[Result]:
        names = {"layers", "lpf_limit"} & set(self.kwargs)
        assert self.kwargs.get("objectiv") or names
        yield from self.substage().run()


def own_function(list_of_callables: Any, **kwargs: Any) -> Stage:
    return CostModelStage(list_of_callables, cache_layers=kwargs.pop("layers", None), **kwargs)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("loma_lpf_limt", "loma_lpf_limit"),
        ("lpf_limit", "loma_lpf_limit"),
        ("limit", "loma_lpf_limit"),
        ("nb_mapping_generated", "nb_mappings_generated"),
        ("mappings_generated", "nb_mappings_generated"),
        ("layers", "layer"),
        ("mapping_path", "mapping"),
        ("acelerator", "accelerator"),
        ("temporal_mappings_type", "temporal_mapping_type"),
        ("dump_foldr", "dump_folder"),
    ],
)
@pytest.mark.parametrize("own", [Through, functools.partial(Through)], ids=["class", "partial"])
def test_a_near_miss_is_refused_below_a_custom_stage_too(own: Any, wrong: str, right: str) -> None:
    said = refusal([own, *STANDARD], keywords(**{wrong: 3}))
    assert f"no stage knows the keyword '{wrong}'. Did you mean '{right}'?" in said
    assert said.endswith("A stage of yours that reads it names it in its constructor.")


@pytest.mark.parametrize("name", ["layers", "lpf_limit", "objectiv"])
def test_a_custom_stage_may_read_keywords_it_does_not_name(name: str, caplog: pytest.LogCaptureFixture) -> None:
    class Heir(Reader):
        """Reads what its base reads."""

    for own in (Reader, Heir, functools.partial(Reader)):
        MainStage([own, *STANDARD], **keywords(**{name: 3})).run()
    assert f"no stage of this pipeline names the keyword '{name}'" in caplog.text


def test_functions_that_make_stages_may_read_such_keywords() -> None:
    MainStage([*STANDARD[:-1], own_function], **keywords(layers=3))
    with pytest.raises(PipelineError, match="no stage knows the keyword 'lpf_limit'"):
        MainStage([*STANDARD[:-1], own_function], **keywords(lpf_limit=3))


def test_what_is_near_to_nothing_is_left_to_custom_stages(caplog: pytest.LogCaptureFixture) -> None:
    MainStage([Through, *STANDARD], **keywords(threshold=3, weights_of_my_own=5)).run()
    assert "no stage of this pipeline names the keyword 'threshold'" in caplog.text


def test_a_custom_stage_hides_nothing_that_is_missing_above_it() -> None:
    assert "WorkloadStage: its 'accelerator'" in refusal(
        [*moved(AcceleratorParserStage, 11)[:11], Through, CostModelStage]
    )


@pytest.mark.parametrize("stage", [WorkloadStage, LomaStage, SpatialMappingGeneratorStage, AcceleratorParserStage])
def test_below_a_custom_stage_the_same_is_said_when_it_is_met(stage: type[Stage]) -> None:
    """What a custom stage hands down is unknown before it runs; still no TypeError reaches the user."""
    place = {WorkloadStage: 11, LomaStage: 8, SpatialMappingGeneratorStage: 11, AcceleratorParserStage: 11}[stage]
    with pytest.raises(PipelineError, match=r"needs '|a record of type"):
        MainStage([Through, *moved(stage, place)], **keywords()).run()


def test_errors_of_a_custom_constructor_stay_what_they_are() -> None:
    class Broken(Stage):
        def __init__(self, list_of_callables: Any, *, workload: Any, **kwargs: Any) -> None:
            raise TypeError("its own")

        def run(self) -> Iterator[Result]:
            yield from ()

    with pytest.raises(TypeError, match="its own"):
        MainStage([Broken, *STANDARD[1:]], **keywords()).run()


def test_a_subclass_may_give_its_base_what_the_base_needs() -> None:
    class OwnAccelerator(AcceleratorParserStage):
        def __init__(self, list_of_callables: Any, **kwargs: Any) -> None:
            super().__init__(list_of_callables, accelerator=accelerator(), **kwargs)

    given = keywords()
    del given["accelerator"]
    stages = [WorkloadParserStage, OwnAccelerator, *STANDARD[2:]]
    assert MainStage(stages, **given).run()[0][0].energy_total > 0


def test_factories_of_stages_are_stages_too() -> None:
    limited = functools.partial(LomaStage, loma_lpf_limit=2)
    given = keywords()
    del given["loma_lpf_limit"]
    [(cme, _)] = MainStage([*STANDARD[:-2], limited, CostModelStage], **given).run()
    assert cme.energy_total > 0


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


def test_two_names_for_the_workload_are_refused() -> None:
    said = refusal(STANDARD, keywords(workload_path="x.yaml"))
    assert "'workload_path' and 'workload' say the same" in said


def test_the_older_names_of_the_workload_work() -> None:
    for name in ("workload_path", "onnx_model_path"):
        given = keywords(**{name: TINY})
        del given["workload"]
        assert MainStage(STANDARD, **given).run()[0][0].energy_total > 0


def test_a_custom_stage_may_read_an_older_name() -> None:
    class OwnParser(Stage):
        def __init__(self, list_of_callables: Any, *, workload_path: Any, **kwargs: Any) -> None:
            super().__init__(list_of_callables, **kwargs)
            self.path = workload_path

        def run(self) -> Iterator[Result]:
            yield from self.list_of_callables[0](self.list_of_callables[1:], workload=self.path, **self.kwargs).run()

    given = keywords(workload_path=TINY)
    del given["workload"]
    assert MainStage([OwnParser, *STANDARD], **given).run()[0][0].energy_total > 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("nb_mappings_generated", 0),
        ("nb_mappings_generated", "three"),
        ("loma_lpf_limit", 0),
        ("loma_lpf_limit", 2.5),
        ("loma_lpf_limit", True),
        ("temporal_mapping_type", "unevn"),
        ("enable_weight_diagonal_mapping", True),
        ("accelerator", 5),
        ("workload", 5),
        ("mapping", None),
    ],
)
def test_values_that_mean_nothing_are_input_errors(name: str, value: Any) -> None:
    with pytest.raises(InputError, match=name):
        MainStage(STANDARD, **keywords(**{name: value})).run()


def test_the_kind_of_mapping_may_be_a_word() -> None:
    for kind in ("even", "EVEN", TemporalMappingType.EVEN):
        [(_, parts)] = MainStage(STANDARD, **keywords(temporal_mapping_type=kind)).run()
        assert parts[0][0].temporal_mapping.kind is TemporalMappingType.EVEN


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


def test_claims_do_not_pass_to_subclasses() -> None:
    class Custom(CostModelStage):
        pass

    assert not any((Custom.is_builtin, Custom.is_pure, Custom.takes_batches))
    [(total, _)] = MainStage([*STANDARD[:-1], Custom], **keywords(workload=network())).run()
    [(same, _)] = MainStage(STANDARD, **keywords(workload=network())).run()
    assert (total.energy_total, total.latency_total2) == (same.energy_total, same.latency_total2)


def test_the_main_stage_that_records_nothing_is_not_come_by_unawares() -> None:
    with pytest.raises(ImportError, match="imported from zigzag_lab itself"):
        exec("from zigzag_lab.stages import MainStage")
