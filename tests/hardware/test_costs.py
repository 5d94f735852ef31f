"""Costs of an array by part, as models of installed packages state them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from zigzag_lab.hardware import Accelerator, ArrayCosts, OperationalArray, area_of
from zigzag_lab.keys.records import described, record_from
from zigzag_lab.vocab import InputError

SIZES = {"D1": 4, "D2": 2}
COSTS = ArrayCosts("serial", {"adders": 0.5, "registers": 0.25}, {"adders": 8.0, "registers": 4.0}, 3, 0.5)
ARRAY = OperationalArray.of_costs(SIZES, COSTS)


def test_the_costs_of_a_unit_follow_from_those_of_the_parts() -> None:
    assert (ARRAY.unit_energy_pj, ARRAY.unit_area_mm2) == (0.75, 1.5)
    assert (ARRAY.cycles_per_op, ARRAY.clock_ns) == (3, 0.5)
    assert area_of(Accelerator("a", (), ARRAY)).array_mm2_by_part == {"adders": 8.0, "registers": 4.0}
    assert OperationalArray.of_costs(SIZES, replace(COSTS, clock_ns=0.0)).clock_ns is None


def test_they_are_part_of_what_an_accelerator_means_but_for_areas_and_names() -> None:
    def meaning(**changes: Any) -> object:
        return Accelerator("a", (), OperationalArray.of_costs(SIZES, replace(COSTS, **changes))).meaning()

    same: list[dict[str, Any]] = [{"area_mm2_by_part": {"all": 1.0}}, {"model": "other"}]
    other: list[dict[str, Any]] = [{"energy_pj_by_part": {"all": 0.75}}, {"cycles_per_op": 4}, {"clock_ns": 1.0}]
    assert all(meaning(**change) == meaning() for change in same)
    assert len({str(meaning(**change)) for change in [{}, *other]}) == 4


def test_they_come_back_from_a_description_which_plain_arrays_have_not() -> None:
    assert record_from(OperationalArray, described(ARRAY)) == ARRAY
    assert "costs" not in described(OperationalArray(SIZES, 1.0, 1.0))


@pytest.mark.parametrize(
    "change",
    [{"energy_pj_by_part": {"a": -1.0}}, {"area_mm2_by_part": {"a": float("nan")}}, {"cycles_per_op": 0.5}],
    ids=str,
)
def test_costs_that_no_array_has_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="array model serial"):
        replace(COSTS, **change)
