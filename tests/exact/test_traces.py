"""Tiles of which the order of loops decides the size: known for sure, and therefore proven."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tests.exact.cases import Case
from tests.exact.comparison import differences
from tests.exact.halves import followed_graph, halved_problem
from tests.exact.networks import layer_problem
from zigzag_lab.cost import price
from zigzag_lab.exact import traces
from zigzag_lab.exact.graph import Graph, batch_of
from zigzag_lab.exact.solve import solve
from zigzag_lab.exact.space import Space
from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.mapping.unrolling import split_levels
from zigzag_lab.vocab import Objective
from zigzag_lab.workload import DimensionRelation, Layer

SEEDS = (8455, 1635, 18458, 15626, 23737, 14989, 12765, 10054, 20218)
"""Of :func:`halved_problem`, with few mappings."""


def halved(seed: int) -> Problem:
    problem = halved_problem(seed)
    assert problem is not None
    return problem


def test_everything_is_proven_and_is_what_brute_force_finds() -> None:
    counts: Counter[str] = Counter()
    for seed in SEEDS:
        case = Case.of(halved(seed).with_repeated_reads(skipped=seed % 3 != 0))
        assert not differences(case, counts, limit=1_300, scalar=seed % 2 == 0), f"seed {seed}"
    assert counts["proven"] == 3 * len(SEEDS)
    assert counts["proven fronts"] == counts["spaces of the same size"] == len(SEEDS)


def test_where_orders_are_too_many_to_follow_bounds_are_honest(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = [halved(seed) for seed in SEEDS]
    monkeypatch.setattr(traces, "MOST_BEGINNINGS", 0)
    counts: Counter[str] = Counter()
    for problem in problems:
        assert not differences(Case.of(problem), counts, limit=1_300, scalar=False)
    assert counts["left open"]
    assert counts["open fronts"]
    assert not counts["left open, and not the best"]


def test_rows_are_the_sizes_that_the_order_of_loops_makes() -> None:
    rng, sizes = np.random.default_rng(0), set()
    for seed in SEEDS:
        graph = followed_graph(halved(seed))
        assert graph is not None
        steps = random_steps(graph, rng, 20)
        batch = batch_of(graph, steps)
        for m in range(len(batch)):
            for o, operand in enumerate(graph.space.operands):
                rows = rows_of(graph, o, steps[:, m])
                for form in graph.space.problem.forms:
                    of_levels = [int(graph.space.terms[o].elems(form, a)[row]) for a, row in enumerate(rows, start=1)]
                    assert of_levels == sizes_by_hand(batch, m, operand, form.operands[operand].levels), seed
                sizes |= {row // graph.space.lattice.n_points for row in rows}
    assert {0, 1} <= sizes


def random_steps(graph: Graph, rng: np.random.Generator, n: int) -> np.ndarray:
    """[position, n] random walks through a graph, from its end."""
    state, steps = np.full(n, graph.n_states - 1), []
    for layer in reversed(range(len(graph.layers))):
        begin, n_steps = graph.into(layer, state)
        steps.append(begin + rng.integers(0, n_steps))
        state = graph.source[steps[-1]]
    return np.array(steps[::-1])


def rows_of(graph: Graph, operand: int, steps: np.ndarray) -> list[int]:
    """The row of the tile of each level of an operand."""
    kinds, rows = graph.kinds, []
    for number in graph.allocated[operand][steps]:
        rows += [int(kinds.row[level, number]) for level in range(kinds.first[number], kinds.last[number]) if number]
    return rows


def sizes_by_hand(
    batch: MappingBatch, mapping: int, operand: str, unrolled: tuple[tuple[object, ...], ...]
) -> list[int]:
    """The product of all factors of new data, level by level, as ZigZag forms it."""
    layer = batch.problem.layer
    levels = TemporalMapping.of(layer, batch.allocated(mapping)).levels[operand]
    joint = [(*in_time, *in_space) for in_time, in_space in zip(levels, unrolled, strict=False)]
    split = split_levels(layer, operand, joint)  # type: ignore[arg-type]
    found, elems = [], 1.0
    for level in split:
        elems *= level.n_relevant
        found.append(round(elems))
    return found


@pytest.mark.parametrize("objective", [Objective.ENERGY, Objective.EDP])
def test_windows_over_one_and_a_half_channels_are_proven(objective: Objective) -> None:
    layer = Layer(
        0,
        "conv1",
        "Conv",
        {"O": ("K", "OY", "OX"), "W": ("K", "C", "FY", "FX"), "I": ("C", "IY", "IX")},
        {"K": 96, "C": 3, "OY": 54, "OX": 54, "FY": 11, "FX": 11},
        relations=tuple(DimensionRelation(f"I{a}", f"O{a}", 4, f"F{a}", 1) for a in "XY"),
        data_sizes={"IX": 224, "IY": 224},
        precision_bits={"W": 8, "I": 8, "O": 16, "O_final": 8},
        constant_operands=("W",),
    )
    problem = layer_problem("meta_prototype", layer=layer)
    assert Space(problem).is_ambiguous
    answer = solve(problem, objective, seconds=None)
    assert answer.certificate.gap == 0
    assert answer.energy_pj == price(answer.batch).energy_pj[answer.index]
