"""Random accelerators: hierarchies of 2 to 5 levels an operand (rarely 1), any sharing, any ports, often too small."""

from __future__ import annotations

from math import ceil
from random import Random

from tests.strategies.random_layers import chance
from zigzag_lab.hardware import Accelerator, Memory, OperationalArray, Port
from zigzag_lab.vocab import DEFAULT_LINKS, INPUT_MEMORY_OPERANDS, MEMORY_OPERANDS, OUTPUT, Direction
from zigzag_lab.workload import Layer

N_SLOTS = 5
"""Heights at which a memory may stand; an operand has a memory at 2 to 5 of them, rarely at 1."""

BANDWIDTHS = (64, 8, 16, 32, 128, 12, 24, 100, 4, 256, 1024)
WIDENINGS = (1, 1, 8, 64, 1000)
"""Some accelerators have far wider ports than others, at least below the top, so that some never stall."""

UNSCALED_BITS = {"I1": 8192, "I2": 8192, "O": 16384}

READS = (Direction.TO_LOW, Direction.TO_HIGH)


def random_accelerator(rng: Random, layer: Layer | None = None, links: dict[str, str] | None = None) -> Accelerator:
    """An accelerator whose memories are sized by the layer's operands, from far too small to ample.

    Args:
        rng: the source of chance.
        layer: the layer to size the memories by; none for operands of some kilobytes.
        links: which memory operand holds which operand of the layer.
    """
    array = _array(rng)
    bits = operand_bits(layer, links or DEFAULT_LINKS) if layer else UNSCALED_BITS
    groups = _groups(rng)
    tops = {op: max(i for i, group in enumerate(groups) if op in group) for op in MEMORY_OPERANDS}
    memories: list[Memory] = []
    widening = rng.choice(WIDENINGS)
    keeps_up = max(1, sum(bits.values()) * array.n_units // (layer.n_macs if layer else 4096))
    for i, group in enumerate(groups):
        is_top = tuple(op for op in group if tops[op] == i)
        lower = [memory for memory in memories if set(memory.operands) & set(group)]
        memories.append(
            Memory(
                name=f"mem_{i}_{'_'.join(group)}",
                size_bits=_size(rng, sum(bits[op] for op in group), bool(is_top), lower),
                read_cost_pj=_cost(rng),
                write_cost_pj=_cost(rng),
                area_mm2=0.0,
                latency_cycles=1,
                operands=group,
                ports=_ports(rng, group, is_top, _widths(rng, widening, bool(is_top), keeps_up)),
                served_dimensions=_served(rng, array, lower, bool(is_top)),
                force_double_buffering=chance(rng, 12),
            )
        )
    return Accelerator("random", tuple(memories), array)


def operand_bits(layer: Layer, links: dict[str, str]) -> dict[str, int]:
    """Memory operand -> bits of the whole tensor it holds."""
    return {links[op]: layer.tensor_elems(op) * layer.precision_bits[op] for op in layer.operands}


def _array(rng: Random) -> OperationalArray:
    """One to four dimensions, of any size up to 12, rarely more."""
    dims = [f"D{i + 1}" for i in range(rng.choice((2, 1, 2, 3, 4)))]
    sizes = {dim: rng.choice((14, 16, 63)) if chance(rng, 8) else rng.randint(1, 12) for dim in dims}
    systolic = tuple(dim for dim in dims if chance(rng, 35))
    return OperationalArray(sizes, _cost(rng), 1.0, systolic)


def _groups(rng: Random) -> list[tuple[str, ...]]:
    """The operands each memory holds, from inner to outer; levels of an operand keep their order in any graph."""
    while True:
        heights = {op: _heights(rng) for op in MEMORY_OPERANDS}
        if chance(rng, 4):  # inputs come straight from the outermost memory: nothing is loaded beforehand
            heights |= {op: [N_SLOTS - 1] for op in INPUT_MEMORY_OPERANDS}
        groups = [
            group for slot in range(N_SLOTS) for group in _sharing(rng, [o for o in heights if slot in heights[o]])
        ]
        if _levels_in_file_order(groups):
            return groups


def _heights(rng: Random) -> list[int]:
    """The slots at which one operand has a memory; nearly always the outermost."""
    n_levels = 1 if chance(rng, 8) else rng.choice((2, 2, 3, 3, 4, 5))
    lower = sorted(rng.sample(range(N_SLOTS - 1), n_levels - 1))
    if chance(rng, 10) and n_levels < N_SLOTS:
        return sorted(rng.sample(range(N_SLOTS - 1), n_levels))
    return [*lower, N_SLOTS - 1]


def _sharing(rng: Random, operands: list[str]) -> list[tuple[str, ...]]:
    """The operands of one slot, split into memories."""
    rng.shuffle(operands)
    if len(operands) < 2 or chance(rng, 45):
        return [tuple(operands)] if operands else []
    cut = rng.randint(1, len(operands) - 1)
    if chance(rng, 30):
        return [(op,) for op in operands]
    return [tuple(operands[:cut]), tuple(operands[cut:])]


def _levels_in_file_order(groups: list[tuple[str, ...]]) -> bool:
    """Whether the graph of the memories visits each operand's levels as the file lists them (any sane file does)."""
    blank = [Memory(str(i), 1, 0, 0, 0, 1, group, (), ()) for i, group in enumerate(groups)]
    levels = Accelerator("blank", tuple(blank), OperationalArray({"D1": 1}, 0, 0)).levels
    return all(list(chain) == sorted(chain) for chain in levels.values())


def _size(rng: Random, all_bits: int, is_top: bool, lower: list[Memory]) -> int:
    """Capacity between a few bits and more than everything; exact fits and odd numbers happen."""
    all_bits = max(all_bits, 8)
    if is_top:
        if chance(rng, 5):
            return max(1, all_bits * rng.randint(1, 9) // 10)
        return ceil(all_bits * rng.choice((2, 1, 1.5, 3, 16, 1000)))
    size = ceil(all_bits * 2.0 ** -rng.choice((0, 1, 2, 3, 4, 5, 6, 8, -1)))
    if not chance(rng, 15):
        size = max(size, sum(memory.size_bits for memory in lower) * rng.choice((1, 2, 4)))
    return max(8, size + (rng.randint(-3, 17) if chance(rng, 30) else 0))


def _served(rng: Random, array: OperationalArray, below: list[Memory], is_top: bool) -> tuple[str, ...]:
    """Array dimensions that one instance feeds: mostly more than the memories below, all at the top."""
    if is_top and not chance(rng, 15):
        return tuple(array.sizes)
    known = {dim for memory in below for dim in memory.served_dimensions} if not chance(rng, 15) else set()
    return tuple(dim for dim in array.sizes if dim in known or chance(rng, 50))


def _widths(rng: Random, widening: int, is_top: bool, keeps_up: int) -> list[int]:
    """Bandwidths to choose from.

    At the top often about ``keeps_up``, at which loading everything takes about as long as computing: some of it then
    hides behind the computation, and some does not.
    """
    if is_top and chance(rng, 35):
        return [max(1, keeps_up // n + chance(rng, 30)) for n in (1, 2, 3, 5, 8, 16, 40)]
    return [width * (rng.choice((1, widening)) if is_top else widening) for width in BANDWIDTHS]


def _ports(rng: Random, group: tuple[str, ...], is_top: tuple[str, ...], widths: list[int]) -> tuple[Port, ...]:
    """Ports for every transfer that happens: one for all, one a way, an operand and way or a transfer, or a mixture."""
    shared, own = (_one_port, _port_a_way, _any_ports), (_port_a_transfer, _port_an_operand)
    shape = rng.choice((*shared, *shared, _one_port, *own) if is_top else (*shared, *own, *own))
    transfers = [(op, way) for op in group for way in _ways(rng, op, op in is_top)]
    names = shape(rng, transfers)
    ports = []
    for name in dict.fromkeys(names):
        kind = {"r": "read", "w": "write", "rw": "read_write"}[name.partition("_")[0]]
        widest = rng.choice(widths)
        narrowest = rng.choice((widest, widest, min(8, widest), max(1, widest // 2), rng.randint(1, widest)))
        serves = tuple(transfer for transfer, taken in zip(transfers, names, strict=True) if taken == name)
        ports.append(Port(name, kind, narrowest, widest, serves))
    return tuple(ports)


def _ways(rng: Random, operand: str, is_top: bool) -> list[Direction]:
    """The directions an operand moves in, in a random order; at the top, those to nowhere may lack a port."""
    low = [Direction.TO_LOW, Direction.FROM_LOW] if operand == OUTPUT else [Direction.TO_LOW]
    high = [Direction.FROM_HIGH, Direction.TO_HIGH] if operand == OUTPUT else [Direction.FROM_HIGH]
    ways = low if is_top and chance(rng, 30) else [*low, *high]
    rng.shuffle(ways)
    return ways


def _one_port(rng: Random, transfers: list[tuple[str, Direction]]) -> list[str]:
    return ["rw_port_1"] * len(transfers)


def _port_a_way(rng: Random, transfers: list[tuple[str, Direction]]) -> list[str]:
    return ["r_port_1" if way in READS else "w_port_1" for _, way in transfers]


def _port_an_operand(rng: Random, transfers: list[tuple[str, Direction]]) -> list[str]:
    number = {op: i + 1 for i, op in enumerate(dict.fromkeys(op for op, _ in transfers))}
    return [f"{'r' if way in READS else 'w'}_port_{number[op]}" for op, way in transfers]


def _port_a_transfer(rng: Random, transfers: list[tuple[str, Direction]]) -> list[str]:
    return [f"{'r' if way in READS else 'w'}_port_{i + 1}" for i, (_, way) in enumerate(transfers)]


def _any_ports(rng: Random, transfers: list[tuple[str, Direction]]) -> list[str]:
    return [f"{rng.choice(('rw', 'r' if way in READS else 'w'))}_port_{rng.randint(1, 2)}" for _, way in transfers]


def _cost(rng: Random) -> float:
    """Energy with a fractional part, from a register's to a DRAM's."""
    return rng.randint(0, 999) / rng.choice((1000, 100, 7, 1))
