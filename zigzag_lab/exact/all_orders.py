"""The best of all orders of all loop prime factors, as LOMA allocates them, with a certificate.

Every order is priced one by one where there are few; else one of each class of equal beginnings
(:mod:`zigzag_lab.search.order_classes`): a few thousand out of millions. This rests on the longest beginning that fits
being LOMA's choice at every memory. :func:`why_unproven` finds where that, or the arithmetic, does not hold; merging
may then lose the best order, and the certificate has the lower bound of exact search instead, which covers more: all
uneven mappings.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from zigzag_lab.cost.array import mac_energy_pj, with_static
from zigzag_lab.cost.certificate import ALL_ORDERS, Certificate
from zigzag_lab.cost.kernel import Prices, price
from zigzag_lab.exact.solve import NothingBetterError, Solution, solve
from zigzag_lab.exact.space import Space
from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.mapping.lattice import Factor
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.search.order_classes import AllocationStates, OrderClasses
from zigzag_lab.search.orderings import CHUNK, n_orderings
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
        orders: [n, m] arrays of indices into ``loops``, innermost first.
        is_proven: whether the best of all orders is among them.
    """

    loops: list[Factor]
    orders: Iterator[np.ndarray]
    is_proven: bool = True


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
        return Candidates(loops, orders)
    space = Space(problem)
    in_doubt = why_unproven(space) is not None
    if in_doubt and n <= most_one_by_one:
        return Candidates(loops, orders)
    return merged(space, MOST_IN_DOUBT if in_doubt else MOST_BEGINNINGS, in_doubt=in_doubt)


def merged(space: Space, most: int, *, in_doubt: bool) -> Candidates:
    """Return one order of each class of equal beginnings.

    Where no order fits, those that came furthest: LOMA rejects them, and reports what was missing.

    Args:
        space: the orders.
        most: beginnings of one length that are kept; of more, as many spread evenly over all.
        in_doubt: whether classes may hold orders of different prices (:func:`why_unproven`).
    """
    states = [_states(space, o, in_doubt=in_doubt) for o in range(len(space.operands))]
    classes = OrderClasses(space.lattice, states, space.allowed, most, thinned=True)
    orders = classes.orders()
    if not classes.fits_any:
        orders = np.concatenate([orders[:, :CHUNK], _rest(classes)])
    chunks = (orders[:, start : start + CHUNK] for start in range(0, orders.shape[1], CHUNK))
    return Candidates(list(space.lattice.loops), chunks, classes.is_complete and not in_doubt)


def _states(space: Space, o: int, *, in_doubt: bool) -> AllocationStates:
    terms, problem = space.terms[o], space.problem
    fits = [
        np.stack(needed) <= problem.accelerator.memories[index].size_bits
        for needed, index in zip(space.needed[o], terms.memories, strict=True)
    ]
    elems = [[terms.raw_elems(form, level) for form in terms.problem.forms] for level in range(terms.n_levels)]
    return AllocationStates(problem, space.lattice, terms.operand, np.stack(fits), elems, in_doubt=in_doubt)


def _rest(classes: OrderClasses) -> np.ndarray:
    """[n, m] the loops that are missing from the first beginnings, in any order."""
    lattice, points = classes.lattice, classes.points[:CHUNK]
    left = np.array(lattice.counts, dtype=np.int64)[:, None] - lattice.inside[:, points]
    rest = [np.repeat(np.arange(len(left)), column) for column in left.T]
    return classes.loops_of(np.array(rest, dtype=np.int64).T)


def why_unproven(space: Space) -> str | None:
    """Why merged orders may lack the best one; None where they hold it."""
    relevancy = space.problem.layer.relevancy
    for terms in space.terms:
        unrolled = space.problem.fractional.operands[terms.operand]
        if unrolled.rounding_dims(unrolled.dims):
            return "unrollings that are not exact in binary, whose order of multiplication shows"
        if relevancy.partial[terms.operand] and not unrolled.is_whole:
            return "fractional unrollings beside sliding windows, which are rounded"
    if any(_is_contended(space, index) for index in range(len(space.sharers))):
        return "operands that contend for a memory"
    inner = (table for needed in space.needed for level in needed[:-1] for table in level)
    if any(_may_stop_short(space, table) for table in inner):
        return "tiles that outgrow the loop that is added to them"
    return None


def _is_contended(space: Space, index: int) -> bool:
    """Whether what one operand keeps at a memory leaves less for another, so that LOMA weighs them together."""
    sharers = space.sharers[index]
    if len(sharers) < 2 or all(level == space.terms[o].n_levels - 1 for o, level in sharers):
        return False
    return space.most_bits(index) > space.problem.accelerator.memories[index].size_bits


def _may_stop_short(space: Space, needed: np.ndarray) -> bool:
    """Whether another loop ever makes a tile grow by more than its size, so that LOMA may leave it out."""
    lattice = space.lattice
    for (_, size), stride, inside, count in zip(
        lattice.kinds, lattice.strides, lattice.inside, lattice.counts, strict=True
    ):
        before = np.flatnonzero(inside < count)
        if (needed[before + stride] > size * needed[before]).any():
            return True
    return False


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
        latency = float(np.prod(list(problem.temporal_sizes.values()))) * problem.accelerator.array.cycles_per_op
        energy = with_static(problem, mac_energy_pj(problem), latency)
        floor = {Objective.ENERGY: energy, Objective.LATENCY: latency, Objective.EDP: energy * latency}[objective]
        return min(figure, floor)
    try:
        answer = solve(problem, objective, seconds=SECONDS_FOR_A_BOUND, to_beat=figure)
        return min(figure, answer.certificate.lower_bound)
    except NothingBetterError as nothing:
        return nothing.certificate.lower_bound
