from __future__ import annotations

from typing import Any

import pytest

from tests.stages import small
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CostModelStage,
    ExactStage,
    LomaStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    SalsaStage,
    SpatialMappingGeneratorStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.methods import SEARCH_METHODS, SearchMethod
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.stages.recording import SinkLog
from zigzag_lab.vocab import InfeasibleError

CASES = [(sram_bits, sizes) for sram_bits in (192, 256) for sizes in ([1, 16, 16, 4, 4, 1, 1], [1, 32, 4, 2, 2, 1, 1])]
"""Designs whose registers hold so much, filled greedily, that what they hold fits nowhere above."""


def results(search: Any, sram_bits: int, sizes: list[int], reduction: Any = MinimalLatencyStage, **more: Any) -> Any:
    accelerator = small.accelerator(sram_bits=sram_bits)
    accelerator["memories"]["rf_w"]["size"] = 64
    stages = [reduction, SpatialMappingGeneratorStage, reduction, search, CostModelStage]
    given = {"workload": [small.layer(0, "tight", loop_sizes=sizes)], "accelerator": accelerator}
    parsers = [WorkloadParserStage, AcceleratorParserStage, WorkloadStage]
    return MainStage([*parsers, *stages], mapping=small.mapping(), loma_lpf_limit=6, **given, **more).run()


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


def test_the_objective_is_that_of_the_list() -> None:
    (cme, _), (exact, _) = (
        results(LomaStage, 192, CASES[0][1], MinimalEnergyStage)[0],
        results(ExactStage, 192, CASES[0][1], MinimalEnergyStage, exact_objective="energy")[0],
    )
    assert cme.energy_total == exact.energy_total


@pytest.mark.parametrize(("sram_bits", "more"), [(16, {}), (192, {"temporal_mapping_type": "even"})])
def test_what_fits_in_no_way_is_infeasible(sram_bits: int, more: dict[str, Any]) -> None:
    with pytest.raises(InfeasibleError, match="too small"):
        results(LomaStage, sram_bits, CASES[0][1], **more)


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
