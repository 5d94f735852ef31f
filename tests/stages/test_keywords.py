"""Keywords that are missing, misspelt or of no meaning are refused by the name of the stage that reads them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stages.standard import STANDARD, TINY, keywords, refusal
from zigzag_lab.stages import (
    CompleteSaveStage,
    SimpleSaveStage,
    VisualizationStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.vocab import InputError, TemporalMappingType


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


def test_two_names_for_the_workload_are_refused() -> None:
    said = refusal(STANDARD, keywords(workload_path="x.yaml"))
    assert "'workload_path' and 'workload' say the same" in said


def test_the_older_names_of_the_workload_work() -> None:
    for name in ("workload_path", "onnx_model_path"):
        given = keywords(**{name: TINY})
        del given["workload"]
        assert MainStage(STANDARD, **given).run()[0][0].energy_total > 0


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
