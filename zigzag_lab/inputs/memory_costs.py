"""What memories cost, asked of a tool outside: the question, the answer, and who may answer it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Protocol

from zigzag_lab.hardware import Port
from zigzag_lab.vocab import InputError, nearest

KINDS = ("sram", "dram", "rf")
RF_FACTOR = 128
"""A register file is priced as an SRAM this many times its size, as in ZigZag 3.9.1: it is too small itself."""


@dataclass(frozen=True, slots=True)
class MemoryCostRequest:
    """One memory, as a circuit tool sees it.

    Attributes:
        kind: ``sram`` or ``dram``.
        size_bytes: capacity.
        block_bytes: bytes of a row that belong together.
        bus_bits: width of its data bus.
        n_read_ports, n_write_ports, n_read_write_ports: ports by kind.
        n_banks: banks that share the bus.
        technology_nm: feature size.
        temperature_k: temperature in operation.
    """

    kind: str
    size_bytes: int
    block_bytes: int
    bus_bits: int
    n_read_ports: int = 1
    n_write_ports: int = 1
    n_read_write_ports: int = 0
    n_banks: int = 1
    technology_nm: int = 22
    temperature_k: int = 360

    def key(self) -> str:
        """The whole question as text: equal keys, equal answers from one provider."""
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True, slots=True)
class MemoryCosts:
    """What a memory costs.

    Attributes:
        read_pj, write_pj: energy of one access of the whole bus width.
        area_mm2: area.
        access_ns: time of an access; the cost model does not use it.
    """

    read_pj: float
    write_pj: float
    area_mm2: float
    access_ns: float


class MemoryCostProvider(Protocol):
    """Prices memories."""

    def costs(self, request: MemoryCostRequest) -> MemoryCosts:
        """Price a memory; an InputError where that cannot be done."""


class MemoryCostCache(Protocol):
    """Stores costs by request and tool. Called from several threads."""

    def get(self, key: str) -> MemoryCosts | None:
        """The stored answer to a question."""

    def put(self, key: str, costs: MemoryCosts) -> None:
        """Store an answer."""


class InMemoryCostCache:
    """Answers of this process."""

    def __init__(self) -> None:
        answers: dict[str, MemoryCosts] = {}
        self.get, self.put = answers.get, answers.__setitem__


def request_for(kind: str, size_bits: int, ports: tuple[Port, ...]) -> MemoryCostRequest:
    """The question about a memory of an accelerator file, as ZigZag 3.9.1 asks it.

    The bus is as wide as the first read port, or the first read-write port where there is none; whatever the file's
    ports, one port for reads and one for writes is priced. A block has as many bytes as the bus has bits.

    Raises:
        InputError: ``where`` is the key of the memory that stands in the way.
    """
    if kind not in KINDS:
        raise InputError("mem_type", f"'{kind}'", f"one of {', '.join(KINDS)}", nearest(kind, KINDS))
    if size_bits % 8:
        raise InputError("size", f"{size_bits} bits", "whole bytes", "The tool counts in bytes.")
    readable = [p for p in ports if p.kind == "read"] or [p for p in ports if p.kind == "read_write"]
    if not readable:
        raise InputError("ports", "none can be read", "a read or read_write port, whose width the price is for")
    width = readable[0].bandwidth_max_bits
    n_bytes = size_bits // 8 * (RF_FACTOR if kind == "rf" else 1)
    return MemoryCostRequest("sram" if kind == "rf" else kind, n_bytes, width, width)


@dataclass(frozen=True, slots=True)
class CellCosts:
    """What the cells of an in-memory array cost.

    Attributes:
        bank_mm2: area of one bank's cells.
        write_pj: energy to write one weight.
    """

    bank_mm2: float
    write_pj: float


_CELL_BUS_BITS = 32
_CELL_AREA = 2.0
_SCALE_28_TO_32_NM = 0.9 * 0.9


def cell_costs(
    provider: MemoryCostProvider, n_columns: int, n_rows: int, group_bits: int, weight_bits: int
) -> CellCosts:
    """Ask for the cells of one bank: an SRAM with one row of weights as wide as its bus.

    As in ZigZag 3.9.1: 28 nm is priced as 32 nm and scaled by the square of the voltage; the area is doubled for what
    the cells compute with; a bus above 32 bits is priced as 32 bits and scaled up.
    """
    bus_bits = n_columns * weight_bits
    n_words = n_rows * group_bits // weight_bits
    priced_bits, times = (bus_bits, 1.0) if bus_bits <= _CELL_BUS_BITS else (_CELL_BUS_BITS, bus_bits / _CELL_BUS_BITS)
    if priced_bits % 8 or n_words < 32 or n_words * priced_bits < 512:
        found = f"{n_words} words of {bus_bits} bits"
        raise InputError(
            "cells", found, "32 or more words of whole bytes, 64 bytes in all", "Write r_cost, w_cost, area."
        )
    request = MemoryCostRequest(
        "sram", n_words * priced_bits // 8, priced_bits // 8, priced_bits,
        n_read_ports=0, n_write_ports=0, n_read_write_ports=1, technology_nm=32, temperature_k=300,
    )  # fmt: skip
    costs = provider.costs(request)
    area = _SCALE_28_TO_32_NM * costs.area_mm2 * _CELL_AREA * times
    return CellCosts(round(area, 7), _SCALE_28_TO_32_NM * costs.write_pj * times / n_columns)
