"""The loops of a mapping as text: each with the memory at which every operand keeps it."""

from __future__ import annotations

import itertools
import operator
from math import prod

from zigzag_lab.cost import CostModelEvaluation

INDENT = 2
GAP = 4
NOWHERE = "-"
"""For a spatial loop over an array dimension that no memory of an operand serves: each unit has its own memories."""

Row = tuple[str, tuple[str, ...]]


def loop_nest_text(cme: CostModelEvaluation) -> str:
    """The loops of a layer as a table, the outermost on top: loops in time, then loops over the array.

    The columns are the layer's operands in the order of the mapping file; they name the memory that holds, for that
    operand, the data of one iteration's loops below.
    """
    operands = tuple(op for op in cme.problem.constraints.operand_links if op in cme.layer.operand_dims)
    temporal, spatial = temporal_rows(cme, operands), spatial_rows(cme, operands)
    rows = [*temporal, *spatial]
    width = max([len(loop) for loop, _ in rows] + [len("Temporal loops")]) + GAP
    columns = [max([len(names[i]) for _, names in rows] + [len(op)]) + GAP for i, op in enumerate(operands)]
    total = width + sum(columns)

    def line(loop: str, names: tuple[str, ...]) -> str:
        cells = (name.ljust(column) for name, column in zip(names, columns, strict=True))
        return (loop.ljust(width) + "".join(cells)).rstrip()

    text = [f"Loop ordering for {cme.layer.name}; {cme.layer.equation}"]
    blank = ("",) * len(operands)
    for title, heads, group in (("Temporal loops", operands, temporal), ("Spatial loops", blank, spatial)):
        text += ["=" * total, line(title, heads), "=" * total]
        for loop, names in group or [("(none)", blank)]:
            text += [line(loop, names), "-" * total]
    return "\n".join(text) + "\n"


def temporal_rows(cme: CostModelEvaluation, operands: tuple[str, ...]) -> list[Row]:
    """The temporal loops, outermost first, split as the operand that splits them most finely."""
    levels = cme.temporal_mapping.levels
    loops = max(([loop for level in levels[op] for loop in level] for op in operands), key=len)
    inside = list(itertools.accumulate((size for _, size in loops), operator.mul))
    rows: list[Row] = []
    for depth, position in enumerate(reversed(range(len(loops)))):
        dim, size = loops[position]
        names = tuple(_keeping_memory(cme, op, inside[position]) for op in operands)
        rows.append((" " * (INDENT * depth) + f"for {dim} in [0, {size:g}):", names))
    return rows


def _keeping_memory(cme: CostModelEvaluation, operand: str, n_iterations: float) -> str:
    """The memory at which an operand keeps the loop that completes so many iterations."""
    memories = cme.problem.accelerator.memories
    reached = 1.0
    name = ""
    for level, index in zip(cme.temporal_mapping.levels[operand], cme.problem.memories[operand], strict=True):
        reached, name = reached * prod(size for _, size in level), memories[index].name
        if reached >= n_iterations:
            break
    return name


def spatial_rows(cme: CostModelEvaluation, operands: tuple[str, ...]) -> list[Row]:
    """The unrolled loops, with the array dimension each stands on."""
    unrollings = cme.problem.spatial_mapping.unrollings
    loops = [(array_dim, dim, size) for array_dim, unrolled in unrollings.items() for dim, size in unrolled.items()]
    rows = []
    for array_dim, dim, size in loops:
        names = tuple(_feeding_memory(cme, op, array_dim) for op in operands)
        rows.append((f"parfor {dim} in [0, {size:g}) on {array_dim}:", names))
    return rows


def _feeding_memory(cme: CostModelEvaluation, operand: str, array_dim: str) -> str:
    """The innermost memory of an operand that serves an array dimension with one instance."""
    memories = cme.problem.accelerator.memories
    serving = [memories[i] for i in cme.problem.memories[operand] if array_dim in memories[i].served_dimensions]
    return serving[0].name if serving else NOWHERE
