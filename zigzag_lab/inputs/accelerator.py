"""Accelerator files of ZigZag 3.9.1: an array, and its memories from the innermost to the outermost."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from zigzag_lab.hardware import Accelerator, Memory, OperationalArray, Port
from zigzag_lab.hardware.imc import CELLS
from zigzag_lab.inputs.arrays import Provider, read_array, read_estimated
from zigzag_lab.inputs.checked import Entry, open_source, read_each
from zigzag_lab.inputs.formats import accelerator as declared
from zigzag_lab.inputs.formats.keys import Fields
from zigzag_lab.inputs.memory_costs import CellCosts, MemoryCostProvider, MemoryCosts, request_for
from zigzag_lab.inputs.old_formats import refuse_old_accelerator
from zigzag_lab.inputs.transfers import directions_of
from zigzag_lab.vocab import MEMORY_OPERANDS, Direction, InputError


def read_accelerator(source: str | Path | Mapping[str, object], costs: MemoryCostProvider | None = None) -> Accelerator:
    """Read an accelerator.

    Args:
        source: path of a YAML file in ZigZag 3.9.1's format, or its content as plain data.
        costs: prices memories with ``auto_cost_extraction``; by default CACTI, if it is found.

    Returns:
        The accelerator; its memories in the order of the file.

    Raises:
        InputError: the file cannot be read, or describes no accelerator the model can price. The message names the key,
            what stands there, and what may.
    """
    top = open_source(source, "accelerator")
    refuse_old_accelerator(top)
    fields = declared.TOP.fields(top)
    name = fields.value(declared.NAME)

    def provider() -> MemoryCostProvider:
        if costs is not None:
            return costs
        from zigzag_lab.inputs.cacti import default_provider  # needed by few, and slow to import

        return default_provider()

    array, cells = read_array(fields["operational_array"], fields["memories"], provider)
    entries = fields["memories"].items()
    memories = tuple(read_each(entries.items(), lambda item: _read_memory(*item, array, provider, cells)))
    _require_every_operand(fields["memories"], memories)

    def require_places(i: int) -> None:
        memory, above = memories[i], {op for outer in memories[i + 1 :] for op in outer.operands}
        require_directions(entries[memory.name], memory, above)
        _require_other_places(entries[memory.name], memory, above, in_memory=array.imc is not None)

    read_each(range(len(memories)), require_places)
    dataflows = _read_dataflows(fields.get("dataflows"))
    technology = declared.TECHNOLOGY.read(fields["technology"]) if "technology" in fields else ""
    accelerator = Accelerator(name, memories, array, dataflows, _read_clock_ns(fields, array), technology)
    if accelerator.static_mw and accelerator.clock_ns is None:
        found = f"static power of {accelerator.static_mw:g} mW, and no clock"
        raise top.error(found, "a clock, from which times and static energy follow", "Add a line 'clock: 1 GHz'.")
    return accelerator


def _read_clock_ns(fields: Fields, array: OperationalArray) -> float:
    """The period in the file; 0 where it has none. Circuits may be clocked slower than they could be, not faster."""
    if "clock" not in fields:
        return 0.0
    period_ns = declared.CLOCK.read(fields["clock"])
    if array.clock_ns is not None and period_ns < array.clock_ns * (1 - _SAME):
        found = f"a period of {period_ns:.6g} ns, shorter than the circuits of the array need"
        hint = "Remove the key to take the shortest."
        raise fields["clock"].error(found, f"{array.clock_ns:.6g} ns or more", hint)
    return period_ns


_SAME = 1e-9


def _require_other_places(entry: Entry, memory: Memory, above: set[str], *, in_memory: bool) -> None:
    """Check that operands which may skip a memory are held further out, and that cells that compute are not skipped."""
    for operand in memory.bypass:
        found = f"{operand} may skip {memory.name}"
        if operand not in above:
            raise entry.error(f"{found}, its outermost memory", "memories with another one further out")
        if in_memory and memory.name == CELLS:
            raise entry.error(f"{found}, whose cells are the array", "memories outside the array")


def _require_every_operand(entry: Entry, memories: tuple[Memory, ...]) -> None:
    for operand in MEMORY_OPERANDS:
        if not any(operand in m.operands for m in memories):
            raise entry.error(
                f"no memory holds operand {operand}",
                "I1, I2 and O in at least one memory each",
                f"Add {operand} to the operands of a memory, usually the last one, and give it ports.",
            )


def _read_memory(
    name: str, entry: Entry, array: OperationalArray, provider: Provider, cells: CellCosts | None
) -> Memory:
    fields = declared.MEMORY.fields(entry)
    operands = fields.value(declared.OPERANDS)
    if not operands:
        raise fields["operands"].error(
            "the memory holds no operand", "one or more of I1, I2, O", "Or remove the memory."
        )
    bare = Memory(
        name=name,
        size_bits=fields.value(declared.SIZE),
        read_cost_pj=0.0,
        write_cost_pj=0.0,
        area_mm2=0.0,
        latency_cycles=fields.value(declared.LATENCY),
        operands=operands,
        ports=read_ports(fields["ports"], operands),
        served_dimensions=fields.among(declared.SERVED, tuple(array.sizes)),
        force_double_buffering=fields.value(declared.DOUBLE_BUFFERING),
        kind=fields.value(declared.MEMORY_KIND),
        auto_cost_extraction=fields.value(declared.ASK_FOR_COSTS),
        bypass=fields.among(declared.BYPASS, operands),
        estimated=read_estimated(fields),
    )
    static_mw = fields.value(declared.MEMORY_STATIC_POWER)
    if not bare.auto_cost_extraction:
        read, write, area = map(fields.value, (declared.READ_COST, declared.WRITE_COST, declared.MEMORY_AREA))
    elif cells and name == CELLS:  # reading a weight is part of the operation; the array counts the cells' area
        read, write, area = 0.0, cells.write_pj, 0.0
    else:
        found = _asked_costs(entry, fields, bare, provider)
        read, write, area = found.read_pj, found.write_pj, found.area_mm2
    return replace(bare, read_cost_pj=read, write_cost_pj=write, area_mm2=area, static_mw=static_mw)


def _asked_costs(entry: Entry, fields: Fields, memory: Memory, provider: Provider) -> MemoryCosts:
    try:
        request = request_for(memory.kind, memory.size_bits, memory.ports)
    except InputError as error:
        raise fields.get(error.where, entry).in_place_of(error) from error
    try:
        return provider().costs(request)
    except InputError as error:
        found = f"{error.where}: {error.found}"
        raise fields["auto_cost_extraction"].error(found, error.expected, error.hint) from error


def _read_dataflows(entry: Entry | None) -> dict[str, tuple[str, ...]]:
    loop = declared.DATAFLOW_LOOP
    dataflows = entry.items() if entry else {}
    return {dim: tuple(loop.read(e, loop.words) for e in loops.elements()) for dim, loops in dataflows.items()}


_MEANING = {
    Direction.TO_LOW: "read towards the array",
    Direction.FROM_LOW: "written from below",
    Direction.TO_HIGH: "read towards the memory above",
    Direction.FROM_HIGH: "written from the memory above",
}


def read_ports(entry: Entry, operands: Collection[str]) -> tuple[Port, ...]:
    """Read the ports of a memory.

    Where several ports claim a transfer, the last one in the file has it. A port that is left with no transfer is
    dropped. Each port lists its transfers by operand, in the memory's order of operands, and within an operand in the
    order in which the file first names the direction; the cost model adds them up in that order.

    ``operands`` are those that the memory holds, in the order of the file.
    """
    ports: dict[str, Port] = {}
    taken: dict[str, dict[Direction, str]] = {op: {} for op in operands}
    for element in entry.elements("a list of ports"):
        fields = declared.PORT.fields(element)
        port = _read_port(fields)
        if port.name in ports:
            raise fields["name"].error(
                f"two ports are called {port.name}", "a name of its own each", "Count: r_port_2."
            )
        ports[port.name] = port
        for allocation in fields["allocation"].elements("a list of transfers such as 'I1, tl'"):
            operand, direction = _read_transfer(allocation, port.kind, operands)
            taken[operand][direction] = port.name
    served = [(name, (op, direction)) for op in operands for direction, name in taken[op].items()]
    complete = (
        replace(port, serves=tuple(transfer for name, transfer in served if name == port.name))
        for port in ports.values()
    )
    return tuple(port for port in complete if port.serves)


def _read_port(fields: Fields) -> Port:
    name, kind = fields.value(declared.PORT_NAMED), fields.value(declared.PORT_KIND)
    low, high = fields.value(declared.BANDWIDTH_MIN), fields.value(declared.BANDWIDTH_MAX)
    if low > high:
        raise fields["bandwidth_min"].error(
            f"bandwidth_min {low} is larger than bandwidth_max {high}", f"at most {high}", "Swap or correct the two."
        )
    return Port(name, kind, low, high, ())


def _read_transfer(entry: Entry, kind: str, operands: Collection[str]) -> tuple[str, Direction]:
    """An allocation such as ``I1, fh``: a memory operand and the direction it moves in, seen from the memory."""
    transfer = declared.TRANSFER
    match = re.fullmatch(str(transfer.pattern), entry.text(transfer.words, hint=transfer.hint))
    if not match:
        hint = "Operands are I1, I2, O; directions are tl, fl (below), th, fh (above)."
        raise entry.error(f"found '{entry.value}'", transfer.words, hint)
    operand, direction = match[1], Direction.from_short(match[2])
    if operand not in operands:
        raise entry.error(
            f"operand {operand} is not held by this memory", f"one of {', '.join(operands)}",
            f"Add {operand} to 'operands', or remove '{entry.value}'.",
        )  # fmt: skip
    if kind == ("write" if direction.is_read else "read"):
        raise entry.error(
            f"'{entry.value}' is a {'read' if direction.is_read else 'write'} through a {kind} port",
            f"a direction that fits: {'fl, fh' if kind == 'write' else 'tl, th'}",
            "Move it to another port, or make this one read_write.",
        )
    return operand, direction


def require_directions(entry: Entry, memory: Memory, above: Collection[str]) -> None:
    """Check that every transfer the cost model may charge for has a port.

    ``above`` are the operands that a memory further out holds too.
    """
    for operand in memory.operands:
        for direction in directions_of(operand, is_outermost=operand not in above):
            if memory.port_of(operand, direction) is None:
                line = f"- {operand}, {direction.short}"
                raise entry.error(
                    f"no port of {memory.name} serves '{operand}, {direction.short}' ({_MEANING[direction]})",
                    f"a port for every direction in which {operand} moves",
                    f"Add the line '{line}' to the allocation of a {'read' if direction.is_read else 'write'} port.",
                )
