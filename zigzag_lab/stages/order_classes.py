"""The best order of loops, where orders of equal prices are known: one of each class is priced."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from zigzag_lab.cost import Certificate, price
from zigzag_lab.cost.certificate import ALL_ORDERS
from zigzag_lab.cost.kernel import supports
from zigzag_lab.mapping.batch import LoopTables, MappingBatch
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.shapes import TileShapes
from zigzag_lab.search.loma import allocate
from zigzag_lab.search.order_classes import OrderClasses
from zigzag_lab.search.order_constraints import OrderConstraints
from zigzag_lab.search.orderings import CHUNK
from zigzag_lab.search.temporal import order_classes
from zigzag_lab.vocab import Objective, TemporalMappingType


@dataclass(frozen=True)
class BestOrder:
    """Result of a search through classes of orders.

    Attributes:
        batch: the mapping, alone.
        figure: its energy, latency or their product.
        n_orders: orders that fit the memories, of all classes.
        n_classes: the classes.
    """

    batch: MappingBatch
    figure: float
    n_orders: int
    n_classes: int


def best_of_classes(
    problem: Problem,
    lpf_limit: int | None,
    objective: Objective,
    kind: TemporalMappingType,
) -> BestOrder | None:
    """Return the mapping that pricing every order one by one would choose, without pricing them all.

    None where orders are few, where it is not known which have equal prices, and where none fits the memories.

    Args:
        problem: what is mapped.
        lpf_limit: the most loop prime factors; None for all.
        objective: what to minimise. Of equal latencies the one of least energy is chosen and the other way round, and
            then the first.
        kind: even or uneven.
    """
    classes = order_classes(problem, lpf_limit) if supports(problem) else None
    if classes is None:
        return None
    energy, latency = _prices(problem, classes, kind)
    fitting = np.isfinite(energy)
    if not fitting.any():
        return None
    chosen = np.flatnonzero(fitting)
    ranks = _ranks(objective, energy, latency)
    for figures in ranks:
        chosen = chosen[figures[chosen] == figures[chosen].min()]
    first = allocate(LoopTables(problem, classes.lattice.loops, classes.first_of(chosen)), kind).fitting
    n_orders = round(float(classes.n_orders[fitting].sum()))
    return None if first is None else BestOrder(first, float(ranks[0][chosen[0]]), n_orders, int(fitting.sum()))


def can_be_merged(problem: Problem, kind: TemporalMappingType) -> bool:
    """Whether equal beginnings of orders can be merged: not for sliding-window outputs, nor for even mappings."""
    is_free = not OrderConstraints.of(problem).complete_order  # a layer that is all unrolled has one order, of none
    return is_free and kind is TemporalMappingType.UNEVEN and supports(problem)


def best_order(problem: Problem, objective: Objective) -> tuple[MappingBatch, Certificate]:
    """Return the best of all orders of all loop prime factors, alone in its batch, and what is proven of it."""
    started, kind = time.perf_counter(), TemporalMappingType.UNEVEN
    found = best_of_classes(problem, None, objective, kind)
    if found is not None:
        work = float(found.n_orders), found.n_classes, time.perf_counter() - started
        return found.batch, Certificate(objective, found.figure, found.figure, ALL_ORDERS, *work)
    from zigzag_lab.exact.all_orders import best_of_all_orders

    answer = best_of_all_orders(problem, objective)
    return answer.batch.only(answer.index), answer.certificate


def _prices(problem: Problem, classes: OrderClasses, kind: TemporalMappingType) -> tuple[np.ndarray, np.ndarray]:
    """[c] energy and latency of each class; infinite where LOMA rejects it."""
    shapes, orders = TileShapes.of(problem, classes.lattice.loops), classes.orders()
    energy, latency = np.full(orders.shape[1], np.inf), np.full(orders.shape[1], np.inf)
    for start in range(0, orders.shape[1], CHUNK):
        part = np.arange(start, min(start + CHUNK, orders.shape[1]))
        found = allocate(LoopTables(problem, classes.lattice.loops, orders[:, part], shapes), kind)
        if found.fitting is not None:
            prices = price(found.fitting)
            energy[part[found.fits]], latency[part[found.fits]] = prices.energy_pj, prices.latency_cycles
    return energy, latency


def _ranks(objective: Objective, energy: np.ndarray, latency: np.ndarray) -> tuple[np.ndarray, ...]:
    """[c] each: what is compared first, second."""
    if objective is Objective.EDP:
        return (latency * energy,)
    return (latency, energy) if objective is Objective.LATENCY else (energy, latency)
