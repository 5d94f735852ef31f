"""Stages of the user's: what the check of a list knows of them, and what it leaves to them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.stages.small import accelerator, network
from tests.stages.standard import STANDARD, TINY, Through, keywords, moved, refusal
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CostModelStage,
    LomaStage,
    Result,
    SpatialMappingGeneratorStage,
    Stage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.vocab import PipelineError


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


def test_claims_do_not_pass_to_subclasses() -> None:
    class Custom(CostModelStage):
        pass

    assert not any((Custom.is_builtin, Custom.is_pure, Custom.takes_batches))
    [(total, _)] = MainStage([*STANDARD[:-1], Custom], **keywords(workload=network())).run()
    [(same, _)] = MainStage(STANDARD, **keywords(workload=network())).run()
    assert (total.energy_total, total.latency_total2) == (same.energy_total, same.latency_total2)
