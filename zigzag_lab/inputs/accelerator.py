"""Accelerator files of ZigZag 3.9.1: an array, and its memories from the innermost to the outermost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from zigzag_lab.hardware import Accelerator, Memory, OperationalArray
from zigzag_lab.hardware.imc import CELLS
from zigzag_lab.inputs import imc
from zigzag_lab.inputs.checked import Entry, open_source
from zigzag_lab.inputs.memory_costs import CellCosts, MemoryCostProvider, MemoryCosts, request_for
from zigzag_lab.inputs.old_formats import refuse_old_accelerator
from zigzag_lab.inputs.ports import read_ports, require_directions
from zigzag_lab.vocab import MEMORY_OPERANDS, InputError

DIMENSION = r"D\d"
UNROLLING = r"[A-Z]+, [0-9]+"

_TOP = {"name": "the accelerator's name", "memories": "memories, innermost first", "operational_array": "the array"}
_TOP_OPTIONAL = {"dataflows": "loops along each dimension (not used by the model)"}
_MEMORY = {
    "size": "capacity in bits",
    "latency": "cycles of an access (not used by the model)",
    "operands": "what the memory holds, of I1, I2 and O",
    "ports": "a list of ports",
    "served_dimensions": "array dimensions that one instance feeds; [] for one instance a unit",
}
_MEMORY_OPTIONAL = {
    "r_cost": "energy of a read in pJ",
    "w_cost": "energy of a write in pJ",
    "area": "area of one instance",
    "mem_type": "sram, dram or rf",
    "auto_cost_extraction": "ask CACTI for the costs",
    "force_double_buffering": "reserve twice the tile",
    "bypass": "operands that may skip the memory",
}
_COSTS = ("r_cost", "w_cost", "area")
_ARRAY = {"dimensions": "names such as [D1, D2]", "sizes": "units along each dimension"}
_ARRAY_OPTIONAL = {
    "unit_energy": "energy of one operation in pJ",
    "unit_area": "area of one unit",
    "systolic_dimensions": "dimensions along which data moves one unit a cycle",
    **imc.KEYS,
}


def read_accelerator(source: str | Path | Mapping[str, Any], costs: MemoryCostProvider | None = None) -> Accelerator:
    """Read an accelerator.

    Args:
        source: path of a YAML file in ZigZag 3.9.1's format, or its content as plain data.
        costs: who is asked about memories with ``auto_cost_extraction``; by default CACTI, if it is found.

    Returns:
        The accelerator; its memories in the order of the file.

    Raises:
        InputError: the file cannot be read, or describes no accelerator the model can price. Says which key, what
            stands there, and what may.
    """
    top = open_source(source, "accelerator")
    refuse_old_accelerator(top)
    fields = top.table(_TOP, _TOP_OPTIONAL)
    name = fields["name"].text("the accelerator's name")

    def provider() -> MemoryCostProvider:
        return _cacti() if costs is None else costs

    array, cells = _read_array(fields["operational_array"], fields["memories"], provider)
    entries = fields["memories"].items()
    memories = tuple(_read_memory(key, entry, array, provider, cells) for key, entry in entries.items())
    _require_every_operand(fields["memories"], memories)
    for i, memory in enumerate(memories):
        above = {op for outer in memories[i + 1 :] for op in outer.operands}
        require_directions(entries[memory.name], memory, above)
        _require_other_places(entries[memory.name], memory, above, in_memory=array.imc is not None)
    return Accelerator(name, memories, array, _read_dataflows(fields.get("dataflows")))


def _require_other_places(entry: Entry, memory: Memory, above: set[str], *, in_memory: bool) -> None:
    """Check that operands which may skip a memory are held further out, and that cells that compute are not skipped."""
    for operand in memory.bypass:
        found = f"{operand} may skip {memory.name}"
        if operand not in above:
            raise entry.error(f"{found}, its outermost memory", "memories with another one further out")
        if in_memory and memory.name == CELLS:
            raise entry.error(f"{found}, whose cells are the array", "memories outside the array")


def _cacti() -> MemoryCostProvider:
    from zigzag_lab.inputs.cacti import default_provider  # needed by few, and slow to import

    return default_provider()


def _require_every_operand(entry: Entry, memories: tuple[Memory, ...]) -> None:
    for operand in MEMORY_OPERANDS:
        if not any(operand in m.operands for m in memories):
            raise entry.error(
                f"no memory holds operand {operand}",
                "I1, I2 and O in at least one memory each",
                f"Add {operand} to the operands of a memory, usually the last one, and give it ports.",
            )


def _read_array(entry: Entry, memories: Entry, provider: imc.Provider) -> tuple[OperationalArray, CellCosts | None]:
    """The array, and what the cells of an in-memory one cost where that was asked."""
    fields = entry.table(_ARRAY, _ARRAY_OPTIONAL)
    if imc.is_imc(fields):
        sizes = _read_sizes(fields)
        circuits, cells = imc.read_imc(entry, fields, memories, sizes, provider)
        return OperationalArray(sizes, unit_energy_pj=0.0, unit_area_mm2=0.0, imc=circuits), cells
    imc.refuse_imc_keys(fields)
    for key in ("unit_energy", "unit_area"):
        if key not in fields:
            raise entry.error(f"key '{key}' is missing", _ARRAY_OPTIONAL[key], f"Add a line '{key}: ...' here.")
    sizes = _read_sizes(fields)
    systolic = fields.get("systolic_dimensions")
    plain = OperationalArray(
        sizes=sizes,
        unit_energy_pj=fields["unit_energy"].number(_ARRAY_OPTIONAL["unit_energy"]),
        unit_area_mm2=fields["unit_area"].number(_ARRAY_OPTIONAL["unit_area"]),
        systolic_dimensions=systolic.choices(tuple(sizes), "array dimensions") if systolic else (),
    )
    return plain, None


def _read_sizes(fields: Mapping[str, Entry]) -> dict[str, int]:
    dimensions = _read_dimensions(fields["dimensions"])
    sizes = [size.integer("units along a dimension", 1) for size in fields["sizes"].elements()]
    if len(sizes) != len(dimensions):
        raise fields["sizes"].error(
            f"{len(sizes)} sizes for {len(dimensions)} dimensions", "one size for each of " + ", ".join(dimensions)
        )
    return dict(zip(dimensions, sizes, strict=True))


def _read_dimensions(entry: Entry) -> tuple[str, ...]:
    names: list[str] = []
    for element in entry.elements("a list of array dimensions such as [D1, D2]"):
        name = element.text("D and one digit, such as D1", DIMENSION, "Array dimensions are called D1, D2, ...")
        if name in names:
            raise element.error(f"dimension '{name}' stands twice", "each dimension once")
        names.append(name)
    if not names:
        raise entry.error(
            "there are no dimensions", "at least one, such as [D1]", "An array of one unit is D1 of size 1."
        )
    return tuple(names)


def _read_memory(
    name: str, entry: Entry, array: OperationalArray, provider: imc.Provider, cells: CellCosts | None
) -> Memory:
    fields = entry.table(_MEMORY, _MEMORY_OPTIONAL)
    operands = fields["operands"].choices(MEMORY_OPERANDS, "memory operands")
    if not operands:
        raise fields["operands"].error(
            "the memory holds no operand", "one or more of I1, I2, O", "Or remove the memory."
        )
    double = fields.get("force_double_buffering")
    bare = Memory(
        name=name,
        size_bits=fields["size"].integer("capacity in bits", 1),
        read_cost_pj=0.0,
        write_cost_pj=0.0,
        area_mm2=0.0,
        latency_cycles=fields["latency"].integer("cycles of an access", 0),
        operands=operands,
        ports=read_ports(fields["ports"], operands),
        served_dimensions=fields["served_dimensions"].choices(tuple(array.sizes), "array dimensions"),
        force_double_buffering=double.flag("reserve twice the tile") if double else False,
        kind=fields["mem_type"].text("sram, dram or rf") if "mem_type" in fields else "sram",
        auto_cost_extraction=_asks_for_costs(fields),
        bypass=fields["bypass"].choices(operands, "operands of the memory") if "bypass" in fields else (),
    )
    if not bare.auto_cost_extraction:
        read, write, area = _given_costs(entry, fields)
    elif cells and name == CELLS:  # reading a weight is part of the operation; the array counts the cells' area
        read, write, area = 0.0, cells.write_pj, 0.0
    else:
        found = _asked_costs(entry, fields, bare, provider)
        read, write, area = found.read_pj, found.write_pj, found.area_mm2
    return replace(bare, read_cost_pj=read, write_cost_pj=write, area_mm2=area)


def _asks_for_costs(fields: Mapping[str, Entry]) -> bool:
    return "auto_cost_extraction" in fields and fields["auto_cost_extraction"].flag("ask CACTI for the costs")


def _given_costs(entry: Entry, fields: Mapping[str, Entry]) -> tuple[float, ...]:
    for key in _COSTS:
        if key not in fields:
            raise entry.error(f"key '{key}' is missing", _MEMORY_OPTIONAL[key], f"Add a line '{key}: ...' here.")
    return tuple(fields[key].number(_MEMORY_OPTIONAL[key]) for key in _COSTS)


def _asked_costs(entry: Entry, fields: Mapping[str, Entry], memory: Memory, provider: imc.Provider) -> MemoryCosts:
    try:
        request = request_for(memory.kind, memory.size_bits, memory.ports)
    except InputError as error:
        raise fields.get(error.where, entry).error(error.found, error.expected, error.hint) from error
    try:
        return provider().costs(request)
    except InputError as error:
        found = f"{error.where}: {error.found}"
        raise fields["auto_cost_extraction"].error(found, error.expected, error.hint) from error


def _read_dataflows(entry: Entry | None) -> dict[str, tuple[str, ...]]:
    if entry is None:
        return {}
    dataflows = {}
    for dimension, loops in entry.items().items():
        expected = "a loop and its unrolling, such as 'K, 16'"
        dataflows[dimension] = tuple(e.text(expected, UNROLLING) for e in loops.elements())
    return dataflows
