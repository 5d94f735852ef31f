"""The loops of a mapping as text and as a diagram: each with the memory that holds every operand's data of it."""

from __future__ import annotations

import itertools
import operator
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.plots.style import Style, clipped, memory_styles, new_figure, plain, readable_on, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOOPS, COLUMN = 4.4, 1.9
CAPTION = (
    "Above the line: loops in time, and the memory that keeps the operand's data of them.\n"
    "Below: loops over the array, and the innermost memory that feeds the operand along that dimension."
)
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
    operands = _operands(cme)
    temporal, spatial = _temporal_rows(cme, operands), _spatial_rows(cme, operands)
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


def plot_loop_nest(cme: CostModelEvaluation, path: str | Path, title: str = "") -> Path:
    """Draw the loops of a mapping, the outermost on top, and save the picture.

    A column for each operand shows which memory holds its data for the loops beside it; a block ends where the
    operand moves to the next memory. Loops over the array stand at the bottom.
    The title is the layer's name by default.
    """
    operands = _operands(cme)
    temporal, spatial = _temporal_rows(cme, operands), _spatial_rows(cme, operands)
    rows = [*temporal, *spatial]
    height = 1.9 + 0.34 * max(1, len(rows))
    figure = new_figure(max(6.4, 0.86 * (LOOPS + COLUMN * len(operands))), height, title or cme.layer.name)
    axes = figure.add_subplot()
    axes.set_xlim(0, LOOPS + COLUMN * len(operands))
    axes.set_ylim(max(1, len(rows)) + 0.3, -1.1)
    axes.axis("off")
    for row, (loop, _) in enumerate(rows):
        depth, text = len(loop) - len(loop.lstrip()), loop.strip()
        is_spatial = row >= len(temporal)
        colour = "#1f3d66" if is_spatial else "black"
        axes.text(
            0.05 + min(depth, 24) * 0.055,
            row + 0.5,
            plain(text),
            fontsize=8,
            va="center",
            family="monospace",
            color=colour,
        )
    if not rows:
        axes.text(0.05, 0.5, "(no loops)", fontsize=8, va="center")
    styles = memory_styles([cme])
    for place, operand in enumerate(operands):
        left = LOOPS + place * COLUMN
        axes.text(left + COLUMN / 2, -0.35, plain(operand), ha="center", va="center", fontsize=9, weight="bold")
        _draw_column(axes, left, [names[place] for _, names in temporal], 0, styles)
        _draw_column(axes, left, [names[place] for _, names in spatial], len(temporal), styles)
    if temporal and spatial:
        axes.axhline(len(temporal), color="black", linewidth=1.4)
    axes.set_title(clipped(cme.layer.equation, 90), fontsize=8, loc="left")
    figure.supxlabel(CAPTION, fontsize=7.5)
    return save(figure, path)


def _draw_column(axes: Axes, left: float, names: list[str], top: int, styles: dict[str, Style]) -> None:
    """One block for each stretch of rows in the same memory."""
    from matplotlib.patches import Rectangle

    start = 0
    while start < len(names):
        end = start
        while end < len(names) and names[end] == names[start]:
            end += 1
        name = names[start]
        colour = styles[name][0] if name in styles else "white"
        corner = (left + 0.08, top + start + 0.06)
        axes.add_patch(
            Rectangle(corner, COLUMN - 0.16, end - start - 0.12, facecolor=colour, edgecolor="#262626", linewidth=0.6)
        )
        text = "(in each unit)" if name == NOWHERE else clipped(name, 18)
        middle = top + (start + end) / 2
        axes.text(left + COLUMN / 2, middle, text, ha="center", va="center", fontsize=8, color=readable_on(colour))
        start = end


def _operands(cme: CostModelEvaluation) -> tuple[str, ...]:
    """The layer's operands in the order of the mapping file."""
    return tuple(op for op in cme.problem.constraints.operand_links if op in cme.layer.operand_dims)


def _temporal_rows(cme: CostModelEvaluation, operands: tuple[str, ...]) -> list[Row]:
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
    """The memory to which an operand's loop is allocated that completes so many iterations."""
    memories = cme.problem.accelerator.memories
    reached = 1.0
    name = ""
    for level, index in zip(cme.temporal_mapping.levels[operand], cme.problem.memories[operand], strict=True):
        reached, name = reached * prod(size for _, size in level), memories[index].name
        if reached >= n_iterations:
            break
    return name


def _spatial_rows(cme: CostModelEvaluation, operands: tuple[str, ...]) -> list[Row]:
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
