"""Mappings that the user gives: whole ones, and orders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.golden.engine import golden_problems
from tests.stages import small
from zigzag_lab.inputs import read_mapping
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CostModelStage,
    LomaStage,
    MinimalEnergyStage,
    SalsaStage,
    SpatialMappingConversionStage,
    SpatialMappingGeneratorStage,
    SumStage,
    TemporalOrderingConversionStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.vocab import InfeasibleError, InputError

SPATIAL = {"D1": ["K, 4"], "D2": ["C, 4"]}
LEVELS = {
    "O": [[["FX", 3]], [["OX", 4], ["OY", 4], ["K", 2]], []],
    "W": [[], [["FX", 3], ["OX", 4], ["OY", 4], ["K", 2]], []],
    "I": [[["FX", 3], ["OX", 4], ["OY", 4]], [["K", 2]]],
}
PARSERS = [WorkloadParserStage, AcceleratorParserStage, SumStage, WorkloadStage]
ORDER = [("FX", 3), ("OX", 4), ("OY", 4), ("K", 2)]


def run(folder: Path, below: list[Any], sram_bits: int = 10**6, entry: Any = None, **keywords: Any) -> Any:
    files = small.written(
        folder,
        workload=[small.layer(0, "stem")],
        accelerator=small.accelerator(sram_bits=sram_bits),
        mapping=small.mapping(spatial_mapping=SPATIAL, **(entry or {})),
    )
    ((_, layers),) = MainStage([*PARSERS, *below, CostModelStage], **files, **keywords).run()
    return [cme for cme, _ in layers]


def test_a_mapping_found_here_can_be_replayed_at_the_same_price(tmp_path: Path) -> None:
    (found,) = run(tmp_path, [MinimalEnergyStage, SpatialMappingGeneratorStage, MinimalEnergyStage, LomaStage])
    (again,) = run(
        tmp_path, [SpatialMappingConversionStage, LomaStage], user_temporal_mapping=found.temporal_mapping.levels
    )
    assert again.energy_total == pytest.approx(found.energy_total, rel=1e-12)
    assert again.latency_total2 == found.latency_total2
    assert again.temporal_mapping.levels == found.temporal_mapping.levels


def test_golden_mappings_can_be_replayed_at_their_price() -> None:
    for expected, problem in list(golden_problems("energy-ascend_like-resnet18.onnx"))[:4]:
        stage = SpatialMappingConversionStage(
            [LomaStage, CostModelStage],
            accelerator=problem.accelerator,
            layer=problem.layer,
            constraints=problem.constraints,
            user_spatial_mapping=problem.spatial,
            user_temporal_mapping=problem.levels,
        )
        ((cme, _),) = stage.run()
        assert cme.latency_total2 == expected["latency_cycles"]
        assert cme.energy_total == pytest.approx(expected["energy_pj"], rel=1e-9)


@pytest.mark.parametrize("engine", [LomaStage, SalsaStage, TemporalOrderingConversionStage])
def test_the_mapping_file_may_hold_a_whole_mapping(tmp_path: Path, engine: Any) -> None:
    (cme,) = run(tmp_path, [SpatialMappingGeneratorStage, engine], entry={"temporal_mapping": LEVELS})
    assert [[tuple(loop) for loop in level] for level in LEVELS["O"]] == [
        list(level) for level in cme.temporal_mapping.levels["O"]
    ]


def test_an_operand_may_split_a_loop_that_others_keep_whole(tmp_path: Path) -> None:
    split = {**LEVELS, "I": [[["FX", 3], ["OX", 2]], [["OX", 2], ["OY", 4], ["K", 2]]]}
    (cme,) = run(tmp_path, [SpatialMappingConversionStage, LomaStage], user_temporal_mapping=split)
    assert cme.ideal_temporal_cycle == 96


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"X": []}, InputError, "no operand 'X'"),
        ({"I": None}, InputError, "operand I of layer stem is missing"),
        ({"I": [[]]}, InputError, "found 1 levels; expected a list of loops for each of its 2 memories: sram, dram"),
        ({"I": [[["FX"]], []]}, InputError, "such as .K, 4."),
        ({"I": [[["Z", 3]], []]}, InputError, "no loop 'Z'"),
        ({"I": [[["FX", 0]], []]}, InputError, "1 or more"),
        ({"I": [[["OX", 4], ["FX", 3], ["OY", 4], ["K", 2]], []]}, InputError, "the order of operand O: FX 3 OX 4"),
        ({"I": [[["FX", 3], ["OX", 4], ["OY", 4]], []]}, InfeasibleError, "gives operand I FX 3, OX 4, OY 4"),
    ],
)
def test_mappings_that_make_no_sense_are_refused(
    tmp_path: Path, changes: Any, error: type[Exception], said: str
) -> None:
    given = {op: levels for op, levels in {**LEVELS, **changes}.items() if levels is not None}
    with pytest.raises(error, match=said):
        run(tmp_path, [SpatialMappingConversionStage, LomaStage], user_temporal_mapping=given)


def test_a_memory_that_overflows_is_named_with_the_bits_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(InfeasibleError, match=r"memory sram is [\d,]+ bits too small for I and W and O|memory sram is"):
        run(tmp_path, [SpatialMappingConversionStage, LomaStage], sram_bits=512, user_temporal_mapping=LEVELS)


def test_how_many_bits_are_missing_is_exact(tmp_path: Path) -> None:
    below = [SpatialMappingConversionStage, LomaStage]
    with pytest.raises(InfeasibleError) as caught:
        run(tmp_path, below, sram_bits=512, user_temporal_mapping=LEVELS)
    missing = int(str(caught.value).split("memory sram is ")[1].split(" bits")[0].replace(",", ""))
    assert run(tmp_path, below, sram_bits=512 + missing, user_temporal_mapping=LEVELS)
    with pytest.raises(InfeasibleError, match="memory sram is 1 bits too small"):
        run(tmp_path, below, sram_bits=511 + missing, user_temporal_mapping=LEVELS)


def test_orders_become_mappings(tmp_path: Path) -> None:
    (by_keyword,) = run(
        tmp_path, [SpatialMappingConversionStage, TemporalOrderingConversionStage], user_temporal_ordering=ORDER
    )
    (by_file,) = run(
        tmp_path,
        [SpatialMappingConversionStage, TemporalOrderingConversionStage],
        entry={"temporal_ordering": [list(loop) for loop in ORDER]},
    )
    (by_loma,) = run(
        tmp_path,
        [SpatialMappingConversionStage, LomaStage],
        entry={"temporal_ordering": [list(loop) for loop in ORDER]},
    )
    assert by_keyword.energy_total == by_file.energy_total == by_loma.energy_total


@pytest.mark.parametrize("order", [None, ORDER[:-1], [*ORDER[:-1], ("K", 4)]])
def test_an_order_that_leaves_something_open_is_refused(tmp_path: Path, order: Any) -> None:
    below = [SpatialMappingConversionStage, TemporalOrderingConversionStage]
    with pytest.raises(InputError, match="every temporal loop"):
        run(tmp_path, below, user_temporal_ordering=order)


def test_a_layer_that_is_unrolled_entirely_has_a_price_in_every_search(tmp_path: Path) -> None:
    tiny = small.layer(0, "tiny", loop_sizes=[1, 4, 4, 1, 1, 1, 1])
    files = small.written(tmp_path, workload=[tiny], mapping=small.mapping(spatial_mapping=SPATIAL))
    prices = []
    for engine in (LomaStage, SalsaStage, TemporalOrderingConversionStage):
        listed = [*PARSERS, SpatialMappingConversionStage, engine, CostModelStage]
        ((total, _),) = MainStage(listed, **files).run()
        prices.append((total.energy_total, total.latency_total2))
    assert len(set(prices)) == 1
    empty = {"O": [[], [], []], "W": [[], [], []], "I": [[], []]}
    listed = [*PARSERS, SpatialMappingConversionStage, LomaStage, CostModelStage]
    ((total, _),) = MainStage(listed, user_temporal_mapping=empty, **files).run()
    assert (total.energy_total, total.latency_total2) == prices[0]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"temporal_mapping": {"O": [[["K", "*"]]]}}, r"the size of the loop is"),
        ({"temporal_mapping": {"O": [["K", 4]]}}, r"found the text"),
        ({"temporal_mapping": LEVELS, "temporal_ordering": [["K", 4]]}, "both temporal_ordering and temporal_mapping"),
    ],
)
def test_mapping_files_with_malformed_mappings_are_refused(entry: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_mapping(small.mapping(**entry))
