"""Ask CACTI for the table of SRAMs anew, in some minutes: ``python -m tests.inputs.sram_table``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from zigzag_lab.inputs import sram_costs
from zigzag_lab.inputs.cacti import default_provider
from zigzag_lab.inputs.memory_costs import MemoryCostRequest
from zigzag_lab.vocab import InputError

KIBIBYTES = (1, 4, 16, 64, 256, 1024, 4096, 16384)
WIDTHS = (16, 64, 256, 1024)
HEAD = '''"""Answers of CACTI 7 about SRAMs of 22 nm, a port for reads and one for writes, for where it is not at hand.

Written by ``python -m tests.inputs.sram_table``.
"""

ANSWERS = (
'''
TAIL = ''')
"""Bytes, width of an access in bits, energy of a read and of a write in pJ, area in mm2; both of the former rising."""
'''

Row = tuple[int, int, float, float, float]


def answer(n_bytes: int, width: int) -> Row:
    """What CACTI says, to four digits."""
    found = default_provider().costs(MemoryCostRequest("sram", n_bytes, width, width))
    read, write, area = (float(f"{figure:.4g}") for figure in (found.read_pj, found.write_pj, found.area_mm2))
    return n_bytes, width, read, write, area


def answers() -> Iterator[Row]:
    """A row for each size and width that CACTI has a circuit for."""
    for size in KIBIBYTES:
        for width in WIDTHS:
            try:
                yield answer(1024 * size, width)
            except InputError:
                continue


if __name__ == "__main__":
    rows = "".join(f"    {row},\n" for row in answers())
    Path(sram_costs.__file__).write_text(HEAD + rows + TAIL, encoding="utf-8")
