"""The loops of a mapping as a diagram: rows are loops, and beside each the memory that keeps every operand's data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.plots.loop_nest import NOWHERE, spatial_rows, temporal_rows
from zigzag_lab.plots.style import Style, clipped, memory_styles, new_figure, plain, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOOPS, COLUMN = 4.4, 1.9
CAPTION = (
    "Above the line: loops in time, and the memory that keeps the operand's data of them.\n"
    "Below: loops over the array, and the innermost memory that feeds the operand along that dimension."
)


def plot_loop_nest(cme: CostModelEvaluation, path: str | Path, title: str = "") -> Path:
    """Draw the loops of a mapping, the outermost on top, and save the picture.

    A column for each operand shows in which memory it keeps the data of the loops beside it; a block ends where the
    operand moves to the next memory. Loops over the array stand at the bottom.

    Args:
        cme: the layer with its mapping.
        path: the file; its suffix decides the format (PNG, SVG, PDF).
        title: what stands above; by default the layer's name and equation.

    Raises:
        InputError: the path is not usable.
    """
    operands = tuple(op for op in cme.problem.constraints.operand_links if op in cme.layer.operand_dims)
    temporal, spatial = temporal_rows(cme, operands), spatial_rows(cme, operands)
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
        axes.text(left + COLUMN / 2, -0.35, f"{plain(operand)}", ha="center", va="center", fontsize=9, weight="bold")
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


def readable_on(colour: object) -> str:
    """Black or white, whichever is readable on a colour."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(colour)  # type: ignore[arg-type]
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"
