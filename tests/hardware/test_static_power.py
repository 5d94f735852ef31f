"""Static power: of every instance of every part, whatever a layer uses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.inputs import samples
from tests.inputs.test_imc import sample
from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs import read_accelerator
from zigzag_lab.keys import meaning_digest
from zigzag_lab.keys.records import described, record_from
from zigzag_lab.vocab import InputError


def made(clock: str = "500 MHz", **static: Any) -> Accelerator:
    """The sample with a clock, and static power of some memories."""
    data = samples.accelerator()
    data["clock"] = clock
    data["operational_array"]["unit_static_power"] = static.pop("unit", 0)
    for name, power in static.items():
        data["memories"][name]["static_power"] = power
    return read_accelerator(data)


def test_it_is_of_one_instance_times_instances() -> None:
    design = made(unit="1 uW", rf_o="10 uW", sram="2 mW", dram=0.5)
    assert design.array.sizes == {"D1": 8, "D2": 4}
    assert design.memory_named("rf_o").served_dimensions == ("D1",)  # so there are 4 of it
    assert design.static_mw == pytest.approx(32 * 0.001 + 4 * 0.010 + 2.0 + 0.5)
    assert design.static_pj_per_cycle == pytest.approx(design.static_mw * 2.0)  # mW times ns


def test_without_it_nothing_is_in_a_key() -> None:
    plain = read_accelerator(samples.accelerator())
    assert meaning_digest(made()) == meaning_digest(plain)
    assert (plain.static_mw, plain.static_pj_per_cycle, plain.clock_ns) == (0.0, 0.0, None)
    assert not {"given_clock_ns", "technology", "left_out_mw"} & set(described(plain))
    assert meaning_digest(made(sram=1)) != meaning_digest(plain)
    assert meaning_digest(made(sram=1)) != meaning_digest(made(sram=2))
    assert meaning_digest(made("1 GHz", sram=2)) != meaning_digest(made("500 MHz", sram=2))


def test_records_come_back() -> None:
    design = made(unit="1 uW", sram=1.5)
    assert record_from(Accelerator, described(design)) == design


def test_circuits_may_be_clocked_slower_but_not_faster() -> None:
    shortest = read_accelerator(sample()).clock_ns
    assert shortest is not None
    slower = read_accelerator({**sample(), "clock": f"{2 * shortest} ns"})
    assert slower.clock_ns == pytest.approx(2 * shortest)
    assert slower.array.clock_ns == shortest
    with pytest.raises(InputError, match="shorter than the circuits of the array need"):
        read_accelerator({**sample(), "clock": f"{shortest / 2} ns"})
