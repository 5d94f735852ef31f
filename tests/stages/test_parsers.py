"""Stages that read workloads: shapes of dynamic inputs, and operators that are free unless asked for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.inputs import onnx_samples as made
from tests.inputs.onnx_samples import conv_model, node
from tests.stages import small
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CostModelStage,
    LomaStage,
    MinimalEnergyStage,
    ONNXModelParserStage,
    SpatialMappingGeneratorStage,
    SumStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.vocab import InputError


def layers(parser: Any, workload: Any, **keywords: Any) -> list[Any]:
    """The priced layers of a workload."""
    search = [SumStage, WorkloadStage, MinimalEnergyStage, SpatialMappingGeneratorStage, LomaStage, CostModelStage]
    given = {"workload": workload, "accelerator": small.accelerator(), "mapping": small.mapping()}
    main = MainStage([parser, AcceleratorParserStage, *search], loma_lpf_limit=2, **given, **keywords)
    ((_, priced),) = main.run()
    return [cme.layer for cme, _ in priced]


def test_dynamic_inputs_get_their_shapes() -> None:
    dynamic = conv_model(x=("n", 3, 20, 30))
    sizes = [
        layers(ONNXModelParserStage, dynamic, input_shapes={"x": (batch, 3, 20, 30)})[0].loop_sizes["B"]
        for batch in (1, 2)
    ]
    assert sizes == [1, 2]
    with pytest.raises(InputError, match="--input-shape"):
        layers(ONNXModelParserStage, dynamic)


def test_free_operators_are_priced_on_request() -> None:
    net = made.model([node("Conv", "x w", "c"), node("Relu", "c", "y")], {"x": [1, 4, 4, 4]}, {"w": [8, 4, 1, 1]})
    kinds = [[layer.operator_type for layer in layers(ONNXModelParserStage, net, price_all=p)] for p in (False, True)]
    assert kinds == [["Conv"], ["Conv", "Relu"]]


def test_layers_written_by_hand_have_their_shapes_and_are_all_priced() -> None:
    plain = layers(WorkloadParserStage, small.network())
    assert layers(WorkloadParserStage, small.network(), input_shapes=None, price_all=True) == plain
    assert len(plain) == 3


def test_shapes_mean_nothing_where_layers_are_written_by_hand() -> None:
    with pytest.raises(InputError, match="input_shapes: shapes for x; expected an ONNX model"):
        layers(WorkloadParserStage, small.network(), input_shapes={"x": (1, 3)})
