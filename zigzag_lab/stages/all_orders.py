"""LOMA without a limit, where a stage above wants the best mapping only."""

from __future__ import annotations

import time

from zigzag_lab.cost import Certificate
from zigzag_lab.cost.certificate import ALL_ORDERS
from zigzag_lab.cost.kernel import supports
from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.search.order_constraints import OrderConstraints
from zigzag_lab.stages.order_classes import best_of_classes
from zigzag_lab.vocab import Objective, TemporalMappingType


def can_be_merged(problem: Problem, kind: TemporalMappingType) -> bool:
    """Whether equal beginnings of orders can be merged: not where outputs slide, not for even mappings."""
    is_free = not OrderConstraints.of(problem).complete_order  # a layer that is all unrolled has one order, of none
    return is_free and kind is TemporalMappingType.UNEVEN and supports(problem)


def best_order(problem: Problem, objective: Objective) -> tuple[MappingBatch, Certificate]:
    """The best of all orders of all loop prime factors, alone in its batch, and what is proven of it."""
    started, kind = time.perf_counter(), TemporalMappingType.UNEVEN
    found = best_of_classes(problem, None, objective, kind)
    if found is not None:
        work = float(found.n_orders), found.n_classes, time.perf_counter() - started
        return found.batch, Certificate(objective, found.figure, found.figure, ALL_ORDERS, *work)
    from zigzag_lab.exact.all_orders import best_of_all_orders

    answer = best_of_all_orders(problem, objective)
    return answer.batch.only(answer.index), answer.certificate
