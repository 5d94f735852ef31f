"""Data locality as stages: the golden runs, and the layers that are searched once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.golden.engine import REDUCTIONS, sources
from tests.oracle.golden import load_golden
from tests.stages import small
from zigzag_lab.inputs import read_accelerator, read_mapping, read_workload
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CostModelStage,
    ExploitInterLayerDataLocalityStage,
    LomaStage,
    MinimalEnergyStage,
    ONNXModelParserStage,
    SearchInterLayerDataLocalityStage,
    SearchTally,
    SpatialMappingGeneratorStage,
    SumStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.vocab import Objective, PipelineError

GOLDEN = ("edl-tpu_like-resnet18.onnx", "mix-ascend_like-resnet18.onnx")


def stages(parser: Any, reduction: Any = MinimalEnergyStage) -> list[Any]:
    return [
        parser,
        AcceleratorParserStage,
        SumStage,
        SearchInterLayerDataLocalityStage,
        WorkloadStage,
        ExploitInterLayerDataLocalityStage,
        reduction,
        SpatialMappingGeneratorStage,
        reduction,
        LomaStage,
        CostModelStage,
    ]


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_runs(name: str) -> None:
    golden = load_golden(name)
    mixed = golden["options"].get("enable_mix_spatial_mapping", False)
    main = MainStage(
        stages(ONNXModelParserStage, REDUCTIONS[Objective(golden["options"]["opt"])]),
        loma_lpf_limit=6,
        nb_mappings_generated=3,
        enable_mix_spatial_mapping_generation=mixed,
        **sources(golden),
    )
    ((total, layers),) = main.run()
    assert total.latency_total2 == golden["latency_cycles"]
    assert total.energy_total == pytest.approx(golden["energy_pj"], rel=1e-9)
    for (cme, _), expected in zip(layers, golden["layers"], strict=True):
        assert cme.layer.name == expected["name"]
        assert cme.latency_total2 == expected["latency_cycles"]
        assert cme.energy_total == pytest.approx(expected["energy_pj"], rel=1e-9)
        assert cme.mem_energy_breakdown == {
            op: pytest.approx(levels, rel=1e-9) for op, levels in expected["mem_energy_pj_by_operand_and_level"].items()
        }


def run(tmp_path: Path, sram_bits: int, **keywords: Any) -> Any:
    files = small.written(tmp_path, accelerator=small.accelerator(sram_bits=sram_bits))
    ((total, layers),) = MainStage(stages(WorkloadParserStage), **files, **keywords).run()
    return total, [cme for cme, _ in layers]


def test_layers_on_equal_smaller_accelerators_are_searched_once(tmp_path: Path) -> None:
    tally = SearchTally()
    _, layers = run(tmp_path, 10**6, tally=tally)
    assert layers[0].accelerator is layers[2].accelerator
    assert tally.n_reused == 1
    assert [memory.name for memory in layers[1].accelerator.memories] == ["rf_w", "rf_o", "sram"]


def test_data_of_the_whole_network_may_have_to_come_from_the_top(tmp_path: Path) -> None:
    local, _ = run(tmp_path, 10**6)
    from_top, layers = run(tmp_path, 10**6, workload_data_always_from_top_mem=True)
    assert from_top.energy_total > local.energy_total
    assert ["dram" in [m.name for m in cme.accelerator.memories] for cme in layers] == [True, False, True]


def test_exploiting_without_searching_is_refused(tmp_path: Path) -> None:
    listed = [stage for stage in stages(WorkloadParserStage) if stage is not SearchInterLayerDataLocalityStage]
    with pytest.raises(PipelineError, match="SearchInterLayerDataLocalityStage"):
        MainStage(listed, **small.written(tmp_path))


def test_levels_for_another_network_are_refused(tmp_path: Path) -> None:
    listed = [stage for stage in stages(WorkloadParserStage) if stage is not SearchInterLayerDataLocalityStage]
    main = MainStage(listed, mem_update_list={7: {"I1": 0}}, mem_update_weight=3, **small.written(tmp_path))
    with pytest.raises(PipelineError, match="no entry for layer stem"):
        main.run()


def test_the_stage_below_gets_the_accelerator_that_is_left(tmp_path: Path) -> None:
    """By hand, with records: weights leave at level 2 (the SRAM), and so does all else of this layer."""
    roomy, (layer, *_) = read_accelerator(small.accelerator(sram_bits=10**6)), read_workload(small.network()).layers
    for levels, weights, left in (({"I1": 2, "O": 2}, 2, 3), ({"I1": 2, "O": 3}, 2, 4), ({"I1": 2, "O": 2}, 3, 4)):
        stage = ExploitInterLayerDataLocalityStage(
            [MinimalEnergyStage, SpatialMappingGeneratorStage, LomaStage, CostModelStage],
            accelerator=roomy,
            layer=layer,
            constraints=read_mapping(small.mapping()).for_layer(layer),
            mem_update_list={layer.id: levels},
            mem_update_weight=weights,
            loma_lpf_limit=3,
        )
        ((cme, _),) = stage.run()
        assert len(cme.accelerator.memories) == left  # type: ignore[attr-defined]
