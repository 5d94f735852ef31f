"""What a designer could change: ports that stall, loading, an array and memories that are not filled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import ceil

from zigzag_lab.hardware import Accelerator
from zigzag_lab.plots.bars import memory_fills
from zigzag_lab.reports.what_if import (
    Network,
    PortName,
    accelerators,
    bandwidth_of,
    bandwidth_without_stall,
    change,
    named,
    stall_of,
    with_bandwidth,
    with_size,
)
from zigzag_lab.vocab.quantities import cycles, share, size, sums

MOST_PORTS = 3
"""Ports that are widened together at most, where one alone only makes room for the next."""

SPARE = 0.5
"""A memory that no layer fills further than this is worth a word."""


@dataclass(frozen=True)
class Statement:
    """One line of an explanation: its topic in a word or two, the sentence, and the numbers in it, in full."""

    topic: str
    text: str
    figures: Mapping[str, object]


# -- ports that stall --------------------------------------------------------------------------------------------------


def stall_claims(network: Network) -> list[Statement]:
    """Which port the array waits for; and what width of it, alone or with others, ends that."""
    whole, stalls = network.latency_cycles, network.stall_cycles
    if not stalls:
        return [Statement("stalls", "none: every port keeps up with the array.", {"stall_cycles": 0.0})]
    place, own = binding_port(network)
    n_waiting = sum(n for cme, n in zip(network.layers, network.counts, strict=True) if cme.breakdown.stall_cycles > 0)
    n_layers = sum(network.counts)
    where = f" in {n_waiting} of {n_layers} layers" if n_layers > 1 else ""
    width = width_of(network, place)
    text = (
        f"the array waits {cycles(stalls)} ({share(stalls, whole)} of the latency){where}; "
        f"{named(place)} ({width} bits a cycle) sets the pace of {share(own, stalls)} of that."
    )
    figures = {"stall_cycles": stalls, "memory": place[0], "port": place[1], "bits_per_cycle": width}
    figures["paced_cycles"] = own
    return [Statement("stalls", text, figures), _wider_claim(network, place)]


def binding_port(network: Network) -> tuple[PortName, float]:
    """The port that sets the pace of most stall cycles, and of how many; ports of equal stall share in all of them."""
    paced = sums(
        ((port.memory, port.port), count * port.stall_cycles)
        for cme, count in zip(network.layers, network.counts, strict=True)
        for port in cme.port_stalls
        if port.stall_cycles == cme.breakdown.stall_cycles > 0
    )
    return max(paced.items(), key=lambda item: item[1])


def width_of(network: Network, place: PortName) -> int:
    """The width of a port of the design, in bits a cycle."""
    return next(bandwidth_of(a, place) for a in accelerators(network) if any(m.name == place[0] for m in a.memories))


@dataclass(frozen=True)
class _Wider:
    """Ports of a network made as wide (bits a cycle) as it takes; hopeless ones stall at any width in some layer."""

    widths: dict[PortName, int]
    hopeless: tuple[PortName, ...]
    before: Network
    after: Network


def _wider_claim(network: Network, first: PortName) -> Statement:
    """The widths at which ports no longer stall, tried; and what then binds."""
    wider = _widened(network, first)
    figures: dict[str, object] = {"hopeless": [list(place) for place in wider.hopeless]}
    if not wider.widths:
        return Statement("wider port", _hopeless_text(network, first, figures), figures)
    before, after = network.latency_cycles, wider.after.latency_cycles
    short = {place: _left(wider, place, bits - 1) for place, bits in wider.widths.items()}
    figures["ports"] = [
        {"memory": place[0], "port": place[1], "bits_per_cycle": bits, "stall_cycles_one_bit_less": short[place]}
        for place, bits in wider.widths.items()
    ]
    figures["latency_cycles"] = after
    listed = " and ".join(
        f"{named(place)} at {bits} bits a cycle ({bits - 1} leave {cycles(short[place])} of stalls)"
        for place, bits in wider.widths.items()
    )
    rest = " where a width can" if set(wider.hopeless) & set(wider.widths) else ""
    verb = "stalls" if len(wider.widths) == 1 else "stall"
    parts = [f"{listed} no longer {verb}{rest}: latency {change(before, after)}", *_doubled(wider, figures)]
    parts.append(_what_is_next(wider, figures))
    return Statement("wider port", f"{'; '.join(parts)}.", figures)


def _hopeless_text(network: Network, place: PortName, figures: dict[str, object]) -> str:
    """What to do about a port that stalls at any width: larger memories are tried, in which the next tile fits too."""
    text = f"no width of {named(place)} ends its stalls: its transfers have no cycle to spare in their windows"
    sizes = {m.name: m.size_bits for m in accelerators(network)[0].memories}
    tried = {name: network.changed(partial(with_size, memory_name=name, bits=2 * bits)) for name, bits in sizes.items()}
    best = min(tried, key=lambda name: tried[name].latency_cycles)
    before, after = network.latency_cycles, tried[best].latency_cycles
    if after >= before:
        return f"{text}; twice the size of no memory shortens the latency either."
    figures |= {"memory": best, "size_bits": 2 * sizes[best], "latency_cycles": after}
    figures["stall_cycles_after"] = tried[best].stall_cycles
    return f"{text}; {best} of twice its size brings the latency to {change(before, after)}."


def _widened(network: Network, first: PortName) -> _Wider:
    """The first port made wide enough; then the next one too, as long as that leaves most stalls as they are."""
    widths: dict[PortName, int] = {}
    hopeless: list[PortName] = []
    after, place, stalls = network, first, network.stall_cycles
    paced = binding_port(network)[1]
    while len(widths) < MOST_PORTS:
        needed = [bandwidth_without_stall(cme, place) for cme in network.layers if stall_of(cme, place) > 0]
        possible = [bits for bits in needed if bits is not None]
        if len(possible) < len(needed):
            hopeless.append(place)
        if not possible:
            break
        widths[place] = max(possible)
        after = _with(network, widths)
        if not after.stall_cycles or stalls - after.stall_cycles >= paced / 2:
            break
        place = binding_port(after)[0]
        if place in widths:
            break
    return _Wider(widths, tuple(hopeless), network, after)


def _with(network: Network, widths: dict[PortName, int]) -> Network:
    def widen(accelerator: Accelerator) -> Accelerator:
        for place, bits in widths.items():
            accelerator = with_bandwidth(accelerator, place, bits)
        return accelerator

    return network.changed(widen)


def _left(wider: _Wider, place: PortName, bits: int) -> float:
    """Stall cycles of a port that a smaller width would leave on top of those that no width ends."""
    almost = _with(wider.before, {**wider.widths, place: bits})
    return almost.total(lambda cme: stall_of(cme, place)) - wider.after.total(lambda cme: stall_of(cme, place))


def _doubled(wider: _Wider, figures: dict[str, object]) -> list[str]:
    """What twice the width gives already, where it takes more to end the stalls."""
    now = {place: width_of(wider.before, place) for place in wider.widths}
    if all(bits <= 2 * now[place] for place, bits in wider.widths.items()):
        return []
    latency = _with(wider.before, {place: 2 * bits for place, bits in now.items()}).latency_cycles
    figures["latency_cycles_doubled"] = latency
    return [f"twice the width already gives {change(wider.before.latency_cycles, latency)}"]


def _what_is_next(wider: _Wider, figures: dict[str, object]) -> str:
    """What the array waits for once ports are wide enough."""
    rest = wider.after.stall_cycles
    figures["stall_cycles_after"] = rest
    if not rest:
        return "then no port stalls"
    following, paced = binding_port(wider.after)
    figures |= {"next_memory": following[0], "next_port": following[1]}
    if following in wider.widths:
        return f"{cycles(rest)} of stalls remain, which no width ends"
    of_these = cycles(rest) if paced == rest else f"{share(paced, rest)} of {cycles(rest)}"
    return f"then {named(following)} sets the pace of the stalls left, {of_these}"


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
    figures: dict[str, object] = {"onload_cycles": onload, "offload_cycles": now - onload}
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
    array = network.layers[0].accelerator.array
    text = f"{share(ideal, taken)} of the array's {array.n_units:,} units are busy while it computes"
    figures: dict[str, object] = {"utilisation": ideal / taken, "cycles_lost": taken - ideal}
    if taken > ideal:
        fills = {dim: _used(network, dim) / n / taken for dim, n in array.sizes.items()}
        worst = min(fills, key=lambda dim: fills[dim])
        n_units = array.sizes[worst]
        most = max(cme.problem.spatial_mapping.utilisation_of(worst) for cme in network.layers)
        text += (
            f"; {worst} is filled least, {fills[worst]:.1%} of {n_units} on average over cycles, {most} at most"
            f"; mappings that fill the array save {share(taken - ideal, whole)} of the latency at best"
        )
        figures |= {"dimension": worst, "fill": fills[worst], "most_units": most}
    return Statement("array", f"{text}.", figures)


def _used(network: Network, dim: str) -> float:
    """Units along a dimension that are in use, summed over the cycles of computation."""
    return network.total(lambda cme: cme.breakdown.temporal_cycles * cme.problem.spatial_mapping.utilisation_of(dim))


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
        for name, fill in memory_fills(cme, with_second_buffers=True).items():
            if name not in tops:
                fills[name] = max(fills.get(name, 0.0), fill)
    return {name: fill for name, fill in fills.items() if fill > 0}
