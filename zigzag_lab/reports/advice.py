"""What a designer could change beside ports that stall: loading, an array and memories that are not filled."""

from __future__ import annotations

from functools import partial
from math import ceil
from typing import Any

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.plots.quantities import cycles, share, size
from zigzag_lab.reports.claims import Statement
from zigzag_lab.reports.what_if import (
    Network,
    PortName,
    accelerators,
    change,
    named,
    with_bandwidth,
    with_size,
)

SPARE = 0.5
"""A memory that no layer fills further than this is worth a word."""


# -- loading -----------------------------------------------------------------------------------------------------------


def loading_claim(network: Network) -> Statement:
    """What it costs to fill the memories before the start and empty them after the end, and which port shortens it."""

    def loading(of: Network) -> float:
        return of.total(lambda cme: cme.breakdown.onload_cycles + cme.breakdown.offload_cycles)

    onload = network.total(lambda cme: cme.breakdown.onload_cycles)
    now, whole = loading(network), network.latency_cycles
    text = (
        f"{cycles(onload)} before the start, {cycles(now - onload)} after the end ({share(now, whole)} of the latency)"
    )
    figures: dict[str, Any] = {"onload_cycles": onload, "offload_cycles": now - onload}
    tried: list[tuple[float, PortName, int]] = []
    for place, bits in _ports(network) if now else []:
        wider = network.changed(partial(with_bandwidth, place=place, bits_per_cycle=2 * bits))
        tried.append((loading(wider), place, 2 * bits))
    best = min(tried, key=lambda t: t[0], default=None)
    if best is not None and best[0] < now:
        left, place, bits = best
        text += f"; {named(place)} at {bits} bits a cycle, twice its width, brings them down to {cycles(left)}"
        figures |= {"memory": place[0], "port": place[1], "bits_per_cycle": bits, "loading_cycles": left}
    elif now:
        text += "; no single port of twice its width shortens them"
    return Statement("loading", f"{text}.", figures)


def _ports(network: Network) -> list[tuple[PortName, int]]:
    """All ports of the design with their widths."""
    ports = {
        (m.name, p.name): p.bandwidth_max_bits for a in accelerators(network)[:1] for m in a.memories for p in m.ports
    }
    return list(ports.items())


# -- what is not used --------------------------------------------------------------------------------------------------


def array_claim(network: Network) -> Statement:
    """How much of the array the mappings fill, and along which dimension least."""
    ideal = network.total(lambda cme: cme.breakdown.ideal_cycles)
    taken = network.total(lambda cme: cme.breakdown.temporal_cycles)
    whole = network.latency_cycles
    text = f"{share(ideal, taken)} of the array's {_units(network)} units are busy while it computes"
    figures: dict[str, Any] = {"utilisation": ideal / taken, "cycles_lost": taken - ideal}
    if taken > ideal:
        fills = {dim: _fill(network, dim, taken) for dim in _dimensions(network)}
        worst = min(fills, key=lambda dim: fills[dim])
        n_units = _dimensions(network)[worst]
        most = max(cme.problem.spatial_mapping.utilisation_of(worst) for cme in network.layers)
        text += (
            f"; {worst} is filled least, {fills[worst]:.1%} of {n_units} on average over cycles, {most} at most"
            f"; mappings that fill the array save {share(taken - ideal, whole)} of the latency at best"
        )
        figures |= {"dimension": worst, "fill": fills[worst], "most_units": most}
    return Statement("array", f"{text}.", figures)


def _units(network: Network) -> str:
    return f"{network.layers[0].accelerator.array.n_units:,}"


def _dimensions(network: Network) -> dict[str, int]:
    return dict(network.layers[0].accelerator.array.sizes)


def _fill(network: Network, dim: str, all_cycles: float) -> float:
    """Share of the units along a dimension that are in use, on average over the cycles of computation."""
    n_units = _dimensions(network)[dim]
    used = network.total(lambda cme: cme.breakdown.temporal_cycles * cme.problem.spatial_mapping.utilisation_of(dim))
    return used / n_units / all_cycles


def fill_claim(network: Network) -> Statement | None:
    """The memory with most room to spare, and what the same mappings would cost without that room."""
    fills = _most_filled(network)
    if not fills:
        return None
    name, fill = min(fills.items(), key=lambda item: item[1])
    if fill > SPARE:
        fullest = max(fills, key=lambda n: fills[n])
        text = f"no memory has half its room to spare; {fullest} is fullest ({fills[fullest]:.1%})."
        return Statement("memories", text, {"fills": fills})
    memory = next(m for a in accelerators(network) for m in a.memories if m.name == name)
    bits = max(1, ceil(fill * memory.size_bits))
    smaller = network.changed(partial(with_size, memory_name=name, bits=bits))
    before, after = network.latency_cycles, smaller.latency_cycles
    cost = "at the same latency" if after == before else f"at a latency of {change(before, after)}"
    sizes = f"{size(bits)} instead of {size(memory.size_bits)}"
    text = f"no layer fills {name} beyond {fill:.1%}: {sizes} hold the same tiles, {cost}."
    return Statement("memories", text, {"fills": fills, "memory": name, "size_bits": bits, "latency_cycles": after})


def _most_filled(network: Network) -> dict[str, float]:
    """Memory -> the share of it that the layer filling it most takes, forced second buffers included.

    The outermost memories are left out.
    """
    fills: dict[str, float] = {}
    for cme in network.layers:
        tops = {cme.accelerator.memories[levels[-1]].name for levels in cme.problem.memories.values()}
        for name, fill in _fills(cme).items():
            if name not in tops:
                fills[name] = max(fills.get(name, 0.0), fill)
    return {name: fill for name, fill in fills.items() if fill > 0}


def _fills(cme: CostModelEvaluation) -> dict[str, float]:
    """Memory -> the share of it that all operands fill together."""
    fills: dict[str, float] = {}
    for operand, shares in cme.breakdown.shared_utilisation.items():
        for index, filled in zip(cme.problem.memories[operand], shares, strict=True):
            memory = cme.accelerator.memories[index]
            held = filled * (2 if memory.force_double_buffering else 1)
            fills[memory.name] = max(fills.get(memory.name, 0.0), held)
    return fills
