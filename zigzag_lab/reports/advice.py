"""What a designer could change of the array and of memories that are not filled; statements of an explanation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import ceil

from zigzag_lab.hardware import Accelerator
from zigzag_lab.plots.bars import memory_fills
from zigzag_lab.reports.places import Places
from zigzag_lab.reports.what_if import Network, accelerators, change, with_size
from zigzag_lab.vocab.quantities import share, size, sums

SPARE = 0.5
"""A memory that no layer fills further than this is worth a word."""


@dataclass(frozen=True)
class Statement:
    """One line of an explanation: its topic in a word or two, the sentence, and the numbers in it, in full."""

    topic: str
    text: str
    figures: Mapping[str, object]


def array_claim(network: Network, places: Places) -> Statement:
    """How much of the array the mappings fill, and along which dimension least."""
    ideal = network.total(lambda cme: cme.breakdown.ideal_cycles)
    taken = network.total(lambda cme: cme.breakdown.temporal_cycles)
    whole = network.latency_cycles
    array = network.layers[0].accelerator.array
    text = f"{share(ideal, taken)} of the array's {array.n_units:,} units are busy while it computes"
    figures: dict[str, object] = {"utilisation": ideal / taken, "cycles_lost": taken - ideal}
    if taken > ideal:
        fills = {dim: _used(network, dim) / n / taken for dim, n in array.sizes.items()}
        worst = min(fills, key=lambda dim: fills[dim])
        n_units = array.sizes[worst]
        most = max(cme.problem.spatial_mapping.utilisation_of(worst) for cme in network.layers)
        if fills[worst] < 1:
            text += f"; {worst} is filled least, {fills[worst]:.1%} of {n_units} on average over cycles, {most} at most"
        else:
            text += "; all have a place in the mapping, whose last passes are not full"
        text += f"; mappings that fill the array save {share(taken - ideal, whole)} of the latency at best"
        figures |= {"dimension": worst, "fill": fills[worst], "most_units": most}
        if line := _fixed_in(network, worst, places):
            text += f"; line {line} of the mapping file fixes {worst}: without it, unrollings over it are searched"
            figures["mapping_line"] = line
    return Statement("array", f"{text}.", figures)


def _fixed_in(network: Network, dim: str, places: Places) -> int | None:
    """The line of the mapping file that fixes a dimension where most cycles go to; None where none does."""
    spent = sums(
        (cme.problem.constraints.name, n * cme.breakdown.temporal_cycles)
        for cme, n in zip(network.layers, network.counts, strict=True)
        if dim in cme.problem.constraints.spatial_mapping
    )
    return places.unrolling(max(spent, key=lambda entry: spent[entry]), dim) if spent else None


def _used(network: Network, dim: str) -> float:
    """Units along a dimension that are in use, summed over the cycles of computation."""
    return network.total(lambda cme: cme.breakdown.temporal_cycles * cme.problem.spatial_mapping.utilisation_of(dim))


def fill_claim(network: Network, places: Places) -> Statement | None:
    """The memory with most room to spare, and what the same mappings would cost without that room."""
    fills = _most_filled(network)
    if not fills:
        return None
    designs = {m.name: a for a in reversed(accelerators(network)) for m in a.memories}
    tiles = {name: _whole_bytes(fill, designs[name].memory_named(name).size_bits) for name, fill in fills.items()}
    spare = [name for name, fill in fills.items() if fill <= SPARE and tiles[name] < _size(designs, name)]
    if not spare:
        fullest = max(fills, key=lambda n: fills[n])
        text = f"no memory has half its room to spare; {fullest} is fullest ({fills[fullest]:.1%})."
        return Statement("memories", text, {"fills": fills})
    name = min(spare, key=lambda n: fills[n])
    fill, bits, whole = fills[name], tiles[name], _size(designs, name)
    smaller = network.changed(partial(with_size, memory_name=name, bits=bits))
    before, after = network.latency_cycles, smaller.latency_cycles
    cost = "at the same latency" if after == before else f"at a latency of {change(before, after)}"
    one = places.size(designs[name], name, bits)
    sizes = f"{size(bits)} instead of {size(whole)} ({one.words})"
    text = f"no layer fills {name} beyond {fill:.1%}: {sizes} hold the same tiles, {cost}."
    figures = {"fills": fills, "memory": name, "size_bits": bits, "latency_cycles": after, "change": one.as_dict()}
    return Statement("memories", text, figures)


def _size(designs: Mapping[str, Accelerator], name: str) -> int:
    return designs[name].memory_named(name).size_bits


def _whole_bytes(fill: float, size_bits: int) -> int:
    """A share of a memory in bits: the next whole number of bytes, as memories have; of bits where this one has none.

    Shares are floats: a third of 24 bits may be 8.000000000000002.
    """
    unit = 1 if size_bits % 8 else 8
    return max(1, ceil(round(fill * size_bits / unit, 6))) * unit


def _most_filled(network: Network) -> dict[str, float]:
    """Memory -> the share of it that the layer filling it most takes, forced second buffers included.

    The outermost memories are left out.
    """
    fills: dict[str, float] = {}
    for cme in network.layers:
        tops = {cme.accelerator.memories[levels[-1]].name for levels in cme.problem.memories.values()}
        for name, fill in memory_fills(cme, with_second_buffers=True).items():
            if name not in tops:
                fills[name] = max(fills.get(name, 0.0), fill)
    return {name: fill for name, fill in fills.items() if fill > 0}
