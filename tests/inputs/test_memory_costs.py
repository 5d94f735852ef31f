from __future__ import annotations

from typing import Any

import pytest

from tests.inputs import samples
from tests.inputs.test_imc import OneAnswer
from zigzag_lab.hardware import Port
from zigzag_lab.inputs import read_accelerator
from zigzag_lab.inputs.memory_costs import (
    InMemoryCostCache,
    MemoryCostRequest,
    MemoryCosts,
    cell_costs,
    request_for,
)
from zigzag_lab.vocab import InputError


def port(kind: str, width: int) -> Port:
    return Port("p", kind, 8, width, ())


def asking(**changes: Any) -> dict[str, Any]:
    """The sample with an SRAM that has no costs of its own."""
    data = samples.accelerator()
    sram = data["memories"]["sram"]
    for key in ("r_cost", "w_cost", "area"):
        del sram[key]
    sram.update({"auto_cost_extraction": True, **changes})
    return data


def test_the_question_about_a_memory() -> None:
    ports = (port("write", 512), port("read", 128), port("read", 64))
    assert request_for("sram", 65536, ports) == MemoryCostRequest("sram", 8192, 128, 128)
    assert request_for("dram", 65536, (port("read_write", 64),)) == MemoryCostRequest("dram", 8192, 64, 64)
    assert request_for("rf", 64, ports) == MemoryCostRequest("sram", 1024, 128, 128)
    assert request_for("sram", 1024, (port("read_write", 32), port("read", 64))).bus_bits == 64


@pytest.mark.parametrize(
    ("kind", "bits", "ports", "where"),
    [
        ("sramm", 64, (port("read", 8),), "mem_type"),
        ("sram", 63, (port("read", 8),), "size"),
        ("sram", 64, (port("write", 8),), "ports"),
    ],
)
def test_what_cannot_be_asked(kind: str, bits: int, ports: tuple[Port, ...], where: str) -> None:
    with pytest.raises(InputError) as caught:
        request_for(kind, bits, ports)
    assert caught.value.where == where


def test_different_questions_have_different_keys() -> None:
    keys = {
        MemoryCostRequest(kind, size, 8, 8, banks, technology_nm=nm).key()
        for kind in ("sram", "dram")
        for size in (64, 128)
        for banks in (1, 2)
        for nm in (22, 32)
    }
    assert len(keys) == 16


def test_the_answer_is_taken_into_the_memory() -> None:
    provider = OneAnswer()
    sram = read_accelerator(asking(), provider).memory_named("sram")
    assert provider.asked == [MemoryCostRequest("sram", 8192, 512, 512)]
    assert (sram.read_cost_pj, sram.write_cost_pj, sram.area_mm2) == (2.0, 3.0, 0.25)
    assert sram.auto_cost_extraction


def test_costs_in_the_file_do_not_count_where_others_are_asked_for() -> None:
    sram = read_accelerator(asking(r_cost=99.0, w_cost=99.0, area=99.0), OneAnswer()).memory_named("sram")
    assert (sram.read_cost_pj, sram.write_cost_pj, sram.area_mm2) == (2.0, 3.0, 0.25)


@pytest.mark.parametrize(
    ("changes", "place", "remedy"),
    [
        ({"size": 65537}, "memories.sram.size: 65537 bits", "whole bytes"),
        ({"mem_type": "srma"}, "memories.sram.mem_type: 'srma'", "Did you mean 'sram'?"),
        ({"auto_cost_extraction": "yes"}, "auto_cost_extraction: found the text 'yes'", "true or false"),
    ],
)
def test_bad_input(changes: dict[str, Any], place: str, remedy: str) -> None:
    with pytest.raises(InputError) as caught:
        read_accelerator(asking(**changes), OneAnswer())
    assert place in str(caught.value)
    assert remedy in str(caught.value)


def test_a_refusal_names_the_memory() -> None:
    class Refuses:
        def costs(self, request: MemoryCostRequest) -> MemoryCosts:
            raise InputError("CACTI", "no circuit", "a larger memory")

    with pytest.raises(InputError, match=r"memories\.sram\.auto_cost_extraction: CACTI: no circuit; expected a larger"):
        read_accelerator(asking(), Refuses())


def test_a_wide_bank_is_priced_as_32_bits_and_scaled_up() -> None:
    provider = OneAnswer()
    costs = cell_costs(provider, n_columns=128, n_rows=128, group_bits=8, weight_bits=8)
    assert provider.asked == [MemoryCostRequest("sram", 512, 4, 32, 0, 0, 1, 1, technology_nm=32, temperature_k=300)]
    assert costs.bank_mm2 == round(0.25 * 0.81 * 2 * 32, 7)
    assert costs.write_pj == pytest.approx(3.0 * 0.81 * 32 / 128)


def test_the_cache_keeps_what_it_is_given() -> None:
    cache, costs = InMemoryCostCache(), MemoryCosts(1.0, 2.0, 3.0, 4.0)
    assert cache.get("a") is None
    cache.put("a", costs)
    assert cache.get("a") == costs
    assert cache.get("b") is None
