"""Priced layers to keep: random ones from a seed, and small networks of them."""

from __future__ import annotations

from dataclasses import replace

from tests.differential import problem_of
from tests.strategies.problems import random_problem
from zigzag_lab.cost.evaluation import CostModelEvaluation
from zigzag_lab.cost.sums import CostModelEvaluationABC, CumulativeCME
from zigzag_lab.mapping.temporal import TemporalMapping


def price_of(seed: int, layer_id: int | None = None) -> CostModelEvaluation:
    """The price of the random problem of a seed; its layer under another id where one is given."""
    random = random_problem(seed)
    problem = problem_of(random)
    levels = {op: tuple(tuple(level) for level in random.levels[op]) for op in problem.operands}
    cme = CostModelEvaluation(problem, TemporalMapping.of(problem.layer, levels))
    if layer_id is None:
        return cme
    return cme.for_layer(replace(cme.layer, id=layer_id, name=f"layer_{layer_id}"))


def network_of(*seeds: int) -> list[CostModelEvaluation]:
    """One priced layer for each seed, with ids 0, 10, 20..."""
    return [price_of(seed, 10 * i) for i, seed in enumerate(seeds)]


def total_of(network: list[CostModelEvaluation]) -> CostModelEvaluationABC:
    """The sum of terms that a run keeps; a plain sum, as random layers come on unrelated accelerators."""
    total = CumulativeCME()
    for cme in network:
        for name in CumulativeCME._ADDED:
            setattr(total, name, getattr(total, name) + getattr(cme, name))
        total._energy += cme.energy_total
        total._latency += cme.latency_total2
    return total
