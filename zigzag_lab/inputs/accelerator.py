"""Accelerator files of ZigZag 3.9.1: an array, and its memories from the innermost to the outermost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zigzag_lab.hardware import Accelerator, Memory, OperationalArray
from zigzag_lab.inputs.checked import Entry, open_source
from zigzag_lab.inputs.ports import read_ports, require_directions
from zigzag_lab.vocab import MEMORY_OPERANDS

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
}
_ARRAY = {"dimensions": "names such as [D1, D2]", "sizes": "units along each dimension"}
_ARRAY_OPTIONAL = {
    "unit_energy": "energy of one operation in pJ",
    "unit_area": "area of one unit",
    "systolic_dimensions": "dimensions along which data moves one unit a cycle",
    "input_precision": "two widths in bits (in-memory computing)",
    "is_imc": "in-memory computing",
    "imc_type": "analog or digital (in-memory computing)",
    "adc_resolution": "bits (in-memory computing)",
    "bit_serial_precision": "bits (in-memory computing)",
}
_IMC_ONLY = ("imc_type", "adc_resolution", "bit_serial_precision")
_NOT_YET = "in-memory computing / auto_cost_extraction is not supported yet"


def read_accelerator(source: str | Path | Mapping[str, Any]) -> Accelerator:
    """Read an accelerator.

    Args:
        source: path of a YAML file in ZigZag 3.9.1's format, or its content as plain data.

    Returns:
        The accelerator; its memories in the order of the file.

    Raises:
        InputError: the file cannot be read, or describes no accelerator the model can price. Says which key, what
            stands there, and what may.
    """
    fields = open_source(source, "accelerator").table(_TOP, _TOP_OPTIONAL)
    name = fields["name"].text("the accelerator's name")
    array = _read_array(fields["operational_array"])
    entries = fields["memories"].items()
    memories = tuple(_read_memory(key, entry, array) for key, entry in entries.items())
    _require_every_operand(fields["memories"], memories)
    for i, memory in enumerate(memories):
        above = {op for outer in memories[i + 1 :] for op in outer.operands}
        require_directions(entries[memory.name], memory, above)
    return Accelerator(name, memories, array, _read_dataflows(fields.get("dataflows")))


def _require_every_operand(entry: Entry, memories: tuple[Memory, ...]) -> None:
    for operand in MEMORY_OPERANDS:
        if not any(operand in m.operands for m in memories):
            raise entry.error(
                f"no memory holds operand {operand}",
                "I1, I2 and O in at least one memory each",
                f"Add {operand} to the operands of a memory, usually the last one, and give it ports.",
            )


def _read_array(entry: Entry) -> OperationalArray:
    fields = entry.table(_ARRAY, _ARRAY_OPTIONAL)
    _refuse_imc(fields)
    for key in ("unit_energy", "unit_area"):
        if key not in fields:
            raise entry.error(f"key '{key}' is missing", _ARRAY_OPTIONAL[key], f"Add a line '{key}: ...' here.")
    dimensions = _read_dimensions(fields["dimensions"])
    sizes = [size.integer("units along a dimension", 1) for size in fields["sizes"].elements()]
    if len(sizes) != len(dimensions):
        raise fields["sizes"].error(
            f"{len(sizes)} sizes for {len(dimensions)} dimensions", "one size for each of " + ", ".join(dimensions)
        )
    systolic = fields.get("systolic_dimensions")
    return OperationalArray(
        sizes=dict(zip(dimensions, sizes, strict=True)),
        unit_energy_pj=fields["unit_energy"].number(_ARRAY_OPTIONAL["unit_energy"]),
        unit_area_mm2=fields["unit_area"].number(_ARRAY_OPTIONAL["unit_area"]),
        systolic_dimensions=systolic.choices(dimensions, "array dimensions") if systolic else (),
    )


def _refuse_imc(fields: dict[str, Entry]) -> None:
    if "is_imc" in fields and fields["is_imc"].flag("in-memory computing"):
        raise fields["is_imc"].error(_NOT_YET, "an array of plain multipliers (is_imc: false)")
    for key in _IMC_ONLY:
        if key in fields and fields[key].value != 0:
            raise fields[key].error(
                f"'{key}' belongs to in-memory computing", "an array of plain multipliers", f"Remove '{key}'."
            )
    if "input_precision" in fields:
        widths = [e.integer("a width in bits", 1) for e in fields["input_precision"].elements()]
        if len(widths) != 2:
            raise fields["input_precision"].error(f"found {len(widths)} widths", "two: activations and weights")


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


def _read_memory(name: str, entry: Entry, array: OperationalArray) -> Memory:
    fields = entry.table(_MEMORY, _MEMORY_OPTIONAL)
    auto = "auto_cost_extraction" in fields and fields["auto_cost_extraction"].flag("ask CACTI for the costs")
    if auto:
        raise fields["auto_cost_extraction"].error(_NOT_YET, "false", "Write r_cost, w_cost and area into the file.")
    for key in ("r_cost", "w_cost", "area"):
        if key not in fields:
            raise entry.error(f"key '{key}' is missing", _MEMORY_OPTIONAL[key], f"Add a line '{key}: ...' here.")
    operands = fields["operands"].choices(MEMORY_OPERANDS, "memory operands")
    if not operands:
        raise fields["operands"].error(
            "the memory holds no operand", "one or more of I1, I2, O", "Or remove the memory."
        )
    double = fields.get("force_double_buffering")
    return Memory(
        name=name,
        size_bits=fields["size"].integer("capacity in bits", 1),
        read_cost_pj=fields["r_cost"].number(_MEMORY_OPTIONAL["r_cost"]),
        write_cost_pj=fields["w_cost"].number(_MEMORY_OPTIONAL["w_cost"]),
        area_mm2=fields["area"].number(_MEMORY_OPTIONAL["area"]),
        latency_cycles=fields["latency"].integer("cycles of an access", 0),
        operands=operands,
        ports=read_ports(fields["ports"], operands),
        served_dimensions=fields["served_dimensions"].choices(tuple(array.sizes), "array dimensions"),
        force_double_buffering=double.flag("reserve twice the tile") if double else False,
        kind=fields["mem_type"].text("sram, dram or rf") if "mem_type" in fields else "sram",
    )


def _read_dataflows(entry: Entry | None) -> dict[str, tuple[str, ...]]:
    if entry is None:
        return {}
    dataflows = {}
    for dimension, loops in entry.items().items():
        expected = "a loop and its unrolling, such as 'K, 16'"
        dataflows[dimension] = tuple(e.text(expected, UNROLLING) for e in loops.elements())
    return dataflows
