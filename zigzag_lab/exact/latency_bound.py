"""Latency lower bound of a partial mapping: its outer loops are fixed, its inner ones are open.

Stalls of a port of which all is known are those of the kernel; of others, what known transfers need beyond their
windows counts, as no further transfer makes that less. First loads and last stores at a port of an outermost memory are
reduced as in the kernel, by what that port has to spare at most; elsewhere they count with the least that may be left.
More stalls hide more loading, but never more than they add at one port, so both are taken at the least stall.
Axes: ``m`` label, ``k`` transfer of a port, ``N`` point; tables end with an entry for a cut that is not known: a
transfer that never happens.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from zigzag_lab.cost.ports import onload_cycles, port_stall
from zigzag_lab.exact.bounds import Bounds, BoundTable, Place
from zigzag_lab.exact.labels import OPEN, Remembered
from zigzag_lab.exact.terms import Crossing


@dataclass(frozen=True)
class Passing:
    """One transfer of a port.

    Attributes:
        operand: its number.
        crossing: what crosses where.
        cut: column of the point that decides it; None where no loop does.
        bits, count: [N + 1].
        iterations, period: [N + 1] between crossings; the same in cycles.
    """

    operand: int
    crossing: Crossing
    cut: int | None
    bits: np.ndarray
    count: np.ndarray
    iterations: np.ndarray
    period: np.ndarray

    def at(self, memory: np.ndarray, table: np.ndarray) -> np.ndarray:
        """[m] a table's value where the cut is."""
        return table[memory[:, self.cut]] if self.cut is not None else np.full(len(memory), table[0])


@dataclass(frozen=True)
class _Link:
    """A link with an end at a port.

    Attributes:
        part: which part of loading it adds to.
        cut: the column of its cut.
        hidden: [N + 1] its cycles when as much as possible hides.
        ends: which transfers of the port are its ends.
    """

    part: int
    cut: int
    hidden: np.ndarray
    ends: tuple[int, ...]


@dataclass(frozen=True)
class _Hiding:
    """A port at which loads and stores hide in what computation leaves free."""

    place: Place
    passings: list[Passing]
    links: list[_Link]


class LatencyBound:
    """Lower bounds of latency for labels."""

    def __init__(self, remembered: Remembered, table: BoundTable, bounds: Bounds) -> None:
        self.table, self.bounds = table, bounds
        self.problem, self.terms = self.bounds.problem, self.bounds.terms
        self.columns = remembered.columns
        self.ports: dict[Place, list[Passing]] = {}
        for o, crossing in self.bounds.crossings:
            self.ports.setdefault(crossing.port, []).append(self._passing(o, crossing))
        for place, passings in self.ports.items():
            passings.sort(key=partial(self._turn, place))
        self.hiding = [self._hiding(place) for place in self.bounds.hiding()]
        self.computing = float(np.ceil(self.bounds.n_cycles * self.bounds.cycles_per_op))
        self.tiles = [self._innermost_tiles(o) for o in range(len(self.terms))]

    def _passing(self, o: int, crossing: Crossing) -> Passing:
        terms, a = self.terms[o], crossing.boundary
        cut: int | None = self.columns["cut", o, a - 1] if a else None
        if a == 0 and not terms.is_output and terms.problem.skip_repeated_reads:
            cut = self.columns["lead", o, 0]
        iterations = np.append(terms.period(a), 1.0)
        bits, count = np.append(crossing.bits, 0.0), np.append(crossing.count, 0.0)
        period = np.ceil(iterations * self.bounds.cycles_per_op)
        return Passing(o, crossing, cut, bits, count, iterations, period)

    def _hiding(self, place: Place) -> _Hiding:
        passings = [p for p in self.ports[place] if self.bounds.loading(p.operand, p.crossing)]
        links = []
        for o, a in dict.fromkeys((p.operand, p.crossing.boundary) for p in passings):
            part = self.bounds.part_of(o, a) if 0 < a < self.terms[o].n_levels else None
            if part is not None:
                hidden = np.append(self.bounds.link(o, a), 0.0)
                ends = tuple(k for k, p in enumerate(passings) if any(p.crossing is c for c in self.bounds.ends(o, a)))
                links.append(_Link(part, self.columns["cut", o, a - 1], hidden, ends))
        return _Hiding(place, passings, links)

    def _turn(self, place: Place, passing: Passing) -> int:
        """When a transfer's turn is at a port: of equal loads the first is shortened first."""
        memory_operand = self.problem.memory_operand(self.terms[passing.operand].operand)
        return self.bounds.port(place).serves.index((memory_operand, passing.crossing.direction))

    def _innermost_tiles(self, o: int) -> tuple[np.ndarray, np.ndarray]:
        """[N + 1] least and most bits of an operand's innermost tile, known (one and the same) or not."""
        terms, integer = self.terms[o], self.problem.integer
        bits = terms.elems(integer, 1) * terms.tile_bits_each(integer, 1)
        most = bits[self.bounds.space.fits(o, 0)].max(initial=bits.min())
        return np.append(bits, bits.min()), np.append(bits, most)

    # -- stalls ----------------------------------------------------------------------------------------------------

    def window(self, passing: Passing, memory: np.ndarray, period: np.ndarray) -> np.ndarray:
        """[m] cycles a crossing may take, at most: fewer than a period only where the next tile has no room for sure.

        The run of reuse may still grow, which makes windows shorter.
        """
        o, a = passing.operand, passing.crossing.boundary
        if a == 0:
            return period
        run = memory[:, self.columns["reuse", o, a - 1]]
        narrow = (memory[:, self.columns["relevant", o, a - 1]] == 0) & (run > 0)
        window = np.floor_divide(passing.at(memory, passing.iterations), np.maximum(run, 1))
        return np.where(narrow, np.ceil(window * self.bounds.cycles_per_op), period)

    def stall(self, memory: np.ndarray, totals: np.ndarray) -> np.ndarray:
        """[m] least stall cycles by what is known; the longer the windows, the less a port stalls.

        Args:
            memory: [m, x] what labels remember.
            totals: [m, v] lower bounds of all figures.
        """
        least = totals[:, self.table.stalls].max(axis=1, initial=0.0)
        for place, passings in self.ports.items():
            width = self.bounds.port(place).bandwidth_max_bits
            cycles = np.array([np.ceil(p.at(memory, p.bits) / width) for p in passings])
            count = np.array([p.at(memory, p.count) for p in passings])
            period = np.array([p.at(memory, p.period) for p in passings])
            window = np.array([self.window(p, memory, of_one) for p, of_one in zip(passings, period, strict=True)])
            alone = (np.maximum(0, cycles - window) * np.maximum(count - 1, 0)).sum(axis=0)
            np.maximum(least, alone, out=least)
            rows = self._knowing(passings, memory)
            if len(passings) > 1 and len(rows):
                stall = port_stall(*(table[:, rows] for table in (cycles, count, period, window)))
                least[rows] = np.maximum(least[rows], stall)
        return least

    @staticmethod
    def _knowing(passings: list[Passing], memory: np.ndarray) -> np.ndarray:
        """Labels that know all cuts which some transfers depend on."""
        cuts = [p.cut for p in passings if p.cut is not None]
        return np.flatnonzero((memory[:, cuts] != OPEN).all(axis=1)) if cuts else np.arange(len(memory))

    # -- loading ---------------------------------------------------------------------------------------------------

    def latency(self, memory: np.ndarray, totals: np.ndarray, stall: np.ndarray) -> np.ndarray:
        """[m] lower bounds of latency; arguments as in :meth:`stall`, and [m] stall cycles that are certain."""
        bound = totals[:, self.table.additive].max(axis=1, initial=0.0)
        parts = totals[:, self.table.parts]
        busy = totals[:, self.table.busy].T
        for port, taken in zip(self.hiding, busy, strict=True):
            extra = self._not_hidden(port, memory, stall, taken) if port.links else 0.0
            np.maximum(bound, self._with(parts + extra, stall), out=bound)
        return bound

    def _with(self, parts: np.ndarray, stall: np.ndarray) -> np.ndarray:
        inputs = parts[:, :-1].T.reshape(len(self.bounds.inputs), 3, len(parts))
        onload = onload_cycles([(p[0], p[1], p[2]) for p in inputs])
        return self.bounds.fixed + stall + onload + parts[:, -1]

    def _not_hidden(self, port: _Hiding, memory: np.ndarray, stall: np.ndarray, busy: np.ndarray) -> np.ndarray:
        """[m, part] what known loads and stores at a port add to the parts, as there is less to hide in."""
        loads = self._reduced(port, memory, stall, busy)
        extra = np.zeros((len(memory), 3 * len(self.bounds.inputs) + 1))
        for link in port.links:
            hidden = link.hidden[memory[:, link.cut]]
            longest = hidden
            for end in link.ends:
                longest = np.maximum(longest, loads[end])
            extra[:, link.part] += longest - hidden
        return extra

    def _reduced(self, port: _Hiding, memory: np.ndarray, stall: np.ndarray, busy: np.ndarray) -> np.ndarray:
        """[k, m] the least that is left of each load; as in :func:`zigzag_lab.cost.ports.shared_out`.

        The innermost tile may not be known: then the most may be taken off a load, and the least off those before it.
        """
        width, passings = self.bounds.port(port.place).bandwidth_max_bits, port.passings
        total = np.array([np.ceil(p.at(memory, p.bits) / width) for p in passings])
        count = np.array([p.at(memory, p.count) for p in passings])
        once = count == 1
        surplus = np.maximum(0.0, (width - busy) / width * (self.computing + stall))
        innermost = [memory[:, self.columns["cut", p.operand, 0]] for p in passings]
        fewest, most = (
            np.array(
                [np.ceil(self.tiles[p.operand][i][cut] / width) for p, cut in zip(passings, innermost, strict=True)]
            )
            for i in (0, 1)
        )
        most_off = np.where(once, np.maximum(0.0, total - fewest), 0.0)
        least_off = np.where(once, np.maximum(0.0, total - most), 0.0)
        order = np.argsort(-np.where(once, total, 0.0), axis=0, kind="stable")
        ranked = np.take_along_axis(most_off, order, axis=0)
        ahead = np.take_along_axis(least_off, order, axis=0)
        ahead = np.cumsum(ahead, axis=0) - ahead
        taken = np.minimum(ranked, np.maximum(0.0, surplus - ahead))
        reduction = np.empty_like(taken)
        np.put_along_axis(reduction, order, taken, axis=0)
        return total - reduction
