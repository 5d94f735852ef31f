"""The best of all orders of all loop prime factors, as LOMA allocates them, with a certificate.

Every order is priced one by one where there are few; else one of each class of equal beginnings
(:mod:`zigzag_lab.exact.merging`). Where it is not proven that merging keeps the best, the certificate has the lower
bound of exact search instead, which speaks of more: of all uneven mappings.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from zigzag_lab.cost.certificate import ALL_ORDERS, Certificate
from zigzag_lab.cost.kernel import Prices, price
from zigzag_lab.cost.static import mac_energy_pj
from zigzag_lab.exact.merging import MergedOrders, why_unproven
from zigzag_lab.exact.solve import NothingBetterError, Solution, solve
from zigzag_lab.exact.space import Space
from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.mapping.lattice import Factor
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.search.orderings import n_orderings
from zigzag_lab.search.temporal import fitting, nothing_fits, orders_of, temporal_mappings
from zigzag_lab.vocab import InfeasibleError, Objective, TemporalMappingType

FEW = 1_000
"""Orders that are priced without further thought."""
MOST_ONE_BY_ONE = 100_000
"""Orders that are all priced where merging them is not proven."""
MOST_BEGINNINGS, MOST_IN_DOUBT = 1_000_000, 10_000
"""Beginnings of one length that are kept, where that proves something and where it does not."""
N_LOOPS_AT_LEAST = 6
"""Loops of the search that stands in where merging lost all orders that fit."""
SECONDS_FOR_A_BOUND = 1.0
"""For the search for a lower bound where merging is not proven."""


@dataclass(frozen=True)
class Candidates:
    """Orders among which the best one is.

    Attributes:
        loops: what they order.
        orders: [n, m] arrays of indices into ``loops``.
        is_proven: asked after the last of them, whether the best of all orders was there.
    """

    loops: list[Factor]
    orders: Iterator[np.ndarray]
    merged: MergedOrders | None
    doubt: str | None

    @property
    def is_proven(self) -> bool:
        """Whether the best of all orders is among them; known once they have all been seen."""
        return self.doubt is None and not (self.merged is not None and self.merged.is_cut)


def candidates(problem: Problem, *, few: int = FEW, most_one_by_one: int = MOST_ONE_BY_ONE) -> Candidates:
    """All orders, or one of each class.

    Args:
        problem: what is mapped; constraints on the order of its loops hold.
        few: up to so many orders are not merged.
        most_one_by_one: up to so many orders are not merged where that is not proven to keep the best.
    """
    loops, orders = orders_of(problem, None)
    n = n_orderings(loops)
    if n <= few:
        return Candidates(loops, orders, None, None)
    space = Space(problem)
    doubt = why_unproven(space)
    if doubt is not None and n <= most_one_by_one:
        return Candidates(loops, orders, None, None)
    merged = MergedOrders(space, MOST_BEGINNINGS if doubt is None else MOST_IN_DOUBT)
    return Candidates(list(space.lattice.loops), iter(merged), merged, doubt)


def best_of_all_orders(problem: Problem, objective: Objective, *, among: Candidates | None = None) -> Solution:
    """The best of all orders of all loop prime factors, each allocated by LOMA.

    Args:
        problem: what is mapped; its kernel must support it (:func:`zigzag_lab.cost.kernel.supports`).
        objective: what to minimise.
        among: the orders to choose from; by default what :func:`candidates` finds.

    Raises:
        InfeasibleError: no order fits the memories.
    """
    started = time.perf_counter()
    among = among or candidates(problem)
    best: tuple[tuple[float, float, float], MappingBatch, int] | None = None
    n_priced = 0
    for batch in _fitting(problem, among):
        index, rank = _lowest(price(batch), objective)
        n_priced += len(batch)
        if best is None or rank < best[0]:
            best = rank, batch, index
    if best is None:
        raise nothing_fits(problem, None)
    (figure, energy_pj, latency_cycles), batch, index = best
    lower_bound = figure if among.is_proven else _lower_bound(problem, objective, figure)
    work = float(n_orderings(among.loops)), n_priced, time.perf_counter() - started
    certificate = Certificate(objective, lower_bound, figure, ALL_ORDERS, *work)
    return Solution(batch, index, energy_pj, latency_cycles, certificate)


def _fitting(problem: Problem, among: Candidates) -> Iterator[MappingBatch]:
    """The mappings that fit; where merging lost them all, those of a short search."""
    try:
        yield from fitting(problem, among.loops, among.orders, TemporalMappingType.UNEVEN)
    except InfeasibleError:
        if among.is_proven:
            raise
        yield from temporal_mappings(problem, N_LOOPS_AT_LEAST)


def _lowest(prices: Prices, objective: Objective) -> tuple[int, tuple[float, float, float]]:
    """The mapping of least figure, energy and latency, in that order, and those three."""
    energy, latency = prices.energy_pj, prices.latency_cycles
    figures = {Objective.ENERGY: energy, Objective.LATENCY: latency, Objective.EDP: prices.edp_pj_cycles}[objective]
    index = int(np.lexsort((latency, energy, figures))[0])
    return index, (float(figures[index]), float(energy[index]), float(latency[index]))


def _lower_bound(problem: Problem, objective: Objective, figure: float) -> float:
    """Return a lower bound over all uneven mappings, LOMA's among them; no higher than a figure.

    Where results are wider than unfinished sums, exact search leaves some of LOMA's out: then what operations cost.
    """
    if problem.final_precision > problem.precision(problem.layer.output_operand):
        energy = mac_energy_pj(problem)
        latency = float(np.prod(list(problem.temporal_sizes.values()))) * problem.accelerator.array.cycles_per_op
        floor = {Objective.ENERGY: energy, Objective.LATENCY: latency, Objective.EDP: energy * latency}[objective]
        return min(figure, floor)
    try:
        answer = solve(problem, objective, seconds=SECONDS_FOR_A_BOUND, to_beat=figure)
        return min(figure, answer.certificate.lower_bound)
    except NothingBetterError as nothing:
        return nothing.certificate.lower_bound
