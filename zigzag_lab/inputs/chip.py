"""A chip that does not exist yet, as a user describes it: its array and its memories, with what is chosen for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from zigzag_lab.inputs.checked import Entry
from zigzag_lab.inputs.estimates import MOST_REGISTER_BITS
from zigzag_lab.inputs.formats import accelerator as declared
from zigzag_lab.inputs.yaml_file import Document
from zigzag_lab.vocab import OUTPUT, InputError

OPERANDS = {"I": "I1", "W": "I2", "O": OUTPUT}
"""Operand of a layer -> of memories."""

BITS_OF = {"I1": 8, "I2": 8, OUTPUT: 16}
"""Memory operand -> bits of an element, as ONNX models are read: outputs as partial sums."""

HINTS = {"D1": ("K",), "D2": ("C", "FX"), "D3": ("OX", "D"), "D4": ("OY", "H")}
"""Array dimension -> loops to spread over it: of convolutions, and where a layer has none, of products of matrices."""

_FED_ALONG = {"I1": ("D2", "D3", "D4"), "I2": ("D1", "D2"), OUTPUT: ("D1", "D3", "D4")}
"""Memory operand -> dimensions along which units work on different elements, under these hints."""

NARROWEST, WIDEST = 8, 4096
"""Bits of a port that is chosen here."""

DRAM = "dram"
DRAM_BITS = 64
_SIZE = re.compile(r"[1-9]\d{0,5}")


@dataclass(frozen=True, slots=True)
class MemorySpec:
    """What a memory of a new chip is to be.

    Attributes:
        name: its name.
        size_bits: capacity of one instance.
        operands: memory operands that it holds.
        served: array dimensions that one instance feeds.
        width_bits: width of its ports; None to have it chosen.
        is_off_chip: whether it is the DRAM behind the chip.
    """

    name: str
    size_bits: int
    operands: tuple[str, ...]
    served: tuple[str, ...]
    width_bits: int | None = None
    is_off_chip: bool = False

    @property
    def kind(self) -> str:
        """The kind of memory (``mem_type``) that it is."""
        return "dram" if self.is_off_chip else "rf" if self.size_bits <= MOST_REGISTER_BITS else "sram"


@dataclass(frozen=True, slots=True)
class ChipSpec:
    """What a new chip is to be.

    Attributes:
        name: its name.
        sizes: array dimension -> units along it.
        memories: innermost first.
        clock: its frequency or period, as files have it.
    """

    name: str
    sizes: Mapping[str, int]
    memories: tuple[MemorySpec, ...]
    clock: str = "1 GHz"

    def __post_init__(self) -> None:
        declared.CLOCK.read(Entry(Document("clock", self.clock), (), self.clock))
        names = [memory.name for memory in self.memories]
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise InputError("memories", f"two are called {twice}", "a name of its own each")
        held = {operand for memory in self.memories for operand in memory.operands}
        if missing := [letter for letter, operand in OPERANDS.items() if operand not in held]:
            hint = "Keep the DRAM, which holds all, or name them in a memory."
            raise InputError("memories", f"none holds {', '.join(missing)}", "a place for I, W and O", hint)

    def outside(self, spec: MemorySpec) -> set[str]:
        """Memory operands that memories further out hold."""
        return {operand for one in self.memories[self.memories.index(spec) + 1 :] for operand in one.operands}

    def width_of(self, spec: MemorySpec) -> int:
        """The width of a memory's ports: that asked for, or what the units or the memories below take in a cycle."""
        if spec.width_bits is not None:
            return spec.width_bits
        if not spec.served:
            return max(BITS_OF[operand] for operand in spec.operands)
        below = self._inside(spec)
        most = max(self._taken(spec, operand, is_innermost=operand not in below) for operand in spec.operands)
        return min(max(_power_of_two(most), NARROWEST), WIDEST, spec.size_bits)

    def least_access(self, spec: MemorySpec) -> int:
        """Its smallest access: 64 bits, or less where its ports, or what units take in a cycle, are narrower."""
        below = self._inside(spec)
        taken = [self._taken(spec, operand, is_innermost=True) for operand in spec.operands if operand not in below]
        return min([DRAM_BITS, self.width_of(spec), *(max(_power_of_two(bits), NARROWEST) for bits in taken)])

    def _inside(self, spec: MemorySpec) -> set[str]:
        return {operand for one in self.memories[: self.memories.index(spec)] for operand in one.operands}

    def _taken(self, spec: MemorySpec, operand: str, *, is_innermost: bool) -> int:
        """Bits of an operand that units take in a cycle; where memories stand between, those along one edge."""
        along = [self.sizes[dim] for dim in spec.served if dim in _FED_ALONG[operand]]
        return BITS_OF[operand] * (prod(along) if is_innermost else max(along, default=1))


# -- what the user gives -----------------------------------------------------------------------------------------------


def array_sizes(text: str) -> dict[str, int]:
    """Array dimension -> units, of text such as ``16x16``.

    Raises:
        InputError: it is no such text.
    """
    parts = text.lower().replace(" ", "").split("x")
    if not all(_SIZE.fullmatch(part) for part in parts) or len(parts) > 9:
        raise InputError("array", f"'{text}'", "units along each dimension, such as 16x16", "")
    return {f"D{i}": int(part) for i, part in enumerate(parts, start=1)}


def memory_spec(text: str, sizes: Mapping[str, int]) -> MemorySpec:
    """A memory of text such as ``scratchpad=256 KiB,IWO``, ``weights=16 B,W,unit`` or ``rows=1 KiB,I,D1,8 B``.

    Behind the size and the operands stand who shares one instance (``all`` units, which is usual; one in each
    ``unit``; or those along some dimensions, such as ``D1`` or ``D1+D2``), and the width of its ports.

    Raises:
        InputError: it is no such text.
    """
    name, _, rest = text.partition("=")
    where, parts = f"memory '{name.strip()}'", [part.strip() for part in rest.split(",")]
    if not re.fullmatch(r"\w+", name.strip()) or len(parts) < 2:
        raise InputError(f"memory '{text}'", "this is no description", "NAME=SIZE,OPERANDS[,SHARED][,WIDTH]",
                         "Such as 'scratchpad=256 KiB,IWO' or 'weights=16 B,W,unit'.")  # fmt: skip
    letters = parts[1].replace("+", "").replace(" ", "").upper()
    if not letters or set(letters) - set(OPERANDS) or len(set(letters)) < len(letters):
        raise InputError(where, f"it holds '{parts[1]}'", "some of I (inputs), W (weights), O (outputs), such as IWO")
    served, width = tuple(sizes), None
    for part in parts[2:]:
        if re.fullmatch(r"all|unit|D\d(\s*\+\s*D\d)*", part):
            served = _served(where, part, sizes)
        else:
            width = _bits(f"{where}: width", part)
    size = _bits(f"{where}: size", parts[0])
    return MemorySpec(name.strip(), size, tuple(OPERANDS[letter] for letter in letters), served, width)


def _served(where: str, text: str, sizes: Mapping[str, int]) -> tuple[str, ...]:
    if text in ("all", "unit"):
        return tuple(sizes) if text == "all" else ()
    dims = tuple(part.strip() for part in text.split("+"))
    if unknown := [dim for dim in dims if dim not in sizes]:
        raise InputError(where, f"the array has no dimension {unknown[0]}", f"some of {', '.join(sizes)}")
    return dims


def _bits(where: str, text: str) -> int:
    value = int(text) if text.isdecimal() else text
    return declared.SIZE.read(Entry(Document(where, value), (), value))


def dram(sizes: Mapping[str, int]) -> MemorySpec:
    """The DRAM behind a chip, which holds everything."""
    return MemorySpec(DRAM, 8 * 2**30, tuple(OPERANDS.values()), tuple(sizes), DRAM_BITS, is_off_chip=True)


def _power_of_two(number: int) -> int:
    """The least power of two that is as large."""
    return 1 << (number - 1).bit_length()
