"""What a designer could change of ports: the one that the array waits for, and the one that loading waits for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from math import ceil

from zigzag_lab.hardware import Accelerator
from zigzag_lab.reports.advice import Statement
from zigzag_lab.reports.places import Places, PortName
from zigzag_lab.reports.what_if import (
    Network,
    accelerators,
    bandwidth_of,
    bandwidth_without_stall,
    change,
    named,
    port_named,
    stall_of,
    widest_needed,
    with_access_cost,
    with_bandwidth,
    with_size,
)
from zigzag_lab.vocab.quantities import cycles, energy, share, sums

MOST_PORTS = 3
"""Ports that are widened together at most, where one alone only makes room for the next."""

MOST_STEPS = 3
"""Doublings of a width that are listed at most."""

WORTH = 0.01
"""A doubling that shortens the latency by a smaller share is not listed."""


def stall_claims(network: Network, places: Places) -> list[Statement]:
    """Which port the array waits for; what widths of it gain, and what ends the stalls, alone or with other ports."""
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
    return [Statement("stalls", text, figures), *_wider_claims(network, place, places)]


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
    return bandwidth_of(_design_with(network, place[0]), place)


def _design_with(network: Network, memory: str) -> Accelerator:
    """The design, as a layer sees it that has the memory."""
    return next(a for a in accelerators(network) if any(m.name == memory for m in a.memories))


def _wider_claims(network: Network, first: PortName, places: Places) -> list[Statement]:
    """What widths of one port gain, and at most; then what ends the stalls, alone or with the ports that take over."""
    limit = _with(network, {first: max(width_of(network, first), *map(widest_needed, network.layers))})
    wider = _widened(network, first)
    figures: dict[str, object] = {"hopeless": [list(place) for place in wider.hopeless]}
    tell = partial(_enough_text, wider) if wider.widths else partial(_hopeless_text, network, first)
    claim = Statement("wider port", tell(places, figures), figures)
    if limit.latency_cycles == network.latency_cycles:
        return [claim]
    steps = _steps(network, first, limit, wider.widths.get(first))
    enough = next((bits for bits, n in steps.items() if n - wider.after.latency_cycles < WORTH * n), None)
    if list(wider.widths) == [first] and enough is not None and enough < wider.widths[first]:
        is_same = steps[enough] == wider.after.latency_cycles
        claim = replace(claim, text=f"{claim.text[:-1]}; {enough} bits gain {'' if is_same else 'nearly '}as much.")
    return [_one_port(wider, first, (steps, limit), places), claim]


# -- one port alone ----------------------------------------------------------------------------------------------------


def _one_port(wider: _Wider, first: PortName, gains: tuple[dict[int, float], Network], places: Places) -> Statement:
    """What widths of a port gain while all others stay; where another one takes over, they gain no more."""
    network, before = wider.before, wider.before.latency_cycles
    steps, limit = gains
    changes = {bits: places.width(_design_with(network, first[0]), first, bits) for bits in steps}
    figures: dict[str, object] = {"memory": first[0], "port": first[1], "limit_latency_cycles": limit.latency_cycles}
    figures["steps"] = [
        {"change": changes[bits].as_dict(), "bits_per_cycle": bits, "latency_cycles": latency}
        for bits, latency in steps.items()
    ]
    given = {bits: change(before, latency) for bits, latency in steps.items()}
    (bits, *others) = given
    listed = ", ".join([f"{bits} bits a cycle give {given[bits]}", *(f"{more} give {given[more]}" for more in others)])
    parts = [f"{named(first)} alone ({changes[bits].where}): {listed}"]
    parts.append(f"no width of it gets below {change(before, limit.latency_cycles)}{_taken_over(limit, first)}")
    parts += _cost_of_width(network, first, bits, places, figures)
    return Statement("one port wider", f"{'; '.join(parts)}.", figures)


def _steps(network: Network, place: PortName, limit: Network, enough: int | None) -> dict[int, float]:
    """Widths of a port that are worth a word -> the latency with each: doublings, and what ends its stalls."""
    now, latency = width_of(network, place), network.latency_cycles
    steps: dict[int, float] = {}
    bits = 2 * now
    while len(steps) < MOST_STEPS and (enough is None or bits < enough):
        wider = _with(network, {place: bits}).latency_cycles
        if steps and latency - wider < WORTH * network.latency_cycles:
            break
        steps[bits] = latency = wider
        bits *= 2
    if enough is not None and (not steps or latency - limit.latency_cycles >= WORTH * network.latency_cycles):
        steps[enough] = _with(network, {place: enough}).latency_cycles
    return steps


def _taken_over(limit: Network, first: PortName) -> str:
    """What sets the pace where one port is as wide as can be."""
    if not limit.stall_cycles:
        return ", where no port stalls"
    place, _ = binding_port(limit)
    return ", as its windows have no cycle to spare" if place == first else f", as {named(place)} takes over"


def _cost_of_width(
    network: Network, place: PortName, bits: int, places: Places, figures: dict[str, object]
) -> list[str]:
    """What an access costs through a wider port: the file's costs are those of a whole access."""
    accelerator = _design_with(network, place[0])
    memory, port = accelerator.memory_named(place[0]), port_named(accelerator, place)
    if memory.auto_cost_extraction:
        return ["the memory is priced anew with its width"]
    ratio = bits / port.bandwidth_max_bits
    read, write = (ratio if port.kind in (kind, "read_write") else 1.0 for kind in ("read", "write"))
    changes = places.costs(accelerator, memory.name, read, write)
    wider = _with(network, {place: bits})
    scaled = wider.changed(partial(with_access_cost, memory_name=memory.name, factor=read, write_factor=write))
    figures |= {"energy_pj": wider.energy_pj, "energy_pj_at_cost_per_bit": scaled.energy_pj}
    figures["cost_changes"] = [one.as_dict() for one in changes]
    if energy(wider.energy_pj) == energy(scaled.energy_pj):
        return []
    return [
        f"an access of {bits} bits costs more: at as many pJ a bit, {' and '.join(one.words for one in changes)} "
        f"({energy(scaled.energy_pj)}); with costs as they are it would seem to take {energy(wider.energy_pj)}"
    ]


# -- with those that take over -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Wider:
    """Ports of a network made as wide (bits a cycle) as it takes; hopeless ones stall at any width in some layer.

    ``least`` are the smallest widths, ``widths`` the next multiples of the ports' smallest accesses.
    """

    least: dict[PortName, int]
    widths: dict[PortName, int]
    hopeless: tuple[PortName, ...]
    before: Network
    after: Network


def _enough_text(wider: _Wider, places: Places, figures: dict[str, object]) -> str:
    """The widths at which ports no longer stall, tried; and what then binds."""
    before, after = wider.before.latency_cycles, wider.after.latency_cycles
    changes = {
        place: places.width(_design_with(wider.before, place[0]), place, bits) for place, bits in wider.widths.items()
    }
    short = {place: _left(wider, place, bits - 1) for place, bits in wider.least.items()}
    figures["ports"] = [
        {
            "memory": place[0],
            "port": place[1],
            "bits_per_cycle": bits,
            "least_bits_per_cycle": wider.least[place],
            "stall_cycles_one_bit_less": short[place],
            "change": changes[place].as_dict(),
        }
        for place, bits in wider.widths.items()
    ]
    figures["latency_cycles"] = after
    listed = " and ".join(
        f"{named(place)} at {bits} bits a cycle ({changes[place].words})" for place, bits in wider.widths.items()
    )
    verb = "stalls" if len(wider.widths) == 1 else "stall"
    rest = " where a width can" if set(wider.hopeless) & set(wider.widths) else ""
    return f"{listed} no longer {verb}{rest}: latency {change(before, after)}; {_what_is_next(wider, figures)}."


def _hopeless_text(network: Network, place: PortName, places: Places, figures: dict[str, object]) -> str:
    """What to do about a port that stalls at any width: larger memories are tried, in which the next tile fits too."""
    text = f"no width of {named(place)} ends its stalls: its transfers have no cycle to spare in their windows"
    design = accelerators(network)[0]
    sizes = {m.name: m.size_bits for m in design.memories}
    tried = {name: network.changed(partial(with_size, memory_name=name, bits=2 * bits)) for name, bits in sizes.items()}
    best = min(tried, key=lambda name: tried[name].latency_cycles)
    before, after = network.latency_cycles, tried[best].latency_cycles
    if after >= before:
        return f"{text}; twice the size of no memory shortens the latency either."
    larger = places.size(design, best, 2 * sizes[best])
    figures |= {"memory": best, "size_bits": 2 * sizes[best], "latency_cycles": after, "change": larger.as_dict()}
    figures["stall_cycles_after"] = tried[best].stall_cycles
    return f"{text}; {best} of twice its size ({larger.words}) brings the latency to {change(before, after)}."


def _widened(network: Network, first: PortName) -> _Wider:
    """The first port made wide enough; then the next one too, as long as that leaves most stalls as they are."""
    least: dict[PortName, int] = {}
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
        least[place] = max(possible)
        step = port_named(_design_with(network, place[0]), place).bandwidth_min_bits
        widths[place] = ceil(least[place] / step) * step  # accesses move multiples of the smallest
        after = _with(network, widths)
        if not after.stall_cycles or stalls - after.stall_cycles >= paced / 2:
            break
        place = binding_port(after)[0]
        if place in widths:
            break
    return _Wider(least, widths, tuple(hopeless), network, after)


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


def loading_claim(network: Network, places: Places) -> Statement:
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
        wider = _with(network, {place: 2 * bits})
        tried.append((loading(wider), place, 2 * bits))
    best = min(tried, key=lambda t: t[0], default=None)
    if best is not None and best[0] < now:
        left, place, bits = best
        least = loading(_with(network, {place: max(bits, *map(widest_needed, network.layers))}))
        wider_port = places.width(_design_with(network, place[0]), place, bits)
        text += f"; {named(place)} of twice its width ({wider_port.words}) brings them down to {cycles(left)}"
        text += f", no width of it below {cycles(least)}"
        figures |= {"memory": place[0], "port": place[1], "bits_per_cycle": bits, "loading_cycles": left}
        figures |= {"change": wider_port.as_dict(), "limit_loading_cycles": least}
    elif now:
        text += "; no single port of twice its width shortens them"
    return Statement("loading", f"{text}.", figures)


def _ports(network: Network) -> list[tuple[PortName, int]]:
    """All ports of the design with their widths."""
    ports = {
        (m.name, p.name): p.bandwidth_max_bits for a in accelerators(network)[:1] for m in a.memories for p in m.ports
    }
    return list(ports.items())
