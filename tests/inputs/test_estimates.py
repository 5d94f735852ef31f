"""Estimates of costs: the table of CACTI's answers, what lies between them, and published figures."""

from __future__ import annotations

from math import sqrt

import pytest

from tests.inputs import sram_table
from zigzag_lab.inputs.estimates import MULTIPLY_ACCUMULATE, SOURCES, memory_estimate
from zigzag_lab.inputs.memory_costs import MemoryCostRequest, MemoryCosts
from zigzag_lab.inputs.sram_costs import ANSWERS
from zigzag_lab.vocab import InputError


@pytest.mark.parametrize(("n_bytes", "width"), [(4096, 64), (65536, 256)])
def test_the_table_is_what_cacti_answers(n_bytes: int, width: int) -> None:
    assert sram_table.answer(n_bytes, width) in ANSWERS


def test_the_table_covers_what_chips_have() -> None:
    missing = {(1024 * size, width) for size in sram_table.KIBIBYTES for width in sram_table.WIDTHS}
    missing -= {row[:2] for row in ANSWERS}
    assert missing == {(1024, 1024)}  # CACTI has no circuit that is as wide as it is large
    assert list(ANSWERS) == sorted(ANSWERS)


def test_answers_of_the_table_are_given_as_they_are() -> None:
    for n_bytes, width, *figures in ANSWERS:
        found = memory_estimate("sram", 8 * n_bytes, width, None)
        assert [found.read_pj, found.write_pj, found.area_mm2] == pytest.approx(figures)


def test_between_answers_lines_are_straight_over_logarithms() -> None:
    low, high = (next(row for row in ANSWERS if row[:2] == (size, 64)) for size in (65536, 262144))
    found = memory_estimate("sram", 8 * 131072, 64, None)
    assert found.read_pj == pytest.approx(sqrt(low[2] * high[2]))
    assert found.area_mm2 == pytest.approx(sqrt(low[4] * high[4]))
    assert "table" in found.source


@pytest.mark.parametrize(("n_bytes", "width"), [(2048, 32), (8192, 128), (32768, 64)])
def test_between_answers_the_table_is_near_to_cacti(n_bytes: int, width: int) -> None:
    _, _, *figures = sram_table.answer(n_bytes, width)
    found = memory_estimate("sram", 8 * n_bytes, width, None)
    assert [found.read_pj, found.write_pj, found.area_mm2] == pytest.approx(figures, rel=0.2)


def test_beyond_the_table_they_go_on() -> None:
    larger = memory_estimate("sram", 8 * 65536 * 1024, 64, None)
    largest = memory_estimate("sram", 8 * 16384 * 1024, 64, None)
    assert largest.read_pj < larger.read_pj < 4 * largest.read_pj
    assert largest.area_mm2 < larger.area_mm2 < 16 * largest.area_mm2


class Provider:
    """Prices one memory."""

    def costs(self, request: MemoryCostRequest) -> MemoryCosts:
        if request.size_bytes != 4096:
            raise InputError("CACTI", "no circuit")
        assert (request.kind, request.bus_bits, request.block_bytes) == ("sram", 64, 64)
        return MemoryCosts(1.5, 2.5, 0.25, 1.0)


def test_a_provider_goes_before_the_table() -> None:
    found = memory_estimate("sram", 8 * 4096, 64, Provider())
    assert (found.read_pj, found.write_pj, found.area_mm2) == (1.5, 2.5, 0.25)
    assert "table" not in found.source
    assert "table" in memory_estimate("sram", 8 * 8192, 64, Provider()).source


def test_published_figures() -> None:
    register = memory_estimate("rf", 8 * 128, 16, None)
    assert register.read_pj == pytest.approx(0.24)  # Yang et al.: 128 bytes, 16 bits
    assert register.area_mm2 == pytest.approx(1024 * 4.522e-6)
    assert memory_estimate("rf", 8, 8, None).read_pj == pytest.approx(0.015)
    assert memory_estimate("dram", 2**33, 64, None).read_pj == pytest.approx(1300)  # Horowitz: 1.3 nJ for 64 bits
    assert (MULTIPLY_ACCUMULATE.read_pj, MULTIPLY_ACCUMULATE.area_mm2) == pytest.approx((0.3, 419e-6))
    assert {register.source, MULTIPLY_ACCUMULATE.source} < SOURCES.keys()
