"""Times, powers and what else follows from a clock: three designs worked out by hand, everywhere the same."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.inputs.test_imc import sample
from tests.stages import small
from zigzag_lab import api
from zigzag_lab.cli import main
from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.store.lab import Lab
from zigzag_lab.vocab import Objective
from zigzag_lab.vocab.physical import DERIVED

STATIC_MW = {"rf_w": 0.001, "rf_o": 0.003, "sram": 1.5, "dram": 0.25}


def leaking(clock: str = "500 MHz") -> dict[str, Any]:
    """The small accelerator with a clock, areas and static power on every part."""
    design = {**small.accelerator(), "clock": clock, "technology": "28 nm"}
    for name, power in STATIC_MW.items():
        design["memories"][name] |= {"static_power": power, "area": 0.01}
    design["operational_array"] |= {"unit_static_power": "2 uW", "unit_area": "500 um2"}
    return design


@dataclass(frozen=True)
class ByHand:
    """A design, and what its figures have to be.

    Attributes:
        accelerator: its file.
        clock_ns: period of its clock.
        static_mw: added up by hand.
        batch: of every layer of the network.
        area_mm2: of the whole design.
    """

    accelerator: dict[str, Any]
    clock_ns: float
    static_mw: float
    batch: int = 1
    area_mm2: float | None = None

    def figures(self, energy_pj: float, latency_cycles: float, n_macs: int) -> dict[str, float]:
        """In SI units, from joules and seconds."""
        joules, seconds = energy_pj * 1e-12, latency_cycles * self.clock_ns * 1e-9
        leaked = self.static_mw * 1e-3 * seconds
        return {
            "time_s": seconds,
            "average_power_mw": joules / seconds * 1e3,
            **({"static_energy_pj": leaked * 1e12} if self.static_mw else {}),
            "dynamic_energy_pj": (joules - leaked) * 1e12,
            "tops": 2 * n_macs / seconds / 1e12,
            "tops_per_watt": 2 * n_macs / joules / 1e12,
        }


def with_batch(batch: int) -> list[dict[str, Any]]:
    network = small.network()
    for layer in network:
        layer["loop_sizes"] = [batch, *layer["loop_sizes"][1:]]
    return network


# 16 units; rf_w in each of them, 4 of rf_o, as one serves the 4 units along D2; one sram, one dram
LEAKING_MW = 16 * 0.002 + 16 * 0.001 + 4 * 0.003 + 1.5 + 0.25
LEAKING_MM2 = 16 * 500e-6 + 0.01 * (16 + 4 + 1 + 1)
# the in-memory sample has 8 x 64 x 3 units, one cell group in each
IN_MEMORY = sample()
IN_MEMORY["memories"]["cells"]["static_power"] = "10 nW"
DESIGNS = {
    "leaking": ByHand(leaking(), 2.0, LEAKING_MW, area_mm2=LEAKING_MM2),
    "no static power": ByHand({**small.accelerator(), "clock": "1.25 ns"}, 1.25, 0.0, batch=4),
    "in memory": ByHand({**IN_MEMORY, "clock": "20 MHz"}, 50.0, 8 * 64 * 3 * 1e-5),
}


def dynamic_pj(cme: CostModelEvaluation) -> float:
    """Operations and accesses, counted by hand."""
    total = sum(cme.mac_energy_breakdown.values())
    for operand, levels in cme.memory_word_access.items():
        for index, words in zip(cme.problem.memories[operand], levels, strict=True):
            memory = cme.accelerator.memories[index]
            total += (words.to_low + words.to_high) * memory.read_cost_pj
            total += (words.from_low + words.from_high) * memory.write_cost_pj
    return total


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("search", ["loma", "salsa", "exact"])
def test_three_designs_by_hand(name: str, search: str, tmp_path: Path) -> None:
    by_hand, url = DESIGNS[name], f"sqlite:///{tmp_path / 'lab.db'}"
    files = small.written(tmp_path, workload=with_batch(by_hand.batch), accelerator=by_hand.accelerator)
    request = api.RunRequest(**files, objective=Objective.ENERGY, search=search, lpf_limit=3, n_spatial_mappings=1)
    outcome = api.run(request, store=url, mlflow="off")
    for cme in outcome.layers:
        static = by_hand.static_mw * by_hand.clock_ns * cme.latency_total2
        assert cme.energy_total == pytest.approx(dynamic_pj(cme) + static)
        assert cme.static_energy_pj == pytest.approx(static)
        assert cme.breakdown.energy_pj == pytest.approx(cme.energy_total)
        expected = by_hand.figures(cme.energy_total, cme.latency_total2, prod(cme.layer.loop_sizes.values()))
        assert outcome.physical_of(cme).known() == pytest.approx(expected)
    n_macs = sum(prod(cme.layer.loop_sizes.values()) for cme in outcome.layers)
    whole = by_hand.figures(outcome.total.energy_total, outcome.total.latency_total2, n_macs)
    whole["inferences_per_s"] = by_hand.batch / whole["time_s"]
    whole["energy_per_inference_pj"] = outcome.total.energy_total / by_hand.batch
    assert outcome.physical.known() == pytest.approx(whole)
    assert outcome.physical.area_total_mm2 == pytest.approx(by_hand.area_mm2)
    with Lab(url) as lab:
        run = lab.run(outcome.run_id or "")
        assert run.physical == outcome.physical
        names = ", ".join(DERIVED)
        for view in ("zl_v_runs", "zl_v_all_runs"):
            (row,) = lab.sql(f"SELECT {names} FROM {view}").as_dicts()
            assert {k: v for k, v in row.items() if v is not None} == pytest.approx(whole)
        columns = ", ".join(DERIVED[:6])
        for view in ("zl_v_layers", "zl_v_evaluations WHERE role = 'chosen'"):
            rows = lab.sql(f"SELECT {columns} FROM {view} ORDER BY run_number").as_dicts()
            assert len(rows) == len(outcome.layers)
            for row, cme in zip(rows, outcome.layers, strict=True):
                known = {k: v for k, v in row.items() if v is not None}
                assert known == pytest.approx(outcome.physical_of(cme).known())


def test_without_a_clock_nothing_follows_that_needs_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    outcome = api.run(api.RunRequest(**small.written(tmp_path), lpf_limit=2), store=url, mlflow="off")
    assert set(outcome.physical.known()) == {"dynamic_energy_pj", "tops_per_watt", "energy_per_inference_pj"}
    assert outcome.total.static_energy_pj == 0
    assert outcome.total.dynamic_energy_pj == outcome.total.energy_total
    with Lab(url) as lab:
        (row,) = lab.sql("SELECT time_s, average_power_mw, static_energy_pj, tops, area_total_mm2 FROM zl_v_runs").rows
    assert set(row) == {None}


def test_a_cached_answer_leaks_as_much_and_runs_at_the_clock_of_who_asks(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    request = api.RunRequest(**small.written(tmp_path, accelerator=leaking()), lpf_limit=2)
    first, second = (api.run(request, store=url, mlflow="off") for _ in range(2))
    assert (second.cache and second.cache.misses, second.n_mappings_evaluated) == (0, 0)
    assert second.physical == first.physical
    assert [c.static_energy_pj for c in second.layers] == [c.static_energy_pj for c in first.layers]
    assert second.layers[0].breakdown.energy_pj == pytest.approx(first.layers[0].energy_total)
    plain = {**small.accelerator(), "clock": "1 GHz"}
    for local in (False, True):
        found = []
        for clock in ("1 GHz", "500 MHz"):
            files = small.written(tmp_path, accelerator={**plain, "clock": clock})
            asked = api.RunRequest(**files, lpf_limit=2, exploit_locality=local)
            found.append(api.run(asked, store=url, mlflow="off"))
        assert (found[1].cache and found[1].cache.misses) == 0  # the clock changes no number
        assert [one.physical.clock_ns for one in found] == [1.0, 2.0]
        assert [cme.clock_ns for cme in found[1].layers] == [2.0] * 3


def test_memories_that_a_layer_does_without_leak_all_the_same(tmp_path: Path) -> None:
    files = small.written(tmp_path, accelerator=leaking(), workload=small.network()[:1])
    request = api.RunRequest(**files, lpf_limit=2, exploit_locality=True)
    outcome = api.run(request, store=f"sqlite:///{tmp_path / 'lab.db'}", mlflow="off")
    (cme,) = outcome.layers
    assert "dram" not in [memory.name for memory in cme.accelerator.memories]
    assert cme.static_energy_pj == pytest.approx(LEAKING_MW * 2.0 * cme.latency_total2)
    assert outcome.physical.area_total_mm2 == pytest.approx(LEAKING_MM2)
    with Lab(f"sqlite:///{tmp_path / 'lab.db'}") as lab:
        assert lab.run(outcome.run_id or "").physical == outcome.physical


def test_layers_that_disagree_on_the_batch_are_named(tmp_path: Path) -> None:
    network = small.network()
    network[1]["loop_sizes"] = [3, *network[1]["loop_sizes"][1:]]
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    outcome = api.run(api.RunRequest(**small.written(tmp_path, workload=network), lpf_limit=2), store=url, mlflow="off")
    assert outcome.inferences is not None
    assert (outcome.inferences.count, outcome.inferences.others) == (1, {"wide": 3})
    with Lab(url) as lab:
        run = lab.run(outcome.run_id or "")
    assert run.n_inferences == 1
    assert run.warnings == [outcome.inferences.warning()]
    assert "that of wide (3) is another" in run.warnings[0]


def test_the_command_line_has_the_same_figures(tmp_path: Path) -> None:
    files = small.written(tmp_path, accelerator=leaking())
    words = [word for kind, path in files.items() for word in (f"--{kind}", path)]
    common = ["--db", f"sqlite:///{tmp_path / 'lab.db'}"]

    def asked(*given: str) -> str:
        answer = CliRunner().invoke(main, [*given, *common])
        assert answer.exit_code == 0, answer.output
        return answer.output

    text = asked("run", *words, "--lpf-limit", "2", "--mlflow", "off")
    (best,) = json.loads(asked("best", "--json"))
    whole = json.loads(asked("show", "last", "--json"))
    again = json.loads(asked("run", *words, "--lpf-limit", "2", "--mlflow", "off", "--json"))
    for name in DERIVED:
        assert best[name] == whole[name] == again[name], name
    assert whole["energy_breakdown_pj"]["static"] == pytest.approx(whole["static_energy_pj"])
    shown = asked("show", "last")
    for line in ("at 500 MHz", "of it static", "TOPS/W", "per inference", "0.228 mm2", "28 nm"):
        assert line in shown
        assert line in text
    assert "(leakage)" in shown
    assert "TOPS/W" in asked("ls")
