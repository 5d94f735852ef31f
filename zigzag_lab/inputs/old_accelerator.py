"""Accelerators of ZigZag before 3.8.2, and cores of Stream, rewritten in the notation of today.

Before 3.8.2 a memory had one width for reads, one for writes, and a smallest access of each; its ports were counted,
and a list named the port of each operand and direction. Since then each port has widths and transfers of its own.
What a read of ``r_bw`` bits, or a write of ``w_bw`` bits, costs has stayed the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from zigzag_lab.hardware.imc import CELLS
from zigzag_lab.inputs.checked import Entry, shown
from zigzag_lab.inputs.transfers import directions_of
from zigzag_lab.inputs.yaml_file import OLD_PORT_KEYS
from zigzag_lab.vocab import MEMORY_OPERANDS, Direction

OF_A_CORE = {
    "utilization": "of the core in Stream, in percent",
    "type": "the kind of core in Stream",
    "operator_types": "which layers Stream may place there",
    "kernel": "of Stream's code generation",
    "kernel_library": "of Stream's code generation",
    "max_object_fifo_depth": "of Stream's code generation",
}
"""Keys of Stream's cores that mean nothing to a single accelerator -> what they are."""

OF_ARRAY = {"multiplier_energy": "unit_energy", "multiplier_area": "unit_area"}
"""Names of keys up to ZigZag 3.7 -> their names of today."""

KINDS = {"r_port": "read", "w_port": "write", "rw_port": "read_write"}
"""Count of ports before ZigZag 3.8.2 -> type of each, in the order in which ZigZag made them."""

OF_MEMORY = ("r_bw", "w_bw", *KINDS, "min_r_granularity", "min_w_granularity")
_PORT_NAME = r"(r|w|rw)_port_[1-9]\d{0,5}"
_IN_MEMORY_KEYS = ("is_imc", "imc_type")


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A file in the notation of today, as plain data.

    Attributes:
        content: the data.
        assumed: sentences about what the file left open, or cannot be stated today, and how it was taken.
        left_out: sentences about what has no counterpart.
    """

    content: object
    assumed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def rewritten_accelerator(top: Entry) -> Rewritten:
    """Rewrite an accelerator.

    Args:
        top: all of the file.

    Returns:
        The accelerator in the notation of today. It is not checked beyond what was rewritten.

    Raises:
        InputError: something contradicts itself, or cannot be stated today without a guess.
    """
    entries = top.items()
    for key in ("memories", "operational_array"):
        if key not in entries and not (key == "operational_array" and "multipliers" in entries):
            hint = "A core of Stream without an array only holds or moves data: leave it out."
            raise top.error(f"key '{key}' is missing", "an accelerator with memories and an array", hint)
    if "multipliers" in entries and "operational_array" in entries:
        raise entries["multipliers"].error("both multipliers and operational_array are given", "one of them")
    memories = entries["memories"].items()
    rewritten = {name: rewritten_memory(memory, held_above(memories, name)) for name, memory in memories.items()}
    array = rewritten_array(entries.get("multipliers") or entries["operational_array"])
    content = {
        "operational_array" if key == "multipliers" else key: value
        for key, value in ((key, entry.value) for key, entry in entries.items() if key not in OF_A_CORE)
    }
    content["memories"] = {name: memory.content for name, memory in rewritten.items()}
    content["operational_array"] = array.content
    parts = (*rewritten.values(), array)
    of_a_core = tuple(f"{key}: {shown(entries[key].value)}, {why}" for key, why in OF_A_CORE.items() if key in entries)
    return Rewritten(
        content,
        assumed=tuple(note for part in parts for note in part.assumed),
        left_out=tuple(note for part in parts for note in part.left_out) + of_a_core,
    )


def held_above(memories: Mapping[str, Entry], name: str) -> set[object]:
    """Return the operands that memories further out than ``name`` hold; memories stand innermost first."""
    names = list(memories)
    outer = (memories[other].value for other in names[names.index(name) + 1 :])
    lists = (memory.get("operands") for memory in outer if isinstance(memory, Mapping))
    return {operand for held in lists if isinstance(held, list) for operand in held if isinstance(operand, str)}


def rewritten_array(entry: Entry) -> Rewritten:
    """Rewrite an array: names of keys, and without the precision of plain multipliers, which nothing is priced by.

    Raises:
        InputError: a key stands under its old and its new name, or the array has no units.
    """
    fields = entry.items()
    for old, new in OF_ARRAY.items():
        if old in fields and new in fields:
            raise fields[old].error(f"both {old} and {new} are given", "one of them", f"Remove {old}.")
    sizes = fields["sizes"].value if "sizes" in fields else None
    if isinstance(sizes, list) and 0 in sizes:
        hint = "Such a core of Stream stands for a memory off the chip: make it the last memory of the other cores."
        raise fields["sizes"].error("the array has no units", "an array that computes", hint)
    is_plain = not any(fields[key].value for key in _IN_MEMORY_KEYS if key in fields)
    dropped = ["input_precision"] if is_plain and "input_precision" in fields else []
    content = {OF_ARRAY.get(key, key): field.value for key, field in fields.items() if key not in dropped}
    notes = tuple(
        f"input_precision: {shown(fields[key].value)}, which no energy depended on: the workload gives the bits"
        for key in dropped
    )
    return Rewritten(content, left_out=notes)


def rewritten_memory(entry: Entry, above: Collection[object]) -> Rewritten:
    """Rewrite a memory: its widths, counts of ports and their list become ports of today.

    ``above`` are the operands that a memory further out holds too.

    Raises:
        InputError: the list contradicts the counts or the operands, or a port has two widths.
    """
    fields = entry.items()
    old = [key for key in OF_MEMORY if key in fields]
    if not old:
        return Rewritten(entry.value)
    kept = {key: field.value for key, field in fields.items() if key not in old}
    if _are_of_today(fields.get("ports")):
        return Rewritten(kept, left_out=(f"memory {entry.path[-1]}: {', '.join(old)}, as its ports have widths",))
    ports, assumed, left_out = _ports(entry, fields, above)
    where = f"memory {entry.path[-1]}: "
    kinds = [port["type"] for port in ports]
    if kept.get("auto_cost_extraction") is True and entry.path[-1] != CELLS and kinds != ["read", "write"]:
        text = "its costs are those of a read and a write port, which CACTI is asked for; ZigZag asked for these ports"
        assumed = (*assumed, text)
    content = {key: ports if key == "ports" else value for key, value in kept.items()}
    return Rewritten(content, tuple(where + note for note in assumed), tuple(where + note for note in left_out))


def _are_of_today(entry: Entry | None) -> bool:
    rows = entry.value if entry else None
    return isinstance(rows, list) and bool(rows) and all(isinstance(row, Mapping) and "name" in row for row in rows)


Transfers = dict[str, list[tuple[str, str]]]


def _ports(
    entry: Entry, fields: Mapping[str, Entry], above: Collection[object]
) -> tuple[list[dict[str, object]], tuple[str, ...], tuple[str, ...]]:
    """The ports of a memory; what was assumed about their widths; which of them were left out."""
    rows = _rows(entry, fields)
    transfers = _transfers(rows)
    _require_directions(fields["ports"], rows, above)
    ports, assumed, left_out = [], [], []
    for count, kind in KINDS.items():
        names = sorted((name for name in transfers if name.startswith(f"{count}_")), key=_number)
        given = fields.get(count)
        n_ports = given.integer("a number of ports", 0) if given and given.value is not None else len(names)
        if given and names and _number(names[-1]) > n_ports:
            found = f"{count} is {n_ports}, but the list of ports has {names[-1]}"
            raise given.error(found, "as many ports as the list has", f"Write {count}: {_number(names[-1])}.")
        if n_ports > len(names):
            left_out.append(f"{n_ports - len(names)} of {n_ports} {count}, which nothing moves through")
        for name in names:
            low, high, note = _widths(name, kind, transfers[name], fields, entry, above)
            assumed += [note] if note else []
            allocation = [f"{operand}, {direction}" for operand, direction in transfers[name]]
            widths = {"bandwidth_min": low, "bandwidth_max": high}
            ports.append({"name": name, "type": kind, **widths, "allocation": allocation})
    return ports, tuple(assumed), tuple(left_out)


def _number(name: str) -> int:
    return int(name.rpartition("_")[2])


def _rows(entry: Entry, fields: Mapping[str, Entry]) -> dict[str, dict[str, Entry]]:
    """Operand -> direction -> port: the list has a row for each operand of the memory, in their order."""
    for key in ("operands", "ports"):
        if key not in fields:
            raise entry.missing(key, "what it holds" if key == "operands" else "a row for each operand")
    operands = fields["operands"].choices(MEMORY_OPERANDS, "memory operands")
    rows = fields["ports"].elements("a list with one row of ports for each operand")
    if len(rows) != len(operands):
        found = f"{len(rows)} rows of ports for {len(operands)} operands"
        raise fields["ports"].error(found, f"one row for each of {', '.join(operands)}, in this order")
    return {operand: row.items() for operand, row in zip(operands, rows, strict=True)}


def _transfers(rows: Mapping[str, Mapping[str, Entry]]) -> Transfers:
    """Name of a port -> operands and directions that use it."""
    found_transfers: Transfers = {}
    for operand, row in rows.items():
        for direction, port in row.items():
            if direction not in OLD_PORT_KEYS:
                raise port.error(f"found '{direction}'", f"directions: {', '.join(sorted(OLD_PORT_KEYS))}")
            name = port.text("a port such as rw_port_1", _PORT_NAME)
            found_transfers.setdefault(name, []).append((operand, direction))
    return found_transfers


def _require_directions(ports: Entry, rows: Mapping[str, Collection[str]], above: Collection[object]) -> None:
    """Check that all that moves has a port. ZigZag before 3.8.2 priced what had none, but counted no cycles for it."""
    for operand, row in rows.items():
        for direction in directions_of(operand, is_outermost=operand not in above):
            if direction.short not in row:
                raise ports.error(
                    f"no port for '{operand}, {direction.short}': its energy was counted, but no cycles",
                    f"a port for every direction in which {operand} moves",
                    f"Add '{direction.short}: ...' to the row of {operand}, with the port that it moves through.",
                )


def _widths(
    name: str,
    kind: str,
    transfers: Collection[tuple[str, str]],
    fields: Mapping[str, Entry],
    entry: Entry,
    above: Collection[object],
) -> tuple[int, int, str]:
    """The narrowest and widest access of a port in bits, and a sentence where a reader has to know how they came.

    ZigZag gave a port for reads and writes the widths of reads, and priced writes through it by those of writes.
    """
    if kind != "read_write":
        return (*_accesses(fields, entry, "r" if kind == "read" else "w"), "")
    moving = [Direction.from_short(d) for op, d in transfers if _moves(op, d, above)]
    read, write = _accesses(fields, entry, "r"), _accesses(fields, entry, "w")
    if read == write or all(direction.is_read for direction in moving):
        return (*read, "")
    if not any(direction.is_read for direction in moving):
        note = f"{name} has the widths of writes, as nothing is read through it; ZigZag on-loaded by those of reads"
        return (*write, note if read[1] != write[1] else "")
    if read[1] != write[1]:
        raise fields["w_bw"].error(
            f"w_bw is {write[1]} and r_bw is {read[1]}, but {name} takes reads and writes",
            "one width for a port that takes both",
            "Make them equal, with costs to match, or give reads and writes ports of their own.",
        )
    note = (
        f"{name} has the smallest access of reads, {read[0]} bits; of writes it was {write[0]} bits, so that writes "
        f"that are no multiple of {max(read[0], write[0])} bits cost {'less' if read[0] < write[0] else 'more'} here"
    )
    return (*read, note)


def _moves(operand: str, direction: str, above: Collection[object]) -> bool:
    return Direction.from_short(direction) in directions_of(operand, is_outermost=operand not in above)


def _accesses(fields: Mapping[str, Entry], entry: Entry, letter: str) -> tuple[int, int]:
    """The narrowest and widest access of reads (``r``) or writes (``w``) in bits."""
    width, least = f"{letter}_bw", f"min_{letter}_granularity"
    if width not in fields:
        raise entry.missing(width, "bits a cycle")
    high = fields[width].integer("bits a cycle", 1)
    given = fields.get(least)
    if given is None or given.value is None:
        return high, high
    low = given.integer("bits of the smallest access", 1)
    if low > high:
        raise given.error(f"{least} is {low}, more than {width}, {high}", f"at most {high}")
    return low, high
