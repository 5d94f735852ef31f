"""Costs of memories that CACTI was asked for, kept by the lab: asked once, and of the same program."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.inputs import samples
from zigzag_lab import MainStage
from zigzag_lab.api import RunRequest, run
from zigzag_lab.inputs.cacti import VARIABLE
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CostModelStage,
    HardwareSearchStage,
    MinimalLatencyStage,
    SpatialMappingGeneratorStage,
    SumStage,
    TemporalMappingGeneratorStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.vocab import InputError

HEADER = " Dynamic read energy (nJ), Dynamic write energy (nJ), Area (mm2), Access time (ns)"
SCRIPT = (
    f"echo '{HEADER}' > memory.cfg.out; echo '{{read}}, 0.002, 3, 4' >> memory.cfg.out; "
    'cat memory.cfg >> "$(dirname "$0")/asked"; echo question >> "$(dirname "$0")/asked"'
)


class FakeCacti:
    """A program that answers always the same, and writes down what it was asked."""

    def __init__(self, folder: Path, read: str = "0.001") -> None:
        self.path = folder / "cacti"
        (folder / "tech_params").mkdir(parents=True, exist_ok=True)
        self.answer(read)

    def answer(self, read: str) -> None:
        self.path.write_text(f"#!/bin/sh\n{SCRIPT.format(read=read)}\n")
        self.path.chmod(0o755)

    @property
    def n_questions(self) -> int:
        asked = self.path.with_name("asked")
        return asked.read_text().splitlines().count("question") if asked.exists() else 0


@pytest.fixture
def cacti(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCacti:
    fake = FakeCacti(tmp_path / "program")
    monkeypatch.setenv(VARIABLE, str(fake.path))
    return fake


def asking(**more: Any) -> dict[str, Any]:
    """An accelerator whose SRAM's costs are to be asked for."""
    accelerator = samples.accelerator()
    sram = accelerator["memories"]["sram"]
    for key in ("r_cost", "w_cost", "area"):
        del sram[key]
    sram.update({"auto_cost_extraction": True, **more})
    return accelerator


def priced(accelerator: Any, store: str | None = "default") -> Any:
    request = RunRequest([samples.conv_layer()], accelerator, samples.mapping(), lpf_limit=2)
    where = {} if store == "default" else {"store": store}
    return run(request, mlflow="off", **where)


def test_what_was_asked_in_one_run_is_known_in_the_next(cacti: FakeCacti, tmp_path: Path) -> None:
    file = samples.written(tmp_path, asking())
    first, second = priced(file), priced(file)
    assert cacti.n_questions == 1
    assert first.total.energy_total == second.total.energy_total
    assert first.layers[0].accelerator.memory_named("sram").read_cost_pj == 1.0


def test_a_new_database_is_not_made_for_inputs_that_are_refused(cacti: FakeCacti, tmp_path: Path) -> None:
    data = asking()
    data["memories"]["dram"]["size"] = 0
    with pytest.raises(InputError, match=r"dram\.size"):
        priced(samples.written(tmp_path, data))
    assert not (tmp_path / "zigzag_lab.db").exists()


def test_without_a_store_it_is_asked_all_the_same(cacti: FakeCacti, tmp_path: Path) -> None:
    priced(asking(), store=None)
    assert cacti.n_questions == 1
    assert not (tmp_path / "zigzag_lab.db").exists()


def test_another_program_is_asked_anew_and_both_answers_stay(cacti: FakeCacti) -> None:
    before = priced(asking()).total.energy_total
    cacti.answer("0.004")
    after = priced(asking()).total.energy_total
    assert cacti.n_questions == 2
    assert after > before
    cacti.answer("0.001")
    assert priced(asking()).total.energy_total == before
    assert cacti.n_questions == 2


@pytest.mark.parametrize("other", [{"mem_type": "dram"}, {"mem_type": "rf"}, {"size": 2**17}])
def test_another_kind_or_size_is_another_question(other: dict[str, Any], cacti: FakeCacti) -> None:
    priced(asking())
    priced(asking(**other))
    assert cacti.n_questions == 2


def test_what_the_database_holds_is_believed_only_if_it_can_be_a_price(cacti: FakeCacti, tmp_path: Path) -> None:
    priced(asking())
    with closing(sqlite3.connect(tmp_path / "zigzag_lab.db")) as connection, connection:
        connection.execute("UPDATE zl_memory_cost SET area_mm2 = -1.0")
    assert priced(asking()).layers[0].accelerator.memory_named("sram").area_mm2 == 3.0
    assert cacti.n_questions == 2


def test_without_the_program_a_run_is_refused_also_where_answers_are_kept(
    cacti: FakeCacti, monkeypatch: pytest.MonkeyPatch
) -> None:
    priced(asking())
    monkeypatch.setenv(VARIABLE, str(cacti.path.with_name("gone")))
    with pytest.raises(
        InputError, match=r"sram\.auto_cost_extraction: CACTI: .*gone' is no executable file"
    ) as refusal:
        priced(asking())
    assert "ZIGZAG_LAB_CACTI" in refusal.value.hint


def test_a_hardware_search_asks_once_for_each_memory_and_never_answers_from_an_older_program(cacti: FakeCacti) -> None:
    stages = [
        HardwareSearchStage, AcceleratorParserStage, WorkloadParserStage, SumStage, WorkloadStage, MinimalLatencyStage,
        SpatialMappingGeneratorStage, MinimalLatencyStage, TemporalMappingGeneratorStage, CostModelStage,
    ]  # fmt: skip

    def search() -> float:
        main = MainStage(
            stages,
            accelerator=asking(),
            hardware_parameters={"memories.sram.size": [2**16, 2**17], "operational_array.sizes[0]": [4, 8]},
            hardware_objective="energy",
            workload=[samples.conv_layer()],
            mapping=samples.mapping(),
            temporal_mapping_type="uneven",
            loma_lpf_limit=2,
        )
        return float(main.run()[0][0].energy_total)

    first = search()
    assert search() == first
    assert cacti.n_questions == 2
    cacti.answer("0.009")
    assert search() > first


def test_a_provider_of_ones_own_is_asked_instead(cacti: FakeCacti) -> None:
    from zigzag_lab.inputs.memory_costs import MemoryCostRequest, MemoryCosts

    class Flat:
        def costs(self, request: MemoryCostRequest) -> MemoryCosts:
            return MemoryCosts(float(request.size_bytes), 1.0, 1.0, 1.0)

    stages = [
        AcceleratorParserStage, WorkloadParserStage, SumStage, WorkloadStage, MinimalLatencyStage,
        SpatialMappingGeneratorStage, MinimalLatencyStage, TemporalMappingGeneratorStage, CostModelStage,
    ]  # fmt: skip
    given = {"workload": [samples.conv_layer()], "mapping": samples.mapping(), "temporal_mapping_type": "uneven"}
    results = MainStage(stages, accelerator=asking(), memory_costs=Flat(), loma_lpf_limit=2, **given).run()
    assert results[0][1][0][0].accelerator.memory_named("sram").read_cost_pj == 65536 / 8
    assert cacti.n_questions == 0


def test_files_that_leave_costs_to_a_tool_are_not_answered_from_the_cache(cacti: FakeCacti, tmp_path: Path) -> None:
    from zigzag_lab.keys.sources import NotKeyableError
    from zigzag_lab.stages.question import _input_document

    spelt = yaml.safe_dump(asking())
    for source in (asking(), samples.written(tmp_path, spelt)):
        with pytest.raises(NotKeyableError, match="a tool outside"):
            _input_document("accelerator", source)
    plain = samples.accelerator()
    plain["memories"]["sram"]["auto_cost_extraction"] = False
    for source in (plain, samples.written(tmp_path, plain)):
        assert _input_document("accelerator", source)["unread"]
