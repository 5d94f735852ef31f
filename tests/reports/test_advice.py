"""Advice, followed to the letter: the named lines of the file are changed as it says, and the design is run again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import fsum
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.reports.priced import narrow, recorded
from tests.stages.small import accelerator
from zigzag_lab import api
from zigzag_lab.api.plot import explain_run
from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.inputs import read_accelerator
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.store.lab import Lab
from zigzag_lab.store.priced import priced_run


def half_filled() -> dict[str, Any]:
    """A narrow port for outputs, and a memory of far more than the layers fill."""
    data = accelerator(sram_bits=100_000)
    data["memories"]["sram"]["ports"][1]["bandwidth_min"] = 4
    data["memories"]["sram"]["ports"][1]["bandwidth_max"] = 12
    return data


DESIGNS = {
    "narrow dram": narrow(8),
    "very narrow dram": narrow(1),
    "wide dram": narrow(512),
    "tiny sram": narrow(16, sram_bits=1024),
    "two narrow ports": half_filled(),
}
Change = dict[str, Any]


class Advised:
    """A recorded run, what is advised of it, and its file with advice followed."""

    def __init__(self, folder: Path, data: dict[str, Any]) -> None:
        self.folder = folder
        url, run_id = recorded(folder, data)
        with Lab(url) as lab:
            self.run = priced_run(lab, run_id)
            self.claims = {claim.topic: dict(claim.figures) for claim in explain_run(lab, self.run.run).claims}
            self.text = (lab.inputs(run_id)["accelerator"][2] or b"").decode()

    def changed(self, changes: list[Change]) -> str:
        """The file with the named lines changed, and nothing else."""
        lines = self.text.splitlines()
        for change in changes:
            key, index = change["path"].rpartition(".")[2], change["line"] - 1
            found = re.fullmatch(rf"(\s*(?:- )?{key}: )(\S+)", lines[index])
            assert found, (change, lines[index])
            assert float(found[2]) == change["before"]
            lines[index] = f"{found[1]}{change['after']!r}"
        return "\n".join(lines)

    def kept(self, changes: list[Change]) -> list[CostModelEvaluation]:
        """The mappings of the run on the changed design."""
        other = read_accelerator(yaml.safe_load(self.changed(changes)))
        return [
            CostModelEvaluation(
                Problem.of(cme.layer, other, cme.problem.constraints, cme.problem.spatial_mapping),
                cme.temporal_mapping,
            )
            for cme in self.run.cmes
        ]

    def searched(self, changes: list[Change]) -> api.RunOutcome:
        """A new run on the changed design."""
        path = self.folder / "changed.yaml"
        path.write_text(self.changed(changes), encoding="utf-8")
        files = {kind: str(self.folder / f"{kind}.yaml") for kind in ("workload", "mapping")}
        return api.run(api.RunRequest(**files, accelerator=str(path), lpf_limit=3), store=None, mlflow="off")


@pytest.fixture(scope="module", params=list(DESIGNS))
def advised(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Advised:
    return Advised(tmp_path_factory.mktemp("advice"), DESIGNS[request.param])


def gains(claims: dict[str, Any]) -> Iterator[tuple[list[Change], float]]:
    """Changes of files, and the latency that is promised with them."""
    wider, alone = claims.get("wider port", {}), claims.get("one port wider", {})
    if "ports" in wider:
        yield [port["change"] for port in wider["ports"]], wider["latency_cycles"]
    for step in alone.get("steps", ()):
        yield [step["change"]], step["latency_cycles"]
    if "change" in claims["memories"]:
        yield [claims["memories"]["change"]], claims["memories"]["latency_cycles"]


def latency_of(cmes: list[CostModelEvaluation]) -> float:
    return fsum(cme.latency_total2 for cme in cmes)


def test_the_promised_latency_is_that_of_the_same_mappings_and_a_new_search_takes_no_longer(advised: Advised) -> None:
    promised = list(gains(advised.claims))
    for changes, latency in promised:
        assert latency_of(advised.kept(changes)) == latency
        found = advised.searched(changes)
        assert found.total.latency_total2 <= latency
    assert len(promised) >= 1


def test_no_width_of_the_port_alone_gains_more_than_the_limit(advised: Advised) -> None:
    alone = advised.claims.get("one port wider")
    if alone is None:
        assert advised.claims["stalls"]["stall_cycles"] == 0 or advised.claims["wider port"]["hopeless"]
        return
    (first, *others), limit = alone["steps"], alone["limit_latency_cycles"]
    assert latency_of(advised.kept([{**first["change"], "after": 10**15}])) == limit
    latencies = [step["latency_cycles"] for step in (first, *others)]
    assert latencies == sorted(latencies, reverse=True)
    assert limit <= latencies[-1]


def test_energies_of_a_wider_port_are_those_of_both_costs(advised: Advised) -> None:
    alone = advised.claims.get("one port wider", {})
    if not alone.get("cost_changes"):
        return
    wider = [alone["steps"][0]["change"]]
    for changes, pj in ((wider, "energy_pj"), ([*wider, *alone["cost_changes"]], "energy_pj_at_cost_per_bit")):
        assert fsum(cme.energy_total for cme in advised.kept(changes)) == pytest.approx(alone[pj], rel=1e-12)
    assert alone["energy_pj"] < alone["energy_pj_at_cost_per_bit"]


def test_cheaper_accesses_save_as_much_in_a_new_run(advised: Advised) -> None:
    claim = advised.claims["cheaper access"]
    assert len(claim["changes"]) == 2
    assert fsum(c.energy_total for c in advised.kept(claim["changes"])) == pytest.approx(claim["energy_pj"], rel=1e-12)
    found = advised.searched(claim["changes"])
    assert found.total.energy_total <= claim["energy_pj"] * (1 + 1e-12)


def test_loading_is_as_short_as_promised_and_no_shorter_than_its_limit(advised: Advised) -> None:
    claim = advised.claims["loading"]
    if "change" not in claim:
        return
    for bits, cycles in ((claim["bits_per_cycle"], "loading_cycles"), (10**15, "limit_loading_cycles")):
        cmes = advised.kept([{**claim["change"], "after": bits}])
        assert fsum(cme.data_onloading_cycle + cme.data_offloading_cycle for cme in cmes) == claim[cycles]


def test_sizes_and_widths_are_whole_bytes_and_whole_accesses(advised: Advised) -> None:
    data = yaml.safe_load(advised.text)
    if "change" in advised.claims["memories"]:
        assert advised.claims["memories"]["size_bits"] % 8 == 0
    for step in advised.claims.get("one port wider", {}).get("steps", ()):
        place = advised.claims["one port wider"]["memory"], advised.claims["one port wider"]["port"]
        (port,) = [p for p in data["memories"][place[0]]["ports"] if p["name"] == place[1]]
        assert step["bits_per_cycle"] % port["bandwidth_min"] == 0
