"""From walks through the graph to mappings that the kernel prices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zigzag_lab.exact.graph import Graph
from zigzag_lab.exact.space import ROUNDING
from zigzag_lab.mapping.problem import LoopTables, MappingBatch, Problem
from zigzag_lab.mapping.tiles import tile_elems
from zigzag_lab.vocab import OUTPUT


def batch_of(graph: Graph, steps: Sequence[Sequence[int]] | np.ndarray) -> MappingBatch:
    """The mappings of some walks; ``steps`` is [position, m], the last row closing what is left."""
    space = graph.space
    walks = np.asarray(steps, dtype=np.int64).reshape(space.n_loops + 1, -1)
    lattice, n = space.lattice, walks.shape[1]
    first_of_kind = np.array([lattice.loops.index(kind) for kind in lattice.kinds], dtype=np.int64)
    order = first_of_kind[graph.placed[walks[:-1]]] if space.n_loops else np.zeros((0, n), dtype=np.int64)
    first, last = graph.kinds.first, graph.kinds.last
    cuts = {}
    for o, operand in enumerate(space.operands):
        table = np.zeros((space.terms[o].n_levels, n), dtype=np.int64)
        for position, row in enumerate(walks):
            number = graph.closed[o][row]
            for level in range(len(table)):
                closes = (first[number] <= level) & (level < last[number]) & (number > 0)
                table[level][closes] = position
        cuts[operand] = table
    return MappingBatch(LoopTables(space.problem, lattice.loops, order), cuts)


def fits(batch: MappingBatch) -> np.ndarray:
    """[m] whether each mapping fits the memories, by the rule of :mod:`zigzag_lab.exact.space`."""
    problem, tables = batch.problem, batch.tables
    ok = np.ones(len(batch), dtype=bool)
    for index, sharers in enumerate(problem.sharers):
        memory = problem.accelerator.memories[index]
        total = np.zeros(len(batch))
        for operand, level in sharers:
            cuts = _merged(batch, operand)
            start = cuts[level - 1] if level else np.zeros(len(batch), dtype=np.int64)
            table = tile_elems(tables, operand, level, list(cuts)) * _precision(problem, tables, operand, level, start)
            bits = tables.at(np.ascontiguousarray(table), cuts[level])
            if memory.force_double_buffering:
                bits = np.where((cuts[level] < tables.n_slots) & (bits < table[-1]), bits * 2, bits)
            total = total + bits
        ok &= total <= memory.size_bits * (1 + ROUNDING)
    return ok


def _merged(batch: MappingBatch, operand: str) -> np.ndarray:
    """[level, m] where each level ends once irrelevant loops at its bottom have moved into the level below."""
    tables, cuts = batch.tables, batch.cuts[operand]
    useful = tables.next_useful(operand)
    return np.array([*(tables.at(useful, cut) for cut in cuts[:-1]), cuts[-1]])


def _precision(problem: Problem, tables: LoopTables, operand: str, level: int, start: np.ndarray) -> np.ndarray | int:
    if problem.memory_operand(operand) != OUTPUT:
        return problem.precision(operand)
    irrelevant = problem.layer.relevancy.irrelevant[operand]
    above = problem.fractional.operands[operand].levels[level + 1 :]
    if any(dim in irrelevant for loops in above for dim, _ in loops):
        return problem.precision(operand)
    return np.where(tables.last_reuse(operand) > start, problem.precision(operand), problem.final_precision)
