from __future__ import annotations

from typing import Any

import pytest

from tests.exact.repricing import repriced
from tests.stages import small
from zigzag_lab.exact import solve
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CostModelStage,
    ExactStage,
    LomaStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    ONNXModelParserStage,
    SalsaStage,
    SpatialMappingConversionStage,
    SpatialMappingGeneratorStage,
    SumStage,
    TemporalOrderingConversionStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.methods import SEARCH_METHODS, SearchMethod
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.stages.protocols import PartialTally, SearchTally
from zigzag_lab.stages.recording import SinkLog
from zigzag_lab.vocab import InfeasibleError, TemporalMappingType

CASES = [(sram_bits, sizes) for sram_bits in (192, 256) for sizes in ([1, 16, 16, 4, 4, 1, 1], [1, 32, 4, 2, 2, 1, 1])]
"""Designs whose registers hold so much, filled greedily, that what they hold fits nowhere above."""


def results(
    search: Any,
    sram_bits: int,
    sizes: list[int],
    reduction: Any = MinimalLatencyStage,
    mapping: Any = None,
    **more: Any,
) -> Any:
    accelerator = small.accelerator(sram_bits=sram_bits)
    accelerator["memories"]["rf_w"]["size"] = 64
    proposing = SpatialMappingConversionStage if "user_spatial_mapping" in more else SpatialMappingGeneratorStage
    stages = [reduction, proposing, reduction, search, CostModelStage]
    given = {"workload": [small.layer(0, "tight", loop_sizes=sizes)], "accelerator": accelerator}
    parsers = [WorkloadParserStage, AcceleratorParserStage, WorkloadStage]
    return MainStage([*parsers, *stages], mapping=mapping or small.mapping(), loma_lpf_limit=6, **given, **more).run()


@pytest.mark.parametrize("search", [LomaStage, SalsaStage])
@pytest.mark.parametrize(("sram_bits", "sizes"), CASES)
def test_what_fits_is_found_where_greedy_search_finds_nothing(search: Any, sram_bits: int, sizes: list[int]) -> None:
    log = SinkLog()
    (cme, _), (exact, _) = results(search, sram_bits, sizes, sink=log)[0], results(ExactStage, sram_bits, sizes)[0]
    assert cme.latency_total2 == exact.latency_total2
    assert cme.certificate is not None
    assert cme.certificate.gap == 0
    (said,) = [event[1] for event in log.events if event[0] == "warn"]
    assert "layer tight: no greedy allocation fits" in said


def test_a_tally_that_lists_warnings_takes_them_from_the_log(caplog: pytest.LogCaptureFixture) -> None:
    results(LomaStage, *CASES[0], tally=SearchTally())
    (logged,) = caplog.messages
    caplog.clear()
    tally = SearchTally(warnings=[])
    results(LomaStage, *CASES[0], tally=tally)
    assert tally.warnings == [logged]
    assert not caplog.messages


def test_the_objective_is_that_of_the_list() -> None:
    (cme, _), (exact, _) = (
        results(LomaStage, 192, CASES[0][1], MinimalEnergyStage)[0],
        results(ExactStage, 192, CASES[0][1], MinimalEnergyStage, exact_objective="energy")[0],
    )
    assert cme.energy_total == exact.energy_total


@pytest.mark.parametrize("search", [LomaStage, SalsaStage])
def test_even_mappings_are_searched_on_too(search: Any) -> None:
    even = {"temporal_mapping_type": "even"}
    (cme, _), (exact, _) = (results(s, *CASES[0], **even)[0] for s in (search, ExactStage))
    (uneven, _) = results(ExactStage, *CASES[0])[0]
    assert cme.latency_total2 == exact.latency_total2 >= uneven.latency_total2
    assert cme.certificate.space.startswith("all even mappings under ")
    assert cme.temporal_mapping.kind is TemporalMappingType.EVEN


def chip() -> dict[str, Any]:
    """32 by 32 units with registers, and 32 KiB that all operands share."""
    in_and_out = ("tl", "fh"), ("tl", "th", "fh", "fl")
    of_inputs = {op: [f"{op}, {way}" for way in in_and_out[0]] for op in ("I1", "I2")}
    of_outputs = [f"O, {way}" for way in in_and_out[1]]
    every = [*of_inputs["I1"], *of_inputs["I2"], *of_outputs]
    wide = small.port("r_port_1", "read", 64, *(a for a in every if a[-2:] in ("tl", "th"))) | {"bandwidth_max": 512}
    back = small.port("w_port_1", "write", 64, *(a for a in every if a[-2:] in ("fh", "fl"))) | {"bandwidth_max": 512}
    rw = small.port("rw_port_1", "read_write", 64, *every) | {"bandwidth_max": 128}
    rf_w = [small.port("r_port_1", "read", 8, "I2, tl"), small.port("w_port_1", "write", 8, "I2, fh")]
    rf_o = [
        small.port(f"{kind[0]}_port_{n}", kind, 32, allocation)
        for kind, n, allocation in zip(("read", "read", "write", "write"), (1, 2, 1, 2), of_outputs, strict=True)
    ]
    memories = {
        "rf_w": (512, 0.05, 0.05, ["I2"], rf_w, []),
        "rf_o": (32, 0.03, 0.03, ["O"], rf_o, []),
        "spad": (32 * 1024 * 8, 25, 28, ["I1", "I2", "O"], [wide, back], ["D1", "D2"]),
        "dram": (8 * 10**10, 700, 750, ["I1", "I2", "O"], [rw], ["D1", "D2"]),
    }
    made = {name: small.memory(of[0], of[1], *of[3:]) | {"w_cost": of[2]} for name, of in memories.items()}
    array = {"unit_energy": 0.2, "unit_area": 1, "dimensions": ["D1", "D2"], "sizes": [32, 32]}
    return {"name": "chip", "memories": made, "operational_array": array}


RIGHT = {
    **{f"/layer1/layer1.{block}/conv{n}/Conv": 114_162 for block in (0, 1) for n in (1, 2)},
    **{f"/layer2/layer2.{place}/Conv": 113_826 for place in ("0/conv2", "1/conv1", "1/conv2")},
    "/layer3/layer3.0/downsample/downsample.0/Conv": 8_321,
    "/layer4/layer4.0/downsample/downsample.0/Conv": 10_545,
}
"""Cycles of the layers for which LOMA finds nothing, as ``--search exact`` proves them."""


def test_resnet_18_runs_on_a_chip_that_greedy_search_finds_too_small() -> None:
    log = SinkLog()
    below = [MinimalLatencyStage, SpatialMappingGeneratorStage, MinimalLatencyStage, LomaStage, CostModelStage]
    ((_, layers),) = MainStage(
        [ONNXModelParserStage, AcceleratorParserStage, SumStage, WorkloadStage, *below],
        workload="resnet18",
        accelerator=chip(),
        mapping=small.mapping(spatial_mapping={"D1": ["K, 32"], "D2": ["C, 32"]}),
        loma_lpf_limit=6,
        sink=log,
    ).run()
    searched_on = [cme for cme, _ in layers if cme.certificate is not None]
    assert len(layers) == 21
    assert {cme.layer.name: cme.latency_total2 for cme in searched_on} == RIGHT
    assert all(cme.certificate.is_proven and not repriced(cme).differs for cme in searched_on)
    warnings = [event[1] for event in log.events if event[0] == "warn"]
    assert len(warnings) == len({cme.latency_total2 for cme in searched_on})
    assert "(memory spad is 33,280 bits too small for I and W and O" in warnings[0]


ORDER = [("OX", 2), ("OX", 2), ("K", 2), ("C", 2), ("K", 2)]
"""All loops that are left by 4 by 4 units, which take K and C."""


@pytest.mark.parametrize("kind", list(TemporalMappingType))
def test_an_order_of_the_users_is_allocated_otherwise_where_greedy_allocation_fails(kind: TemporalMappingType) -> None:
    given = {"user_spatial_mapping": {"D1": {"K": 4}, "D2": {"C": 4}}, "user_temporal_ordering": ORDER}
    found = results(TemporalOrderingConversionStage, 320, [1, 16, 8, 1, 4, 1, 1], temporal_mapping_type=kind, **given)
    ((cme, _),) = found
    assert cme.certificate is not None
    assert [loop for level in cme.temporal_mapping.levels["O"] for loop in level] == ORDER


SIXTEEN_BITS = {"sram_bits": 16, "sizes": CASES[0][1]}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {},
            "no uneven mapping fits under the [0-9]+ spatial mappings tried.* spatial mappings: --spatial-mappings all",
        ),
        ({"nb_mappings_generated": None}, "no uneven mapping fits under the [0-9]+ spatial mappings allowed"),
        ({"temporal_mapping_type": "even"}, "no even mapping fits under the"),
        ({"search": ExactStage}, "no uneven mapping fits under the"),
        ({"search": SalsaStage}, "no uneven mapping fits under the"),
        (
            {"mapping": small.mapping(spatial_mapping={"D1": ["K, 4"], "D2": ["C, 4"]})},
            "no uneven .* the only .* allowed",
        ),
    ],
)
def test_what_fits_in_no_way_is_proven_infeasible(more: dict[str, Any], said: str) -> None:
    with pytest.raises(
        InfeasibleError, match=f"too small for the smallest tiles.*; infeasible, proven: {said}"
    ) as told:
        results(**{"search": LomaStage, **SIXTEEN_BITS, **more})
    assert told.value.is_proven


def test_where_the_search_had_to_stop_nothing_is_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solve, "MOST_POINTS", 1)
    monkeypatch.setattr(solve, "MOST_COARSE_POINTS", 1)
    wanted = small.mapping(temporal_ordering=[["K", "*"]])
    with pytest.raises(InfeasibleError, match=r"not proven: no uneven mapping in the wanted order.* in 10 s") as told:
        results(LomaStage, *CASES[1], mapping=wanted)
    assert told.value.is_proven is False


def test_a_mapping_from_elsewhere_that_does_not_fit_is_not_replaced() -> None:
    loops = [["OX", 4], ["OY", 4], ["K", 4], ["C", 4]]
    levels = {"O": [[], loops, []], "W": [[], loops, []], "I": [loops, []]}
    given = {"user_spatial_mapping": {"D1": {"K": 4}, "D2": {"C": 4}}, "user_temporal_mapping": levels}
    with pytest.raises(InfeasibleError, match="in the temporal mapping of user_temporal_mapping") as told:
        results(LomaStage, *CASES[0], **given)
    assert told.value.is_proven is None


@pytest.mark.parametrize("is_greedy", [True, False])
def test_a_search_of_an_installed_package_says_whether_it_is_greedy(
    is_greedy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OwnStage(LomaStage):
        pass

    methods = {**SEARCH_METHODS, "own": SearchMethod("own", OwnStage, is_greedy=is_greedy)}
    monkeypatch.setattr(SEARCH_METHODS, "_all", methods)
    if is_greedy:
        (cme, _), (exact, _) = results(OwnStage, *CASES[0])[0], results(ExactStage, *CASES[0])[0]
        assert cme.latency_total2 == exact.latency_total2
    else:
        with pytest.raises(InfeasibleError, match="too small"):
            results(OwnStage, *CASES[0])


def test_the_tally_of_a_part_lists_warnings_with_those_of_the_whole() -> None:
    whole = SearchTally(warnings=[])
    results(LomaStage, *CASES[0], tally=PartialTally(whole))
    assert whole.n_mappings_evaluated > 0
    assert len(whole.warnings or []) == 1
    assert PartialTally(SearchTally()).warnings is None
