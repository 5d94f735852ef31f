"""SALSA: simulated annealing over the orders of all prime factors of the temporal loops.

The swaps of a chain are spread over several shorter walks, which cool faster; the walks of all chains run side by
side, and the orders they need next are priced in one batch. The first starts from the best order of few, large loops
(a short LOMA search), the others from shuffled orders. A walk swaps two loops a step, always accepts what is no worse,
and accepts what is worse with a chance that shrinks with the loss and with time. Prices are cached. At the end the
best orders of all walks are improved by swaps for as long as any swap helps.

Source: V. J. B. Jung et al., "SALSA: Simulated Annealing based Loop-Ordering Scheduler for DNN Accelerators",
AICAS 2023; temperature and acceptance as in ZigZag 3.9.1. Axes: ``t`` slot in the order, ``m`` walk or candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from math import exp, isfinite

import numpy as np

from zigzag_lab.mapping.batch import LoopTables, MappingBatch
from zigzag_lab.mapping.lattice import Factor
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.search.factors import loop_prime_factors, prime_factors
from zigzag_lab.search.loma import Overflow, allocate
from zigzag_lab.search.order_constraints import OrderConstraints
from zigzag_lab.search.orderings import orderings
from zigzag_lab.search.temporal import nothing_fits, temporal_mappings
from zigzag_lab.vocab import InputError, TemporalMappingType
from zigzag_lab.vocab.options import SEED, TEMPORAL_MAPPING_TYPE

COOLING = 0.995
"""Factor of the temperature after every swap of a chain."""

WALKS_PER_CHAIN = 8
"""Walks that a chain's swaps are spread over: a batch of many mappings costs little more than one of few."""

N_WALKS = 64
"""Walks in all at least: few chains have more each."""

LEAST_STEPS = 16
"""Steps of a walk, where the chain has as many; below, it has fewer walks."""

N_LOOPS_AT_START = 6
"""Loops in the short search that the first walk starts from."""

N_ORDERS_AT_START = 5040
"""Orders in it at most."""

MAX_COMBINATIONS = 4_000_000
"""Combinations that the allocator compares at once: choices of all operands of a memory, for all orders of a batch."""

N_DESCENTS = 8
"""Orders that are improved at the end: the best ones that differ."""

LOOK_AHEAD = 32
"""Steps of a walk that are priced at once at most, as if all but the last were refused."""

PriceBatch = Callable[[MappingBatch], np.ndarray]
"""[m] what is to be minimised, for each mapping of a batch."""


@dataclass(frozen=True)
class SalsaSettings:
    """How long, how wide and how warm to search.

    Attributes:
        n_steps: swaps tried by each chain, all its walks together.
        n_chains: chains that run side by side.
        start_temperature: relative loss that is accepted with a chance of 1/e at the start.
        seed: equal seeds give equal results, in any process.
    """

    n_steps: int = 1000
    n_chains: int = 16
    start_temperature: float = 0.05
    seed: int = SEED.default

    def __post_init__(self) -> None:
        for name, value, least in (
            ("salsa_iteration_number", self.n_steps, 0),
            ("salsa_number_of_core", self.n_chains, 1),
            ("seed", self.seed, 0),
        ):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise InputError(name, repr(value), f"a whole number, {least} or more")
        if not self.start_temperature > 0:
            raise InputError("salsa_start_temperature", repr(self.start_temperature), "a number above 0")

    @property
    def walks_per_chain(self) -> int:
        """How many walks share the swaps of a chain."""
        wanted = max(WALKS_PER_CHAIN, N_WALKS // self.n_chains)
        return max(1, min(wanted, self.n_steps // LEAST_STEPS))

    @property
    def steps_per_walk(self) -> int:
        """Swaps that each walk tries; all walks of a chain together no more than the chain's."""
        return self.n_steps // self.walks_per_chain


def salsa_mapping(
    problem: Problem,
    price: PriceBatch,
    settings: SalsaSettings,
    kind: TemporalMappingType = TEMPORAL_MAPPING_TYPE.default,
) -> MappingBatch:
    """The best temporal mapping found, as a batch of one; never worse than the best start.

    Args:
        problem: what is mapped. A complete order of the user's is taken as it is; loops that the user wants at fixed
            positions stay there.
        price: what is to be minimised.
        settings: length, width and temperature of the search.
        kind: even or uneven.

    Raises:
        InfeasibleError: no order that was tried fits the memories, or none meets the user's constraints.
    """
    wanted = OrderConstraints.of(problem)
    if wanted.is_complete:
        return next(temporal_mappings(problem, None, kind))
    if not wanted.suits(problem.temporal_sizes):
        raise nothing_fits(problem, None)
    loops = loop_prime_factors(problem.temporal_sizes, None, wanted.fixed_loops)
    starts, free = _starts(loops, wanted, settings)
    if starts is None:
        raise nothing_fits(problem, None)
    prices = _Prices(problem, loops, price, kind)
    keys = prices.keys(starts)
    keys[0] = prices.short_search() if len(free) == len(loops) else keys[0]
    best = _descended(_annealed(keys, free, prices, settings), free, prices)
    found = allocate(LoopTables(problem, loops, prices.order(best)), kind)
    if found.fitting is None:
        raise nothing_fits(problem, prices.nearest, len(prices.known))
    return found.fitting


class _Prices:
    """The price of orders; each distinct order is allocated and priced once.

    An order is known by its key: a byte for each slot, the number of the loop there; equal loops share a number.
    """

    def __init__(self, problem: Problem, loops: list[Factor], price: PriceBatch, kind: TemporalMappingType) -> None:
        self.problem, self.loops, self.price, self.kind = problem, loops, price, kind
        self.same = np.array([loops.index(loop) for loop in loops], dtype=np.int8)
        n_sharers = max(len(sharers) for sharers in problem.sharers)
        self.batch = max(16, MAX_COMBINATIONS // (len(loops) + 1) ** n_sharers)
        self.nearest: Overflow | None = None
        self.known: dict[bytes, float] = {}

    def keys(self, orders: np.ndarray) -> list[bytes]:
        """The keys of [t, m] orders."""
        return [column.tobytes() for column in np.ascontiguousarray(self.same[orders].T)]

    def order(self, key: bytes) -> np.ndarray:
        """[t, 1] the order of a key."""
        return np.frombuffer(key, dtype=np.int8)[:, None]

    def short_search(self) -> bytes:
        """The best of the first orders of few loops, split into the loops at hand; where none fits, the first."""
        merged = loop_prime_factors(self.problem.temporal_sizes, N_LOOPS_AT_START)
        orders = next(orderings(merged, N_ORDERS_AT_START))[:, :N_ORDERS_AT_START]
        keys = [self._split([merged[i] for i in column]) for column in orders.T.tolist()]
        self.learn(keys)
        return min(keys, key=self.known.__getitem__)

    def _split(self, order: list[Factor]) -> bytes:
        return bytes(self.loops.index((dim, f)) for dim, size in order for f in prime_factors(size).elements())

    def learn(self, keys: Iterable[bytes]) -> None:
        """Price the orders that are not known; those that do not fit are infinitely dear."""
        new = [key for key in dict.fromkeys(keys) if key not in self.known]
        if not new:
            return
        self.known.update(dict.fromkeys(new, np.inf))
        for start in range(0, len(new), self.batch):
            self._price_new(new[start : start + self.batch])

    def _price_new(self, new: list[bytes]) -> None:
        orders = np.ascontiguousarray(np.frombuffer(b"".join(new), dtype=np.int8).reshape(len(new), len(self.loops)).T)
        allocation = allocate(LoopTables(self.problem, self.loops, orders), self.kind)
        if allocation.fitting is not None:
            values = self.price(allocation.fitting).tolist()
            self.known.update(zip(self.keys(allocation.fitting.tables.order), values, strict=True))
        miss = allocation.nearest_miss
        if miss is not None and miss.is_nearer_than(self.nearest):
            self.nearest = miss


def _starts(
    loops: list[Factor], wanted: OrderConstraints, settings: SalsaSettings
) -> tuple[np.ndarray | None, list[int]]:
    """[t, m] shuffled orders with the user's loops in place (None where that cannot be), and the slots left free."""
    n = len(loops)
    fixed = {position % n: (dim, size) for position, dim, size in wanted.positions if -n <= position < n}
    free = [t for t in range(n) if t not in fixed]
    if len(fixed) < len(wanted.positions):
        return None, free
    rng = np.random.default_rng(settings.seed)
    columns = []
    for _ in range(settings.n_chains * settings.walks_per_chain):
        left = rng.permutation(n).tolist()
        column = np.empty(n, dtype=np.int8)
        for slot, (dim, size) in sorted(fixed.items(), key=lambda item: item[1][1] is None):
            fits = [i for i in left if loops[i][0] == dim and size in (None, loops[i][1])]
            if not fits:
                return None, free
            column[slot] = fits[0]
            left.remove(fits[0])
        column[free] = left
        columns.append(column)
    return np.stack(columns, axis=1), free


class _Walk:
    """One walk: what is drawn for each step is drawn beforehand, so that steps ahead can be priced together."""

    def __init__(self, start: bytes, free: list[int], prices: _Prices, settings: SalsaSettings, number: int) -> None:
        self.prices, self.n_steps = prices, settings.steps_per_walk if len(free) > 1 else 0
        rng = np.random.default_rng((settings.seed, number))
        slots = np.array(free, dtype=np.int64)
        drawn = rng.integers(0, max(len(free), 1), (2, self.n_steps))
        self.swaps = list(zip(*(slots[row].tolist() for row in drawn), strict=True))
        self.chances = rng.random(self.n_steps).tolist()
        self.start_temperature = settings.start_temperature
        self.cooling = COOLING**settings.walks_per_chain
        self.current, self.best = start, start
        self.step, self.moved = 0, 0

    def advance(self) -> list[bytes]:
        """Walk as far as prices are known, and return the orders needed next: more, the longer it stands still."""
        known = self.prices.known
        while self.step < self.n_steps:
            proposed = _swapped(self.current, *self.swaps[self.step])
            if proposed not in known:
                n_ahead = min(LOOK_AHEAD, max(2, 2 * (self.step - self.moved)))
                return [_swapped(self.current, *swap) for swap in self.swaps[self.step : self.step + n_ahead]]
            self._consider(proposed)
            self.step += 1
        return []

    def _consider(self, proposed: bytes) -> None:
        now, then = self.prices.known[self.current], self.prices.known[proposed]
        temperature = self.start_temperature * self.cooling**self.step
        if proposed != self.current and self.chances[self.step] < _acceptance(now, then, temperature):
            self.current, self.moved = proposed, self.step
            if then < self.prices.known[self.best]:
                self.best = proposed


def _acceptance(now: float, then: float, temperature: float) -> float:
    """The chance of taking a proposal: 1 where it is no worse; 0 from an order that fits to one that does not."""
    if then <= now:
        return 1.0
    return exp((now / then - 1) / temperature) if isfinite(then) else 0.0


def _swapped(key: bytes, first: int, second: int) -> bytes:
    swapped = bytearray(key)
    swapped[first], swapped[second] = key[second], key[first]
    return bytes(swapped)


def _annealed(starts: list[bytes], free: list[int], prices: _Prices, settings: SalsaSettings) -> list[bytes]:
    """The best orders that the walks visited, the best one first; of equals the first walk's."""
    prices.learn(starts)
    walks = [_Walk(start, free, prices, settings, number) for number, start in enumerate(starts)]
    while wanted := [key for walk in walks for key in walk.advance()]:
        prices.learn(wanted)
    return sorted(dict.fromkeys(walk.best for walk in walks), key=prices.known.__getitem__)[:N_DESCENTS]


def _descended(keys: list[bytes], free: list[int], prices: _Prices) -> bytes:
    """The best order after each took the best of all swaps, again and again, until none improves it."""
    swaps = list(combinations(free, 2))
    going = [key for key in keys if swaps and isfinite(prices.known[key])]
    reached = list(keys)
    while going:
        neighbours = [[_swapped(key, *swap) for swap in swaps] for key in going]
        prices.learn(key for of_one in neighbours for key in of_one)
        best = [min(of_one, key=prices.known.__getitem__) for of_one in neighbours]
        going = list(
            dict.fromkeys(b for b, key in zip(best, going, strict=True) if prices.known[b] < prices.known[key])
        )
        reached += going
    return min(reached, key=prices.known.__getitem__)
