"""Dominance between walks to one state: one can be dropped where another is no worse whatever follows.

Walks are *comparable* where all that can still change is equal: the state, runs that grow, memories whose double
buffering is open, which transfers happen once. What is settled enters the price through few figures, and neither
latency nor energy ever falls when one of them rises: per port, the cycles that known transfers need beyond their
windows, those they need within them, and the bits a cycle they keep from loads; per part of loading, the cycles of
known links; the innermost tiles that loads cannot hide; energy. So a walk that is at most another in all of them makes
the other superfluous.

More stalls may hide more loading. At one port what hides grows by no more than the stalls do, and where it still can
grow, it is by that port's share of free cycles, which is then less than the share of all cycles that its loads take.
So while all loads together take fewer cycles than the computation, stalls never pay.
Axes: ``m`` label, ``f`` figure, ``x`` column of what is remembered, ``N`` point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zigzag_lab.exact.bounds import Place
from zigzag_lab.exact.labels import OPEN, Groups, Labels
from zigzag_lab.exact.latency_bound import LatencyBound, Passing

_SETTLED, _SETTLED_ONCE = -2, -3
_MOST_ROUNDS = 24
_SAME = 1e-13

Settled = dict[int, np.ndarray]
"""Per column of a cut, [m] whether it is known with all that its windows depend on."""


@dataclass(frozen=True)
class _Load:
    """One transfer of a port that takes part in loading.

    Attributes:
        cut: its column.
        rate: [N + 1] bits a cycle that it takes if it happens again; the most where its cut is not known.
        hides: [N + 1] cycles of it that may hide if it happens once; none where its cut is not known, as only what
            has all loops inside happens once, and such cuts are known first.
    """

    cut: int
    rate: np.ndarray
    hides: np.ndarray


@dataclass(frozen=True)
class _Port:
    """Work of a port.

    Attributes:
        width: bits a cycle.
        passings: its transfers that depend on a cut.
        always_needed, always_covered: cycles that its other transfers need, and cover.
        most_covered: cycles that all can cover at most.
        loads: see :class:`_Load`.
        always_busy: bits a cycle of transfers that depend on no cut.
    """

    width: int
    passings: list[Passing]
    always_needed: float
    always_covered: float
    most_covered: float
    loads: list[_Load]
    always_busy: float


class Dominance:
    """Drops labels that others make superfluous.

    Args:
        with_energy: whether less energy makes a difference.
    """

    def __init__(self, latency_bound: LatencyBound, *, with_energy: bool) -> None:
        self.latency_bound, self.bounds, self.with_energy = latency_bound, latency_bound.bounds, with_energy
        self.columns, self.terms = latency_bound.columns, latency_bound.terms
        self.full = self.bounds.lattice.full
        self.ports = [self._port(place, passings) for place, passings in latency_bound.ports.items()]

    def _port(self, place: Place, passings: list[Passing]) -> _Port:
        width = self.bounds.port(place).bandwidth_max_bits
        fixed = [p for p in passings if p.cut is None]
        moving = [p for p in passings if p.cut is not None]
        loading = [p for p in passings if self.bounds.loading(p.operand, p.crossing)]
        return _Port(
            width=width,
            passings=moving,
            always_needed=sum((float(np.ceil(p.bits[0] / width) * max(p.count[0] - 1, 0)) for p in fixed), 0.0),
            always_covered=max((float(p.period[0] * p.count[0]) for p in fixed), default=0.0),
            most_covered=max(float((p.period * p.count).max()) for p in passings),
            loads=[
                _Load(p.cut, self._rate(p), np.where(p.count == 1, np.ceil(p.bits / width), 0.0))
                for p in loading
                if p.cut is not None
            ],
            always_busy=sum((float(self._rate(p)[0]) for p in loading if p.cut is None), 0.0),
        )

    def _rate(self, p: Passing) -> np.ndarray:
        rate = self.bounds.busy_rate(p.operand, p.crossing)
        if p.crossing.boundary == 0:
            return np.append(rate, rate.max())
        return np.append(rate, rate[self.bounds.space.fits(p.operand, p.crossing.boundary - 1)].max(initial=0.0))

    # -- what is settled -------------------------------------------------------------------------------------------

    def _settled(self, memory: np.ndarray) -> Settled:
        found = {}
        for o, terms in enumerate(self.terms):
            growing, grows = (memory[:, self.columns[name, o, 0]] for name in ("growing", "grows reuse"))
            for level in range(terms.n_levels):
                cut, reuse = self.columns["cut", o, level], memory[:, self.columns["reuse", o, level]]
                is_open = memory[:, self.columns["relevant", o, level]] != 0
                is_open |= (growing == level) & (grows != 0) & (reuse != 0)
                found[cut] = (memory[:, cut] != OPEN) & ~is_open
            lead = self.columns["lead", o, 0]
            found[lead] = memory[:, lead] != OPEN
        return found

    def _rest(self, memory: np.ndarray, settled: Settled) -> np.ndarray:
        """[m, x] what is remembered, without what is settled, save whether it happens once."""
        rest = memory.copy()
        for o, terms in enumerate(self.terms):
            cuts = [self.columns["cut", o, level] for level in range(terms.n_levels)]
            for cut in (*cuts, self.columns["lead", o, 0]):
                once = np.where(self._has_all(o, memory[:, cut]), _SETTLED_ONCE, _SETTLED)
                rest[:, cut] = np.where(settled[cut], once, rest[:, cut])
            for level, cut in enumerate(cuts):
                rest[settled[cut], self.columns["reuse", o, level]] = 0
        return rest

    def _has_all(self, o: int, cuts: np.ndarray) -> np.ndarray:
        """Whether all loops are inside some cuts of an operand; of whichever size the tile there is."""
        found = cuts == self.full
        for size in range(1, self.terms[o].n_sizes):
            found |= cuts == self.full + size * self.bounds.lattice.n_points
        return found

    # -- figures ---------------------------------------------------------------------------------------------------

    def _figures(self, labels: Labels, settled: Settled) -> tuple[np.ndarray, np.ndarray]:
        """[m, f] figures at most, for a label to dominate; and at least, for it to be dominated."""
        memory = labels.memory
        exact = [*labels.so_far[:, self.latency_bound.table.parts].T, *self._tiles(memory)]
        high, low = [*exact], [*exact]
        if self.with_energy:
            high.append(labels.so_far[:, 0] * (1 - _SAME))
            low.append(labels.so_far[:, 0])
        stall, hiding = np.zeros(len(labels)), np.zeros(len(labels))
        for port in self.ports:
            least, most, may_hide = self._busy(port, memory, settled)
            hides = may_hide <= np.maximum(0.0, (port.width - most) / port.width * self.latency_bound.computing)
            high.append(np.where(hides, 0.0, least))
            low.append(least)
            hiding += np.where(hides, 0.0, may_hide)
            if port.passings:
                done = self._done(port, memory, settled)
                np.maximum(stall, done.stall, out=stall)
                high += [done.beyond, done.most_within]
                low += [done.beyond, done.least_within]
        high.append(np.where(hiding <= self.latency_bound.computing, stall, np.inf))
        low.append(labels.stall)
        return np.stack(high, axis=1), np.stack(low, axis=1)

    def _tiles(self, memory: np.ndarray) -> list[np.ndarray]:
        """[m] per operand, bits of the innermost tile where some load of it may hide, save that tile."""
        found = []
        for o, terms in enumerate(self.terms):
            inner = memory[:, self.columns["cut", o, 0]]
            outer = [self.columns["cut", o, level] for level in range(terms.n_levels - 1)]
            once = self._has_all(o, memory[:, outer]).any(axis=1)
            found.append(np.where(once & (inner != OPEN), self.latency_bound.tiles[o][1][inner], 0.0))
        return found

    def _busy(self, port: _Port, memory: np.ndarray, settled: Settled) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """[m] bits a cycle that settled transfers take at a port, and all at most; cycles of loads that may hide."""
        least, may_hide = np.zeros(len(memory)), np.zeros(len(memory))
        most = np.full(len(memory), port.always_busy)
        for load in port.loads:
            rate = load.rate[memory[:, load.cut]]
            least += np.where(settled[load.cut], rate, 0.0)
            most += rate
            may_hide += load.hides[memory[:, load.cut]]
        return least, most, may_hide

    def _done(self, port: _Port, memory: np.ndarray, settled: Settled) -> _Done:
        """Return the work of settled transfers at a port."""
        beyond, within = np.zeros((2, len(memory)))
        covered = np.full(len(memory), port.always_covered)
        n_settled = np.zeros(len(memory), dtype=np.int64)
        for p in port.passings:
            is_settled = settled[p.cut]  # type: ignore[index]
            n_settled += is_settled
            period, count = p.at(memory, p.period), p.at(memory, p.count)
            window = self.latency_bound.window(p, memory, period)
            cycles = np.ceil(p.at(memory, p.bits) / port.width)
            again = np.where(is_settled, np.maximum(count - 1, 0), 0.0)
            beyond += np.maximum(0.0, cycles - window) * again
            within += np.minimum(cycles, window) * again
            is_always_open = is_settled & (window == period)
            np.maximum(covered, np.where(is_always_open, period * count, 0.0), out=covered)
        is_all = n_settled == len(port.passings)
        stall = np.where(is_all, beyond + np.maximum(0.0, within - covered + port.always_needed), 0.0)
        some = (n_settled > 0) & ~is_all
        beyond = np.where(some, beyond, 0.0)
        within, covered = np.where(some, within, 0.0), np.where(some, covered, 0.0)
        return _Done(stall, beyond, within - covered, within - np.where(some, port.most_covered, 0.0))

    # -- answers ---------------------------------------------------------------------------------------------------

    def compared(self, labels: Labels) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """[m] numbers, equal for comparable labels; [m, f] their figures at most and at least.

        A label makes a comparable one superfluous if its figures at most are no higher than the other's at least.
        """
        settled = self._settled(labels.memory)
        group = Groups.of(labels.state, self._rest(labels.memory, settled)).of_rows()
        return group, *self._figures(labels, settled)

    def undominated(self, labels: Labels) -> np.ndarray:
        """[m'] rows of labels that no other makes superfluous (of many comparable ones, a few more)."""
        group, high, low = self.compared(labels)
        order, kept = np.lexsort((labels.bound, group)), []
        for _ in range(_MOST_ROUNDS):
            is_first = np.diff(group[order], prepend=-1) != 0
            if is_first.all():
                break
            champion = order[is_first][np.cumsum(is_first) - 1]
            is_beaten = (high[champion] <= low[order]).all(axis=1)
            kept.append(order[is_first])
            order = order[~is_beaten & ~is_first]
        return np.sort(np.concatenate([*kept, order]))

    def groups(self, labels: Labels) -> Groups:
        """Labels that differ in settled things only."""
        rest = self._rest(labels.memory, self._settled(labels.memory))
        return Groups.of(labels.state, np.maximum(rest, OPEN))

    @staticmethod
    def relaxed(labels: Labels, groups: Groups) -> Labels:
        """One label for each group, as good as all of the group together: it remembers nothing that is settled."""
        if not len(labels):
            return labels
        first = groups.first_rows
        return Labels(
            state=labels.state[first],
            memory=groups.columns[:, 1:],
            so_far=groups.least(labels.so_far),
            stall=groups.least(labels.stall),
            bound=groups.least(labels.bound),
            parent=labels.parent[first],
            step=labels.step[first],
        )


@dataclass(frozen=True)
class _Done:
    """Work of settled transfers at a port, [m] each.

    Attributes:
        stall: the port's stall cycles at most, where all transfers are settled; else 0.
        beyond: cycles beyond windows; 0 where all transfers are settled, or none.
        most_within, least_within: cycles within windows, less those that are covered for sure, or at most; 0 likewise.
    """

    stall: np.ndarray
    beyond: np.ndarray
    most_within: np.ndarray
    least_within: np.ndarray
