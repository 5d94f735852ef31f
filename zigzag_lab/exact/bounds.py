"""Lower bounds that add up over level allocations: energy, and bounds of latency.

Energy is a sum over boundaries, so its table is exact. Latency is not: ports stall together, and loading before and
storing after the computation hide behind it in part. Yet it is never below the computation plus any of these stalls
plus any of these loadings plus the storing:

* no stall; or, for one port, what its transfers need beyond all cycles there are; or the sum of what each of its
  transfers needs beyond its own period (a window is never longer);
* the loading of one input, or of both over links that they share; a transfer that happens once counts with the least
  that is left of it when the rest hides.

Nor is it below all that passes one port, first and last crossings and the others: what hides does so in the cycles of
computation that the others leave free; if they leave none, they stall.

Each such sum is an *additive bound*: dynamic programming gives its least value to go.
Axes: ``c`` level allocation, ``v`` cost (energy first, then bounds of latency), ``N`` point, ``s`` state, ``m`` label.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import pairwise, product

import numpy as np

from zigzag_lab.cost.array import mac_energy_pj, systolic_drain_cycles
from zigzag_lab.exact.graph import Graph
from zigzag_lab.exact.space import Space
from zigzag_lab.exact.terms import Crossing
from zigzag_lab.hardware import Port
from zigzag_lab.vocab import Direction

Place = tuple[int, int]
"""A port: its memory, and its number there."""

Tables = list[list[np.ndarray]]
"""Per operand and boundary, [N]."""

Figure = tuple[Tables, float]
"""Something that adds up over boundaries, and what is added in the end."""


@dataclass(frozen=True)
class Stalls:
    """A bound of stalls: its tables, what is added in the end, and the port."""

    tables: Tables
    base: float
    place: Place


class Bounds:
    """The tables that costs are made of."""

    def __init__(self, space: Space) -> None:
        self.space, self.problem = space, space.problem
        self.lattice, self.terms = space.lattice, space.terms
        self.cycles_per_op = self.problem.accelerator.array.cycles_per_op
        self.n_cycles = float(self.lattice.cycles[-1])
        self.fixed = self.n_cycles * self.cycles_per_op + systolic_drain_cycles(self.problem)

    def blank(self) -> Tables:
        """Tables of zeros."""
        return [[np.zeros(t.n_rows) for _ in range(t.n_levels + 1)] for t in self.terms]

    @cached_property
    def inputs(self) -> list[int]:
        """Numbers of the inputs."""
        return [o for o, t in enumerate(self.terms) if not t.is_output]

    @cached_property
    def crossings(self) -> list[tuple[int, Crossing]]:
        """All crossings, each with the number of its operand, boundary by boundary."""
        return [(o, c) for o, t in enumerate(self.terms) for a in range(t.n_levels + 1) for c in t.crossings(a)]

    def at_port(self, place: Place) -> Iterator[tuple[int, Crossing, np.ndarray]]:
        """The crossings at a port, each with its operand's number and [N] cycles between two of it."""
        for o, c in self.crossings:
            if c.port == place:
                yield o, c, np.ceil(self.terms[o].period(c.boundary) * self.cycles_per_op)

    def energy(self) -> Tables:
        """Energy of everything that crosses, exact."""
        return [[t.energy_pj(a) for a in range(t.n_levels + 1)] for t in self.terms]

    def port(self, place: tuple[int, int]) -> Port:
        """A port by its place."""
        return self.problem.accelerator.memories[place[0]].ports[place[1]]

    # -- stalls ----------------------------------------------------------------------------------------------------

    def stalls(self) -> list[Stalls]:
        """Bounds of the stalls: two for each port, where they say anything."""
        found: list[Stalls] = []
        for place in dict.fromkeys(c.port for _, c in self.crossings):
            needed, beyond, covered = self.blank(), self.blank(), 0.0
            for o, c, period in self.at_port(place):
                cycles = np.ceil(c.bits / self.port(place).bandwidth_max_bits)
                again = np.maximum(c.count - 1, 0)
                needed[o][c.boundary] += cycles * again
                beyond[o][c.boundary] += np.maximum(0, cycles - period) * again
                covered = max(covered, float((period * c.count).max()))
            if _most(needed) > covered:
                found.append(Stalls(needed, -covered, place))
            if _most(beyond) > 0:
                found.append(Stalls(beyond, 0.0, place))
        return found

    # -- loading and storing ---------------------------------------------------------------------------------------

    def last_crossing(self, o: int, boundary: int, direction: Direction) -> Crossing | None:
        """The crossing of a boundary in one direction; where several ports pass it on, through the last."""
        found = [c for of, c in self.crossings if (of, c.boundary, c.direction) == (o, boundary, direction)]
        return found[-1] if found else None

    def _cycles(self, o: int, crossing: Crossing, whole: Place | None) -> np.ndarray:
        """[N] cycles of the first or last crossing that stay when as much as possible hides, save at one port."""
        width, terms = self.port(crossing.port).bandwidth_max_bits, self.terms[o]
        total = np.ceil(crossing.bits / width)
        if crossing.port == whole:
            return np.where(crossing.count > 0, total, 0.0)
        precision = self.problem.precision(terms.operand)
        if terms.is_output:
            precision = min(precision, self.problem.final_precision)
        least = np.ceil(terms.elems(self.problem.integer, 1)[0] * precision / width)
        return np.where(crossing.count == 1, np.minimum(total, least), total)

    def ends(self, o: int, boundary: int) -> list[Crossing]:
        """The two ends of the link over which the first tiles come in, or the last ones go out."""
        is_output = self.terms[o].is_output
        inward = (Direction.TO_HIGH, Direction.FROM_LOW) if is_output else (Direction.FROM_HIGH, Direction.TO_LOW)
        return [c for d in inward if (c := self.last_crossing(o, boundary, d)) is not None]

    def n_shared(self, o: int, boundary: int) -> int:
        """How many of the two ports of a link the inputs share."""
        return sum(self.problem.inputs_share(self.port(c.port)) for c in self.ends(o, boundary))

    def link(self, o: int, boundary: int, whole: Place | None = None) -> np.ndarray:
        """[N] cycles over one link."""
        longest = np.zeros(self.terms[o].n_rows)
        for c in self.ends(o, boundary):
            longest = np.maximum(longest, self._cycles(o, c, whole))
        return longest

    def part_of(self, o: int, boundary: int) -> int | None:
        """Return the part of loading that a link adds to.

        There are three for each input (in turns, half shared, alone), then storing. Of an input's half shared links the
        outermost counts, as in the kernel.
        """
        if self.terms[o].is_output:
            return 3 * len(self.inputs)
        n_shared = [self.n_shared(o, a) for a in range(boundary, self.terms[o].n_levels)]
        if n_shared[0] == 1 in n_shared[1:]:
            return None
        return 3 * self.inputs.index(o) + 2 - n_shared[0]

    def parts(self, whole: Place | None = None) -> list[Tables]:
        """Parts of loading and storing, each alone, hidden as far as possible (see :meth:`part_of`).

        Args:
            whole: a port at which nothing hides.
        """
        found = [self.blank() for _ in range(3 * len(self.inputs) + 1)]
        for o, terms in enumerate(self.terms):
            for a in range(1, terms.n_levels):
                part = self.part_of(o, a)
                if part is not None:
                    found[part][o][a] += self.link(o, a, whole)
        return found

    def loads(self, whole: Place | None = None) -> list[Tables]:
        """Bounds of loading and storing together: one for each input, one for what both load over shared links."""
        *parts, storing = self.parts(whole)
        found = [reduce(added, parts[first : first + 3]) for first in range(0, len(parts), 3)]
        if len(found) > 1:
            found.append(reduce(added, parts[::3]))
        return [added(tables, storing) for tables in found or [self.blank()]]

    # -- all that passes a port -----------------------------------------------------------------------------------

    def volumes(self) -> list[tuple[list[Tables], float]]:
        """Per port of an outermost memory: its bounds of all that passes it, and what is added at the end."""
        tops = dict.fromkeys(t.memories[-1] for t in self.terms)
        found = []
        for place in ((i, p) for i in tops for p in range(len(self.problem.accelerator.memories[i].ports))):
            again, covered = self._again(place)
            if any(table.any() for of_operand in again for table in of_operand):
                found.append(([added(load, again) for load in self.loads(place)], -covered))
        return found

    def _again(self, place: Place) -> tuple[Tables, float]:
        """[N] cycles of all crossings but the first at a port, as they fill the time that loading could hide in."""
        computing = np.ceil(self.n_cycles * self.cycles_per_op)
        again, covered = self.blank(), float(computing)
        width = self.port(place).bandwidth_max_bits
        for o, c, period in self.at_port(place):
            covered = max(covered, float((period * c.count).max()))
            if self.loading(o, c):
                once = np.ceil(c.bits / width)
                filled = computing * self.busy_rate(o, c) / width
                again[o][c.boundary] += np.where(c.count > 1, np.minimum(filled, once * c.count) - once, 0.0)
        return again, covered

    def hiding(self) -> list[Place]:
        """Ports of outermost memories: what first loads and last stores find to hide in is followed there."""
        tops = {terms.memories[-1] for terms in self.terms}
        return [place for place in dict.fromkeys(c.port for _, c in self.crossings) if place[0] in tops]

    def loading(self, o: int, crossing: Crossing) -> bool:
        """Whether a crossing takes part in loading and storing, as all but returning sums do."""
        return not self.terms[o].is_output or crossing.direction in (Direction.FROM_LOW, Direction.TO_HIGH)

    def busy(self, place: Place) -> Tables:
        """[N] bits a cycle that crossings which happen again take at a port."""
        found = self.blank()
        for o, c in self.crossings:
            if c.port == place and self.loading(o, c):
                found[o][c.boundary] += self.busy_rate(o, c)
        return found

    def busy_rate(self, o: int, crossing: Crossing) -> np.ndarray:
        """[N] bits a cycle that a crossing which happens again takes on average, rounded as in the kernel."""
        terms, a, integer = self.terms[o], crossing.boundary, self.problem.integer
        rate = terms.elems(integer, a) * terms.tile_bits_each(integer, a) / terms.period(a)
        is_low = crossing.direction in (Direction.TO_LOW, Direction.FROM_LOW)
        rate = np.trunc(rate * integer.operands[terms.operand].boost[a] if is_low else rate)
        return np.where(crossing.count > 1, np.ceil(rate / self.cycles_per_op), 0.0)

    def each_additive_bound(self, stalls: Sequence[Stalls] | None = None) -> Iterator[Figure]:
        """All that bounds latency, each with what is added in the end; with some bounds of stalls, by default all."""
        loads = self.loads()
        yield from ((load, self.fixed) for load in loads)
        for volumes, offset in self.volumes():
            yield from ((volume, self.fixed + offset) for volume in volumes)
        for stall, load in product(self.stalls() if stalls is None else stalls, loads):
            yield added(stall.tables, load), self.fixed + stall.base

    # -- all together ----------------------------------------------------------------------------------------------

    def column(self, graph: Graph, tables: Tables) -> np.ndarray:
        """[c] one cost of each level allocation."""
        kinds = graph.kinds
        costs = np.zeros(len(kinds.point))
        for o, of_operand in enumerate(tables):
            own = kinds.operand == o
            leading = np.flatnonzero(own & kinds.leads)
            costs[leading] += of_operand[0][kinds.point[leading]]
            for level in range(self.terms[o].n_levels):
                if of_operand[level + 1].any():
                    closed = np.flatnonzero(own & (kinds.first <= level) & (level < kinds.last))
                    costs[closed] += of_operand[level + 1][kinds.row[level, closed]]
        return costs

    def at_start(self, tables: Tables) -> float:
        """Cost of outputs right at the array, whatever the mapping."""
        return sum(float(tables[o][0][0]) for o, t in enumerate(self.terms) if t.is_output)


def _most(tables: Tables) -> float:
    """The most that a sum over all boundaries can be."""
    return sum(float(table.max()) for of_operand in tables for table in of_operand)


def added(first: Tables, second: Tables) -> Tables:
    """Both together."""
    return [[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(first, second, strict=True)]


# -- tables for dynamic programming ------------------------------------------------------------------------------------

MOST_STALLS = 4
"""Bounds of stalls that are followed together with each bound of loading."""

N_ROUNDS, N_MIXED = 24, 2
"""How often the weights of a mixture are adjusted, and how many mixtures are followed."""


@dataclass(frozen=True)
class BoundTable:
    """Additive costs of all level allocations, and what every mapping costs anyway.

    Attributes:
        costs: [c, v].
        base: [v] what is added to the sum over level allocations.
        from_start: [s, v] the least that any way to each state of the graph costs.
        additive, stalls, parts, busy: which costs bound latency; the stalls alone; what loading is made of (see
            :meth:`Bounds.parts`); bits a cycle that are taken at each port of :meth:`Bounds.hiding`.
    """

    costs: np.ndarray
    base: np.ndarray
    from_start: np.ndarray
    additive: slice
    stalls: slice
    parts: slice
    busy: slice

    def total(self, state: np.ndarray, so_far: np.ndarray) -> np.ndarray:
        """[m, v] lower bounds of all costs of mappings through some states; ``so_far`` [m, v] is what follows."""
        return so_far + self.from_start[state] + self.base


def energy_costs(graph: Graph, bounds: Bounds) -> tuple[np.ndarray, float]:
    """[c] energy of each level allocation, and what is added for every mapping."""
    tables = bounds.energy()
    return bounds.column(graph, tables), bounds.at_start(tables) + mac_energy_pj(bounds.problem)


def bound_table(graph: Graph, bounds: Bounds) -> BoundTable:
    """Make the table of a graph: energy, and what bounds latency."""
    stalls = bounds.stalls()
    mixed = mixtures(graph, bounds, stalls)
    groups: list[list[Figure]] = [
        [(bounds.energy(), mac_energy_pj(bounds.problem))],
        [*bounds.each_additive_bound([*mixed, *_telling(graph, bounds, stalls)])],
        [(stall.tables, stall.base) for stall in [*mixed, *stalls]],
        [(tables, 0.0) for tables in bounds.parts()],
        [(bounds.busy(place), 0.0) for place in bounds.hiding()],
    ]
    of_all = [figure for group in groups for figure in group]
    table = np.stack([bounds.column(graph, tables) for tables, _ in of_all], axis=1)
    base = np.array([base + bounds.at_start(tables) for tables, base in of_all])
    ends = np.cumsum([len(group) for group in groups])
    return BoundTable(table, base, graph.from_start(table), *(slice(int(a), int(b)) for a, b in pairwise(ends)))


def mixtures(graph: Graph, bounds: Bounds, stalls: list[Stalls]) -> list[Stalls]:
    """Averages of bounds of stalls, weighted so that no mapping keeps all of them low."""
    if len(stalls) < 2:
        return []
    costs = np.stack([bounds.column(graph, stall.tables) for stall in stalls], axis=1)
    base = np.array([stall.base + bounds.at_start(stall.tables) for stall in stalls])
    weights = np.full(len(stalls), 1 / len(stalls))
    found: list[tuple[float, np.ndarray]] = []
    for _ in range(N_ROUNDS):
        mixed = (costs @ weights)[:, None]
        least = graph.from_start(mixed)
        bound = float(least[-1, 0] + base @ weights)
        walk = graph.cheapest(mixed, least, 0)
        stalling = base + sum(costs[closed[walk]].sum(axis=0) for closed in graph.allocated)
        found.append((bound, weights))
        gap = float(stalling.max()) - bound
        if gap <= 0.5:
            break
        weights = weights * np.exp(np.clip((stalling - bound) / gap, -4.0, 1.0))
        weights = weights / weights.sum()
    found.sort(key=lambda f: -f[0])
    return [_mixture(stalls, weights) for bound, weights in found[:N_MIXED] if bound > 0]


def _mixture(stalls: list[Stalls], weights: np.ndarray) -> Stalls:
    tables = [[t * weights[0] for t in of_operand] for of_operand in stalls[0].tables]
    for stall, weight in zip(stalls[1:], weights[1:], strict=True):
        tables = added(tables, [[t * weight for t in of_operand] for of_operand in stall.tables])
    base = sum(float(w) * s.base for w, s in zip(weights, stalls, strict=True))
    return Stalls(tables, base, stalls[int(weights.argmax())].place)


def _telling(graph: Graph, bounds: Bounds, stalls: list[Stalls]) -> list[Stalls]:
    """The bounds of stalls that are highest over the whole mapping, but those of the outermost memories first."""
    if len(stalls) <= MOST_STALLS:
        return stalls
    of_all = graph.from_start(np.stack([bounds.column(graph, s.tables) for s in stalls], axis=1))[-1]
    tops = {terms.memories[-1] for terms in graph.space.terms}

    def rank(known: tuple[Stalls, float]) -> tuple[bool, float]:
        stall, least = known
        return stall.place[0] not in tops, -(least + stall.base + bounds.at_start(stall.tables))

    return [stall for stall, _ in sorted(zip(stalls, of_all, strict=True), key=rank)[:MOST_STALLS]]
