"""Checks of accelerators: ports wider than what moves through them, areas not given, costs that are estimates."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from zigzag_lab.findings.design import InputSet, Use
from zigzag_lab.findings.finding import Places, Severity, check
from zigzag_lab.hardware import Accelerator, Memory, Port, area_of
from zigzag_lab.hardware.imc import CELLS
from zigzag_lab.mapping.spatial import SpatialMapping
from zigzag_lab.vocab import FINAL_OUTPUT, OUTPUT
from zigzag_lab.vocab.names import LOW

USUAL_MARGIN = 2
"""How many times as wide as a word a register may be without a warning: it has room for wider words."""


@check(
    "wide-port", "the smallest access of a port is far wider than what it can move", "accelerator", about="accelerator"
)
def wide_ports(design: InputSet) -> Places:
    """Yield ports whose smallest access is more than twice as wide as all that a transfer can move at once.

    That is at most what the memory, or the units, at the other end hold. Energy counts whole accesses
    (:mod:`zigzag_lab.cost.traffic`), so that each costs more than the words it moves.
    """
    machine = design.accelerator
    for index, memory in enumerate(machine.memories if machine else ()):
        if machine is None or (machine.array.imc and memory.name == CELLS):
            continue  # reading a weight is part of the operation
        for port in memory.ports:
            most = {
                f"{operand}, {direction.short}": _most_bits(design, machine, index, operand, is_low=direction in LOW)
                for operand, direction in port.serves
            }
            narrow = {
                name: bits for name, bits in most.items() if bits and USUAL_MARGIN * bits < port.bandwidth_min_bits
            }
            if narrow:
                yield _wide(machine.name, memory, port, narrow)


def _wide(name: str, memory: Memory, port: Port, narrow: dict[str, int]) -> tuple[str, str, str, str]:
    least = f"an access moves {port.bandwidth_min_bits} bits or more (bandwidth_min)"
    most = ", ".join(f"{bits} of '{transfer}'" for transfer, bits in narrow.items())
    widest = max(narrow.values())
    return (
        f"accelerator {name}: memories.{memory.name}.ports ({port.name})",
        f"{least}, and there are at most {most} to move",
        f"each access costs {port.bandwidth_min_bits / widest:.3g} times the words that it moves",
        f"Lower bandwidth_min to {widest}: an access costs its share of r_cost or w_cost.",
    )


def _most_bits(design: InputSet, machine: Accelerator, index: int, operand: str, *, is_low: bool) -> int | None:
    """The most bits of an operand that move at once between a memory and what is below, or above, it.

    None where that depends on a network, and none is known.
    """
    memory, level = machine.memories[index], machine.level_of(operand, index)
    if not is_low:
        return memory.size_bits
    if not level:
        return _of_the_array(design, memory, operand)
    below = machine.memories[machine.levels[operand][level - 1]]
    sizes = machine.array.sizes
    return below.size_bits * prod(sizes[dim] for dim in memory.served_dimensions if dim not in below.served_dimensions)


def _of_the_array(design: InputSet, memory: Memory, operand: str) -> int | None:
    """The most bits that the units fed by one instance take or make in a cycle; of all layers the median by operations.

    Dimensions of the array that are idle count as if they were full: that they are idle is found elsewhere.
    """
    found = sorted(_by_layer(design, memory, operand))
    n_all, n_seen = sum(n_macs for _, n_macs in found), 0
    for bits, n_macs in found:
        n_seen += n_macs
        if 2 * n_seen > n_all:
            return bits
    return None


def _by_layer(design: InputSet, memory: Memory, operand: str) -> Iterator[tuple[int, int]]:
    """(bits a cycle, operations) of each layer that has the operand."""
    for use, mapping in design.unrolled:
        of_layer = next((op for op, linked in use.entry.operand_links.items() if linked == operand), None)
        if of_layer in use.layer.operand_dims:
            each = use.layer.precision_bits[of_layer]
            if operand == OUTPUT:
                each = max(each, use.layer.precision_bits[FINAL_OUTPUT])
            if each:
                yield each * prod(_spread(use, mapping, of_layer, design.sizes, memory)), use.n_macs


def _spread(use: Use, mapping: SpatialMapping, operand: str, sizes: dict[str, int], memory: Memory) -> Iterator[int]:
    """Along each dimension that a memory feeds, how many different elements of an operand its units work on."""
    irrelevant = use.layer.relevancy.irrelevant[operand]
    for dim in memory.served_dimensions:
        if mapping.utilisation_of(dim) == 1:
            yield sizes[dim]
        else:
            yield prod(n for loop, n in mapping.unrollings.get(dim, {}).items() if loop not in irrelevant)


@check(
    "unknown-area",
    "an area is asked for, and not all areas are given",
    "accelerator",
    "wants_area",
    about="accelerator",
)
def unknown_areas(design: InputSet) -> Places:
    """Yield the parts on the chip whose area is not known."""
    machine = design.accelerator
    parts = area_of(machine).unknown if machine else ()
    if machine and parts:
        found, why = f"no area is given for {', '.join(parts)}", "that of the design is not known"
        hint = "Give their areas: 'zigzag-lab init' writes estimates for memories of many sizes."
        yield f"accelerator {machine.name}", found, why, hint


@check("estimated-costs", "costs or areas are estimates", "accelerator", about="accelerator", severity=Severity.NOTE)
def estimated_costs(design: InputSet) -> Places:
    """Yield the parts of the accelerator whose costs are estimates, by source."""
    machine = design.accelerator
    if machine is None:
        return
    sources = [("operational_array", machine.array.estimated)]
    sources += [(f"memories.{memory.name}", memory.estimated) for memory in machine.memories]
    by_source = {source: [part for part, of in sources if of == source] for _, source in sources if source}
    if by_source:
        parts = "; ".join(f"{', '.join(parts)} ({source})" for source, parts in by_source.items())
        found, why = f"costs of these are estimates: {parts}", "so are the energies and areas that follow"
        yield f"accelerator {machine.name}", found, why, "Replace them by figures of your own, and remove 'estimated'."
