"""What explanations claim, worked out again by other means: each run priced with the parameter that was changed."""

from __future__ import annotations

from math import fsum
from pathlib import Path
from typing import Any

import pytest

from tests.reports.priced import narrow, priced
from tests.stages.small import accelerator
from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.inputs import read_accelerator
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.reports import Statement, explain
from zigzag_lab.store.priced import PricedRun

DESIGNS = {
    "narrow dram": narrow(8),
    "very narrow dram": narrow(1),
    "wide dram": narrow(512),
    "tiny sram": narrow(16, sram_bits=1024),
}
A_WIDTH_HELPS = ("very narrow dram", "wide dram")


@pytest.fixture(scope="module", params=list(DESIGNS))
def design(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], PricedRun]:
    data = DESIGNS[request.param]
    return data, priced(tmp_path_factory.mktemp("explain"), data)


def claims_of(run: PricedRun) -> dict[str, Statement]:
    return {claim.topic: claim for claim in explain(run.cmes).claims}


def again(run: PricedRun, data: dict[str, Any]) -> list[CostModelEvaluation]:
    """The same mappings on the accelerator of another file, read and priced from the start."""
    other = read_accelerator(data)
    return [
        CostModelEvaluation(
            Problem.of(cme.layer, other, cme.problem.constraints, cme.problem.spatial_mapping),
            cme.temporal_mapping,
        )
        for cme in run.cmes
    ]


def with_widths(data: dict[str, Any], widths: dict[tuple[str, str], int]) -> dict[str, Any]:
    memories = {
        name: {
            **memory,
            "ports": [
                {**port, "bandwidth_max": widths.get((name, port["name"]), port["bandwidth_max"])}
                for port in memory["ports"]
            ],
        }
        for name, memory in data["memories"].items()
    }
    return {**data, "memories": memories}


def port_of(data: dict[str, Any], place: tuple[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = next(port for port in data["memories"][place[0]]["ports"] if port["name"] == place[1])
    return found


def stalls_of(cmes: list[CostModelEvaluation], place: tuple[str, str]) -> float:
    """Cycles that a port stalls, in all layers."""
    return fsum(
        max(0.0, port.stall_cycles) for cme in cmes for port in cme.port_stalls if (port.memory, port.port) == place
    )


def test_at_most_twelve_lines_and_their_sums(design: tuple[dict[str, Any], PricedRun]) -> None:
    _, run = design
    explanation = explain(run.cmes)
    assert 9 <= len(explanation.claims) <= 12
    claims = claims_of(run)
    total = fsum(cme.energy_total for cme in run.cmes)
    energy = claims["energy"].figures
    assert fsum([*energy["by_memory_pj"].values(), energy["operations_pj"]]) == pytest.approx(total, rel=1e-12)
    terms = claims["latency"].figures["terms_cycles"]
    assert fsum(terms.values()) == pytest.approx(fsum(cme.latency_total2 for cme in run.cmes), rel=1e-12)


def test_the_width_it_names_ends_the_stall_and_one_bit_less_does_not(design: tuple[dict[str, Any], PricedRun]) -> None:
    data, run = design
    claims = claims_of(run)
    assert claims["stalls"].figures["stall_cycles"] > 0
    wider = claims["wider port"].figures
    assert ("ports" in wider) == any(data is DESIGNS[name] for name in A_WIDTH_HELPS)
    if "ports" in wider:
        check_that_its_widths_are_the_least(data, run, wider)
    else:
        check_that_no_width_helps(data, run, claims)


def check_that_its_widths_are_the_least(data: dict[str, Any], run: PricedRun, wider: dict[str, Any]) -> None:
    widths = {(of["memory"], of["port"]): of["bits_per_cycle"] for of in wider["ports"]}
    priced_again = again(run, with_widths(data, widths))
    assert wider["latency_cycles"] == fsum(cme.latency_total2 for cme in priced_again)
    assert wider["stall_cycles_after"] == fsum(cme.stall_slack_comb for cme in priced_again)
    for of in wider["ports"]:
        place = of["memory"], of["port"]
        if list(place) in wider["hopeless"]:
            continue
        assert stalls_of(priced_again, place) == 0
        assert 0 <= of["bits_per_cycle"] - of["least_bits_per_cycle"] < port_of(data, place)["bandwidth_min"]
        assert of["bits_per_cycle"] % port_of(data, place)["bandwidth_min"] == 0
        almost = again(run, with_widths(data, {**widths, place: of["least_bits_per_cycle"] - 1}))
        assert stalls_of(almost, place) == of["stall_cycles_one_bit_less"] > 0
    if wider["stall_cycles_after"]:
        following = wider["next_memory"], wider["next_port"]
        assert stalls_of(priced_again, following) > 0


def check_that_no_width_helps(data: dict[str, Any], run: PricedRun, claims: dict[str, Statement]) -> None:
    place = claims["stalls"].figures["memory"], claims["stalls"].figures["port"]
    assert stalls_of(again(run, with_widths(data, {place: 10**12})), place) > 0
    larger = claims["wider port"].figures
    if "memory" in larger:
        memory = data["memories"][larger["memory"]]
        assert larger["size_bits"] == 2 * memory["size"]
        memories = {**data["memories"], larger["memory"]: {**memory, "size": larger["size_bits"]}}
        priced_again = again(run, {**data, "memories": memories})
        assert fsum(cme.latency_total2 for cme in priced_again) == larger["latency_cycles"]


def test_the_port_it_blames_is_the_one_that_stalls_most(design: tuple[dict[str, Any], PricedRun]) -> None:
    _, run = design
    stalls = claims_of(run)["stalls"].figures
    assert stalls["stall_cycles"] == fsum(cme.stall_slack_comb for cme in run.cmes)
    place = stalls["memory"], stalls["port"]
    pace = [
        cme.stall_slack_comb
        for cme in run.cmes
        if cme.stall_slack_comb > 0
        and any((p.memory, p.port) == place and p.stall_cycles == cme.stall_slack_comb for p in cme.port_stalls)
    ]
    assert fsum(pace) == stalls["paced_cycles"] > 0


def test_cheaper_accesses_save_what_it_says(design: tuple[dict[str, Any], PricedRun]) -> None:
    data, run = design
    claim = claims_of(run)["cheaper access"].figures
    memory = data["memories"][claim["memory"]]
    cheaper = {**memory, "r_cost": memory["r_cost"] / 2, "w_cost": memory["w_cost"] / 2}
    priced_again = again(run, {**data, "memories": {**data["memories"], claim["memory"]: cheaper}})
    assert fsum(cme.energy_total for cme in priced_again) == pytest.approx(claim["energy_pj"], rel=1e-12)


def test_loading_gets_as_short_as_it_says(design: tuple[dict[str, Any], PricedRun]) -> None:
    data, run = design
    claim = claims_of(run)["loading"].figures
    if "port" not in claim:
        return
    widths = {(claim["memory"], claim["port"]): claim["bits_per_cycle"]}
    priced_again = again(run, with_widths(data, widths))
    loading = fsum(cme.data_onloading_cycle + cme.data_offloading_cycle for cme in priced_again)
    assert loading == claim["loading_cycles"] < claim["onload_cycles"] + claim["offload_cycles"]


def test_the_smaller_memory_holds_the_tiles(design: tuple[dict[str, Any], PricedRun]) -> None:
    data, run = design
    claim = claims_of(run)["memories"].figures
    if "memory" not in claim:
        assert min(claim["fills"].values()) > 0.5
        return
    smaller = {**data["memories"][claim["memory"]], "size": claim["size_bits"]}
    priced_again = again(run, {**data, "memories": {**data["memories"], claim["memory"]: smaller}})
    assert fsum(cme.latency_total2 for cme in priced_again) == claim["latency_cycles"]
    for cme in priced_again:
        for operand, shares in cme.mem_utili_shared.items():
            for index, share in zip(cme.problem.memories[operand], shares, strict=True):
                assert cme.accelerator.memories[index].name != claim["memory"] or share <= 1


def test_idle_units_are_counted(design: tuple[dict[str, Any], PricedRun]) -> None:
    _, run = design
    claim = claims_of(run)["array"].figures
    ideal, taken = (fsum(getattr(cme, name) for cme in run.cmes) for name in ("ideal_cycle", "ideal_temporal_cycle"))
    assert claim["utilisation"] == pytest.approx(ideal / taken)
    assert claim["cycles_lost"] == taken - ideal


def test_a_layer_is_explained_alone(tmp_path: Path) -> None:
    from zigzag_lab.reports.what_if import Network

    run = priced(tmp_path, accelerator())
    alone = explain(run.cmes[:1], "stem", Network.of(run.cmes))
    figures = alone.claims[0].figures
    assert figures["share_of_latency"] == run.cmes[0].latency_total2 / fsum(c.latency_total2 for c in run.cmes)
    assert "layers" not in {claim.topic for claim in alone.claims}
    assert alone.title == "stem"
