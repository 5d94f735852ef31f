from __future__ import annotations

from dataclasses import replace

import pytest

from zigzag_lab.hardware import Accelerator, ImcArray, ImcKind, Memory, OperationalArray, area_of

SIZES = {"D1": 8, "D2": 4, "D3": 2}


def memory(name: str, area_mm2: float, *served: str) -> Memory:
    return Memory(name, 8, 0.0, 0.0, area_mm2, 1, ("I1", "I2", "O"), (), served)


def test_every_instance_of_every_memory_counts() -> None:
    memories = (memory("rf", 0.01), memory("row", 0.1, "D1"), memory("sram", 3.0, "D1", "D2", "D3"))
    area = area_of(Accelerator("plain", memories, OperationalArray(SIZES, 0.04, 0.5)))
    assert area.array_mm2_by_part == {"units": 32.0}
    assert [(m.name, m.n_instances) for m in area.memories] == [("rf", 64), ("row", 8), ("sram", 1)]
    assert [m.total_mm2 for m in area.memories] == pytest.approx([0.64, 0.8, 3.0])
    assert area.memories_mm2 == pytest.approx(4.44)
    assert area.total_mm2 == pytest.approx(36.44)
    assert area.single_mm2 == pytest.approx(35.11)


def test_an_area_of_nought_is_one_that_is_not_known() -> None:
    known = (memory("rf", 0.01), memory("sram", 3.0, "D1", "D2", "D3"), memory("dram", 0.0, "D1", "D2", "D3"))
    area = area_of(Accelerator("plain", known, OperationalArray(SIZES, 0.04, 0.5)))
    assert (area.unknown, area.total_mm2) == ((), pytest.approx(0.64 + 3.0 + 32.0))  # memory off the chip takes none
    partly = (memory("rf", 0.0), *known[1:])
    area = area_of(Accelerator("plain", partly, OperationalArray(SIZES, 0.04, 0.0)))
    assert (area.unknown, area.total_mm2) == (("operational_array", "rf"), None)
    alone = area_of(Accelerator("plain", known[2:], OperationalArray(SIZES, 0.04, 0.5)))
    assert alone.unknown == ("dram",)
    several = (known[0], replace(known[1], operands=("I1",)), replace(known[2], operands=("I2", "O")))
    assert area_of(Accelerator("plain", several, OperationalArray(SIZES, 0.04, 0.5))).unknown == ("dram",)


def test_the_cells_of_an_in_memory_array_are_part_of_the_array() -> None:
    imc = ImcArray(ImcKind.ANALOG, 8, 8, 2, 8, "D1", "D2", 8, 4, 2, 8, cells_mm2=0.64)
    array = OperationalArray(SIZES, 0.0, 0.0, imc=imc)
    area = area_of(Accelerator("imc", (memory("cells", 0.01), memory("sram", 3.0, "D1", "D2", "D3")), array))
    assert area.array_mm2_by_part == imc.area_mm2_by_part
    assert [m.name for m in area.memories] == ["sram"]
    assert area.total_mm2 == pytest.approx(imc.area_mm2 + 3.0)
    assert area.single_mm2 == pytest.approx(imc.area_mm2 + 3.01)
    assert area.array_mm2 > replace(imc, cells_mm2=0.0).area_mm2


def test_a_memory_called_cells_is_a_memory_beside_plain_units() -> None:
    area = area_of(Accelerator("plain", (memory("cells", 0.01),), OperationalArray(SIZES, 0.04, 0.5)))
    assert [m.name for m in area.memories] == ["cells"]
