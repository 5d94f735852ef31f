"""The ports of a memory, and which transfer passes through which."""

from __future__ import annotations

import re
from collections.abc import Collection

from zigzag_lab.hardware import Memory, Port
from zigzag_lab.inputs.checked import Entry
from zigzag_lab.vocab import INPUT_MEMORY_OPERANDS, MEMORY_OPERANDS, OUTPUT, Direction

KINDS = ("read", "write", "read_write")
PORT_NAME = r"r?w?_port_\d+"
_ALLOCATION = re.compile(r"\s*(\w+)\s*,\s*(\w+)\s*")
_PORT = {
    "name": "a name such as rw_port_1",
    "type": "read, write or read_write",
    "bandwidth_min": "bits of the smallest access",
    "bandwidth_max": "bits a cycle at most",
    "allocation": "a list of transfers such as 'I1, tl'",
}
_MEANING = {
    Direction.TO_LOW: "read towards the array",
    Direction.FROM_LOW: "written from below",
    Direction.TO_HIGH: "read towards the memory above",
    Direction.FROM_HIGH: "written from the memory above",
}
_ALWAYS = {OUTPUT: (Direction.FROM_LOW, Direction.TO_LOW), **dict.fromkeys(INPUT_MEMORY_OPERANDS, (Direction.TO_LOW,))}
_BELOW_THE_TOP = {
    OUTPUT: (Direction.TO_HIGH, Direction.FROM_HIGH),
    **dict.fromkeys(INPUT_MEMORY_OPERANDS, (Direction.FROM_HIGH,)),
}


def read_ports(entry: Entry, operands: Collection[str]) -> tuple[Port, ...]:
    """Read the ports of a memory.

    Where several ports claim a transfer, the last one in the file has it. A port that is left with no transfer is
    dropped. Each port lists its transfers by operand, in the memory's order of operands, and within an operand in the
    order in which the file first names the direction; the cost model adds them up in that order.

    Args:
        entry: the list under ``ports``.
        operands: the operands the memory holds, in the order of the file.
    """
    ports: dict[str, Port] = {}
    taken: dict[str, dict[Direction, str]] = {op: {} for op in operands}
    for element in entry.elements("a list of ports"):
        fields = element.table(_PORT, {})
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
    complete = [
        _serving(port, tuple(transfer for name, transfer in served if name == port.name)) for port in ports.values()
    ]
    return tuple(port for port in complete if port.serves)


def _serving(port: Port, serves: tuple[tuple[str, Direction], ...]) -> Port:
    return Port(port.name, port.kind, port.bandwidth_min_bits, port.bandwidth_max_bits, serves)


def _read_port(fields: dict[str, Entry]) -> Port:
    name = fields["name"].text(
        "a name such as r_port_1, w_port_1 or rw_port_1",
        PORT_NAME,
        "Port names are r, w or rw, then _port_ and a number.",
    )
    kind = fields["type"].choice(KINDS, "what passes through the port")
    low = fields["bandwidth_min"].integer("bits of the smallest access", 1)
    high = fields["bandwidth_max"].integer("bits a cycle at most", 1)
    if low > high:
        raise fields["bandwidth_min"].error(
            f"bandwidth_min {low} is larger than bandwidth_max {high}", f"at most {high}", "Swap or correct the two."
        )
    return Port(name, kind, low, high, ())


def _read_transfer(entry: Entry, kind: str, operands: Collection[str]) -> tuple[str, Direction]:
    """An allocation such as ``I1, fh``: a memory operand and the direction it moves in, seen from the memory."""
    expected = "a memory operand and a direction, such as 'I1, tl'"
    match = _ALLOCATION.fullmatch(entry.text(expected, hint="Directions are tl, fl, th, fh."))
    short = [d.short for d in Direction]
    if not match or match[1] not in MEMORY_OPERANDS or match[2] not in short:
        raise entry.error(
            f"found '{entry.value}'", expected, "Operands are I1, I2, O; directions are tl, fl (below), th, fh (above)."
        )
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

    Inputs are read towards the array everywhere, and written from above below their outermost memory. Outputs are
    written from below and read back (partial sums) everywhere; below their outermost memory they also move up, and
    partial sums come back from there.

    Args:
        entry: the memory in its document, for the message.
        memory: the memory with its ports.
        above: the operands that a memory further out holds too.
    """
    for operand in memory.operands:
        needed = _ALWAYS[operand] + (_BELOW_THE_TOP[operand] if operand in above else ())
        for direction in needed:
            if memory.port_of(operand, direction) is None:
                line = f"- {operand}, {direction.short}"
                raise entry.error(
                    f"no port of {memory.name} serves '{operand}, {direction.short}' ({_MEANING[direction]})",
                    f"a port for every direction in which {operand} moves",
                    f"Add the line '{line}' to the allocation of a {'read' if direction.is_read else 'write'} port.",
                )
