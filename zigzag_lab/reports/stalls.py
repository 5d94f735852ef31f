"""Which ports the array waits for, what width would end that, and what binds then."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import fsum
from typing import Any

from zigzag_lab.hardware import Accelerator
from zigzag_lab.plots.quantities import cycles, share
from zigzag_lab.reports.claims import Statement
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

MOST_PORTS = 3
"""Ports that are widened together at most, where one alone only makes room for the next."""


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
    figures = {
        "stall_cycles": stalls,
        "memory": place[0],
        "port": place[1],
        "bits_per_cycle": width,
        "paced_cycles": own,
    }
    return [Statement("stalls", text, figures), _wider_claim(network, place)]


def binding_port(network: Network) -> tuple[PortName, float]:
    """The port that sets the pace of most stall cycles, and of how many; ports of equal stall share in all of them."""
    paced: dict[PortName, list[float]] = {}
    for cme, count in zip(network.layers, network.counts, strict=True):
        worst = cme.breakdown.stall_cycles
        for port in cme.port_stalls:
            if worst > 0 and port.stall_cycles == worst:
                paced.setdefault((port.memory, port.port), []).append(count * worst)
    sums = {place: fsum(stalls) for place, stalls in paced.items()}
    first = max(sums, key=lambda place: sums[place])
    return first, sums[first]


def width_of(network: Network, place: PortName) -> int:
    """The width of a port of the design, in bits a cycle."""
    return next(bandwidth_of(a, place) for a in accelerators(network) if any(m.name == place[0] for m in a.memories))


@dataclass(frozen=True)
class _Wider:
    """Ports of a network made as wide as it takes.

    Attributes:
        widths: port -> bits a cycle.
        hopeless: ports that stall at any width in some layer.
        before, after: the network.
    """

    widths: dict[PortName, int]
    hopeless: tuple[PortName, ...]
    before: Network
    after: Network


def _wider_claim(network: Network, first: PortName) -> Statement:
    """The widths at which ports no longer stall, tried; and what then binds."""
    wider = _widened(network, first)
    figures: dict[str, Any] = {"hopeless": [list(place) for place in wider.hopeless]}
    if not wider.widths:
        return Statement("wider port", _hopeless_text(network, first, figures), figures)
    before, after = network.latency_cycles, wider.after.latency_cycles
    figures |= {
        "ports": [
            {"memory": m, "port": p, "bits_per_cycle": bits, "stall_cycles_one_bit_less": _left(wider, (m, p), bits)}
            for (m, p), bits in wider.widths.items()
        ],
        "latency_cycles": after,
    }
    listed = " and ".join(
        f"{named((of['memory'], of['port']))} at {of['bits_per_cycle']} bits a cycle "
        f"({of['bits_per_cycle'] - 1} leave {cycles(of['stall_cycles_one_bit_less'])} of stalls)"
        for of in figures["ports"]
    )
    rest = " where a width can" if set(wider.hopeless) & set(wider.widths) else ""
    verb = "stalls" if len(wider.widths) == 1 else "stall"
    parts = [f"{listed} no longer {verb}{rest}: latency {change(before, after)}", *_doubled(wider, figures)]
    parts.append(_what_is_next(wider, figures))
    return Statement("wider port", f"{'; '.join(parts)}.", figures)


def _hopeless_text(network: Network, place: PortName, figures: dict[str, Any]) -> str:
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
    """Stall cycles of a port that a width one bit short would leave on top of those that no width ends."""
    almost = _with(wider.before, {**wider.widths, place: bits - 1})
    return almost.total(lambda cme: stall_of(cme, place)) - wider.after.total(lambda cme: stall_of(cme, place))


def _doubled(wider: _Wider, figures: dict[str, Any]) -> list[str]:
    """What twice the width gives already, where it takes more to end the stalls."""
    now = {place: width_of(wider.before, place) for place in wider.widths}
    if all(bits <= 2 * now[place] for place, bits in wider.widths.items()):
        return []
    latency = _with(wider.before, {place: 2 * bits for place, bits in now.items()}).latency_cycles
    figures["latency_cycles_doubled"] = latency
    return [f"twice the width already gives {change(wider.before.latency_cycles, latency)}"]


def _what_is_next(wider: _Wider, figures: dict[str, Any]) -> str:
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
