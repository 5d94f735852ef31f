"""Accelerators whose ports barely keep up with a mapping, so that loading hides behind the computation only in part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

from tests.oracle.bridge import Levels, Spatial, reference_price
from zigzag_lab.hardware import Accelerator, Memory, Port
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.vocab import OUTPUT, Direction
from zigzag_lab.workload import Layer

PARTIAL_SUMS_ONLY = ((OUTPUT, Direction.TO_LOW), (OUTPUT, Direction.FROM_HIGH))
"""Transfers that take no part in loading before and after the computation."""


def tightened(
    rng: Random,
    layer: Layer,
    accelerator: Accelerator,
    constraints: MappingConstraints,
    spatial: Spatial,
    levels: Levels,
) -> Accelerator:
    """The accelerator with ports just wider than the mapping needs on average.

    That concerns ports with transfers that happen once and others that happen again and again: what the latter leave
    free, a fraction of the bandwidth, loads the former while the array computes. Bandwidths decide no allocation, so
    a mapping that fitted still fits.
    """
    price = reference_price(layer, accelerator, constraints, spatial, levels)
    if "error" in price:
        return accelerator
    memory_operands = constraints.operand_links

    def narrowed(index: int, memory: Memory, port: Port) -> Port:
        moves = [
            (count, bits)
            for op, way in port.serves
            if (op, way) not in PARTIAL_SUMS_ONLY
            for layer_op in memory_operands
            if memory_operands[layer_op] == op
            for count, bits in _traffic(price, layer_op, accelerator.level_of(op, index), way)
        ]
        needed = sum(bits for count, bits in moves if count > 1)
        if not needed or all(count > 1 for count, _ in moves):
            return port
        width = needed + rng.choice((1, 2, needed // 8 + 1, needed))
        return replace(port, bandwidth_min_bits=min(port.bandwidth_min_bits, width), bandwidth_max_bits=width)

    memories = tuple(
        replace(memory, ports=tuple(narrowed(i, memory, port) for port in memory.ports))
        for i, memory in enumerate(accelerator.memories)
    )
    return replace(accelerator, memories=memories)


def _traffic(price: dict[str, Any], operand: str, level: int, way: Direction) -> Iterator[tuple[int, int]]:
    """How often a transfer happens, and the bits a cycle it takes on average; nothing where it never happens."""
    moved = price["inner"]["integer"]
    count = moved["data_trans_period_count"][operand][level][way]
    if count:
        yield count, moved["req_mem_bw_aver"][operand][level][way]
