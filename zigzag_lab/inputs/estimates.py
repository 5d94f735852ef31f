"""Estimates of energies and areas for a chip that is not designed yet, each with its source.

SRAMs are priced by CACTI, or by a table of its answers, which is within a fifth of CACTI in between; registers, DRAM
and units by published figures. They are of several technologies, and right to a factor of two at best: good enough to
begin with, and marked in the file.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from math import exp, log

from zigzag_lab.inputs.memory_costs import MemoryCostProvider, MemoryCostRequest
from zigzag_lab.inputs.sram_costs import ANSWERS
from zigzag_lab.vocab import InputError


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a part costs, roughly.

    Attributes:
        read_pj, write_pj: energy of an access of its whole width; of a unit, of an operation, twice the same.
        area_mm2: area of one; 0 of what is off the chip.
        source: where the figures come from, in short.
    """

    read_pj: float
    write_pj: float
    area_mm2: float
    source: str


SOURCES = {
    "CACTI 7 at 22 nm": "Balasubramonian et al., CACTI 7, ACM TACO 14(2), 2017, asked as auto_cost_extraction asks it",
    "table of CACTI 7 at 22 nm": "between answers of CACTI 7 (Balasubramonian et al., ACM TACO 14(2), 2017)",
    "Yang et al. 2020, Nangate": "registers of 28 nm (Yang et al., Interstellar, ASPLOS 2020), the area that of 45 nm "
    "flip-flops (DFF_X1 of Nangate's open cell library)",
    "Horowitz 2014": "45 nm (Horowitz, Computing's Energy Problem, ISSCC 2014)",
}
"""Source in short -> in full."""

_FROM_CACTI, _FROM_TABLE, _OF_REGISTERS, _OF_HOROWITZ = SOURCES

MULTIPLY_ACCUMULATE = Estimate(0.2 + 0.1, 0.2 + 0.1, (282 + 137) * 1e-6, _OF_HOROWITZ)
"""A unit: a multiplication of 8 bits, 0.2 pJ and 282 um2, and an addition of 32 bits, 0.1 pJ and 137 um2."""

MOST_REGISTER_BITS = 8 * 512
"""Larger memories are SRAMs; the published figures of registers end here."""

_REGISTER_PJ = 0.03  # for 16 bits of a file of 16 bytes; twice that for each doubling of the file
_FLIP_FLOP_MM2 = 4.522e-6  # a bit
_DRAM_PJ_PER_BIT = 1300 / 64


def memory_estimate(kind: str, size_bits: int, width_bits: int, provider: MemoryCostProvider | None) -> Estimate:
    """Return what a memory costs, roughly.

    Args:
        kind: ``rf``, ``sram`` or ``dram``.
        size_bits: capacity of one instance.
        width_bits: width of an access.
        provider: prices SRAMs; without one, or where it has no answer, a table does.
    """
    if kind == "dram":
        energy = _DRAM_PJ_PER_BIT * width_bits
        return Estimate(energy, energy, 0.0, _OF_HOROWITZ)
    if kind == "rf":
        energy = _REGISTER_PJ * max(size_bits / (8 * 16), 1) * width_bits / 16
        return Estimate(energy, energy, _FLIP_FLOP_MM2 * size_bits, _OF_REGISTERS)
    n_bytes = -(-size_bits // 8)
    try:
        found = provider.costs(MemoryCostRequest("sram", n_bytes, width_bits, width_bits)) if provider else None
    except InputError:
        found = None
    if found is not None:
        return Estimate(found.read_pj, found.write_pj, found.area_mm2, _FROM_CACTI)
    read, write, area = (_between(n_bytes, width_bits, figure) for figure in range(3))
    return Estimate(read, write, area, _FROM_TABLE)


@cache
def _grid() -> tuple[tuple[float, tuple[tuple[float, tuple[float, ...]], ...]], ...]:
    """(log of bytes, (log of width, logs of the figures)), both rising."""
    return tuple(
        (log(n_bytes), tuple((log(row[1]), tuple(map(log, row[2:]))) for row in rows))
        for n_bytes, rows in groupby(ANSWERS, key=lambda row: row[0])
    )


def _between(n_bytes: int, width_bits: int, figure: int) -> float:
    """A figure of the table: straight lines between its points, over logarithms; beyond its ends they go on."""
    by_size = [(size, _on_line([(w, f[figure]) for w, f in row], log(width_bits))) for size, row in _grid()]
    return exp(_on_line(by_size, log(n_bytes)))


def _on_line(points: list[tuple[float, float]], x: float) -> float:
    i = min(max(bisect_right([at for at, _ in points], x), 1), len(points) - 1)
    (x0, y0), (x1, y1) = points[i - 1], points[i]
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
