"""What stages declare of themselves, and what a subclass inherits of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.stages import small
from zigzag_lab.inputs import read_accelerator, read_workload
from zigzag_lab.stages import (
    BUILTIN_STAGES,
    CostModelStage,
    LomaStage,
    MinimalLatencyStage,
    Result,
    SalsaStage,
    SimpleSaveStage,
    SpatialMappingGeneratorStage,
    Stage,
    SumStage,
    TemporalOrderingConversionStage,
    pipeline,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.stages.spec import CLAIMS, NOTHING, StageSpec, is_ours, spec_of


class Own(Stage):
    """Declares by class attributes, as stages did before there was a specification."""

    provides = ("mine",)
    writes = ("file_of_mine",)
    is_builtin = True
    is_pure = True

    def __init__(self, list_of_callables: Any, *, file_of_mine: str = "", **kwargs: Any) -> None:
        super().__init__(list_of_callables, **kwargs)

    @classmethod
    def provides_from(cls, kwargs: Any) -> tuple[str, ...]:
        return tuple(kwargs.get("varied", ()))

    def run(self) -> Iterator[Result]:
        yield from self.substage(mine=1).run()


class Heir(Own):
    """Declares by an object, and one thing otherwise than its base."""

    declares = StageSpec(provides=("more",), hands_on=True)


def test_class_attributes_are_declarations() -> None:
    spec = spec_of(Own)
    assert (spec.provides, spec.writes, spec.is_complete, spec.is_pure) == (("mine",), ("file_of_mine",), True, True)
    assert list(spec.parameters) == ["file_of_mine"]
    assert spec.provides_from({"varied": {"x": [1]}}) == ("x",)
    assert (Own.reads, SumStage.yields_lists, SumStage.is_builtin) == ((), True, True)  # type: ignore[attr-defined]


def test_a_subclass_inherits_all_but_claims() -> None:
    spec = spec_of(Heir)
    assert (spec.provides, spec.writes, spec.hands_on) == (("more",), ("file_of_mine",), True)
    assert (spec.is_complete, spec.is_pure) == (False, None)
    for base in BUILTIN_STAGES:
        heir = spec_of(type(base.__name__, (base,), {"__module__": "of_a_user"}))
        for name in vars(NOTHING):
            expected = NOTHING if name in {*CLAIMS, "is_ours"} else spec_of(base)
            assert getattr(heir, name) == getattr(expected, name), (base, name)


def test_a_constructor_of_ones_own_may_accept_more_than_its_base_requires() -> None:
    class Lenient(LomaStage):
        def __init__(self, list_of_callables: Any, **kwargs: Any) -> None:
            super().__init__(list_of_callables, **kwargs)

    class Heir(LomaStage):
        pass

    assert (
        set(spec_of(Heir).requires) == set(spec_of(SalsaStage).requires) == {"accelerator", "layer", "spatial_mapping"}
    )
    assert not spec_of(Lenient).requires


def test_only_stages_of_this_package_are_ours_whatever_others_declare() -> None:
    assert all(map(is_ours, BUILTIN_STAGES))
    assert not any(map(is_ours, (Own, Heir, partial(SumStage), lambda stages, **_: CostModelStage(stages))))
    assert spec_of(partial(SimpleSaveStage)).writes == ()


def test_a_stage_of_ours_withholds_the_keywords_that_it_names_and_does_not_provide() -> None:
    assert spec_of(SpatialMappingGeneratorStage).consumes == (
        "nb_mappings_generated",
        "enable_mix_spatial_mapping_generation",
        "enable_weight_diagonal_mapping",
    )
    assert not any({*spec_of(stage).consumes} & {*spec_of(stage).provides} for stage in BUILTIN_STAGES)


def warnings_of(stages: Any, caplog: pytest.LogCaptureFixture, **more: Any) -> list[str]:
    pipeline._warn_once.cache_clear()
    (layer,) = read_workload([small.layer(0, "stem")]).layers
    given = {"layer": layer, "accelerator": read_accelerator(small.accelerator()), "nb_mappings_generated": 1, **more}
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            MainStage([MinimalLatencyStage, SpatialMappingGeneratorStage, *stages, CostModelStage], **given)
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("search", [SalsaStage, TemporalOrderingConversionStage])
def test_a_keyword_without_effect_is_accepted_with_one_warning(search: Any, caplog: pytest.LogCaptureFixture) -> None:
    said = f"the keyword 'loma_lpf_limit' is without effect: {search.__name__} makes no use of it"
    assert warnings_of([search], caplog, loma_lpf_limit=6) == [said]
    assert warnings_of([search], caplog, loma_show_progress_bar=True) == []
    assert warnings_of([LomaStage], caplog, loma_lpf_limit=6) == []
    assert warnings_of([search], caplog, loma_lpf_limit=6, without_effect=["loma_lpf_limit"]) == []
    assert warnings_of([search], caplog) == []
