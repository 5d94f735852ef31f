"""A picture of an accelerator: its memories from the array up, who feeds whom, and how many of each there are."""

from __future__ import annotations

from itertools import permutations
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from zigzag_lab.hardware import Accelerator, Memory
from zigzag_lab.plots.style import new_figure, plain, save
from zigzag_lab.vocab.quantities import size

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ARRAY_COLOUR, MEMORY_COLOUR, EDGE_COLOUR = "#f3c6a5", "#dbe6f1", "#5b6b7a"
LANE_COLOURS = ("#1b7f79", "#b3541e", "#6a4c93", "#8a6d1d")
LANE, ROW, BOX_WIDTH, BOX_HEIGHT = 2.6, 1.5, 2.2, 0.85


def plot_memory_hierarchy(accelerator: Accelerator, path: str | Path) -> Path:
    """Draw the memories of an accelerator as boxes over the array, and save the picture.

    Each memory operand has a lane of its own, in which its data moves up and down; a memory spans the lanes of the
    operands it holds. Boxes show the number of instances of a memory, and the size of one.
    """
    lanes, heights = _lanes(accelerator), _heights(accelerator)
    top = max(heights.values())
    figure = new_figure(1.0 + len(lanes) * 2.1, 1.6 + (top + 1) * 1.1)
    axes = figure.add_subplot()
    for lane, operand in enumerate(lanes):
        _draw_lane(axes, lane, operand, [heights[i] for i in accelerator.levels[operand]])
    sizes = " x ".join(f"{dim} {n}" for dim, n in accelerator.array.sizes.items())
    _draw_box(axes, (0, len(lanes) - 1), 0, f"array\n{sizes}", ARRAY_COLOUR)
    for index, memory in enumerate(accelerator.memories):
        held = [lanes.index(operand) for operand in memory.operands]
        _draw_box(axes, (min(held), max(held)), heights[index], _memory_text(accelerator, memory), MEMORY_COLOUR)
    axes.set_title(f"Memory hierarchy of {plain(accelerator.name)}", fontsize=11)
    axes.set_xlim(-LANE * 0.55, (len(lanes) - 0.45) * LANE)
    axes.set_ylim(-0.7, top * ROW + 0.7)
    axes.axis("off")
    return save(figure, path)


def _lanes(accelerator: Accelerator) -> tuple[str, ...]:
    """Memory operands from left to right, so that memories span as few lanes as can be of operands they do not hold."""

    def n_strangers(order: tuple[str, ...]) -> int:
        spans = [[order.index(op) for op in memory.operands] for memory in accelerator.memories]
        return sum(max(span) - min(span) + 1 - len(span) for span in spans)

    return min(permutations(sorted(accelerator.levels)), key=n_strangers)


def _heights(accelerator: Accelerator) -> dict[int, int]:
    """Memory index -> row: one above the highest memory that stands below it in any lane it spans; the array is 0."""
    lanes = _lanes(accelerator)
    reached = dict.fromkeys(lanes, 0)
    heights: dict[int, int] = {}
    for index in accelerator.bottom_up:
        held = [lanes.index(operand) for operand in accelerator.memories[index].operands]
        spanned = lanes[min(held) : max(held) + 1]
        heights[index] = max(reached[operand] for operand in spanned) + 1
        reached.update(dict.fromkeys(spanned, heights[index]))
    return heights


def _memory_text(accelerator: Accelerator, memory: Memory) -> str:
    n_instances = prod(n for dim, n in accelerator.array.sizes.items() if dim not in memory.served_dimensions)
    shown = size(memory.size_bits)
    return f"{memory.name}\n{n_instances:,} x {shown}" if n_instances > 1 else f"{memory.name}\n{shown}"


def _draw_lane(axes: Axes, lane: int, operand: str, heights: list[int]) -> None:
    """The way of one operand from its outermost memory to the array, with its name between any two of its boxes."""
    x, colour = lane * LANE, LANE_COLOURS[lane % len(LANE_COLOURS)]
    stops = [0, *sorted(heights)]
    axes.plot([x, x], [0, stops[-1] * ROW], color=colour, linewidth=2.5, zorder=1)
    for low in stops[:-1]:
        axes.text(x + 0.1, (low + 0.5) * ROW, operand, fontsize=8, va="center", color=colour)


def _draw_box(axes: Axes, lanes: tuple[int, int], height: int, text: str, colour: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    left, right = lanes[0] * LANE - BOX_WIDTH / 2, lanes[1] * LANE + BOX_WIDTH / 2
    corner, style = (left, height * ROW - BOX_HEIGHT / 2), "round,pad=0.02,rounding_size=0.08"
    box = FancyBboxPatch(corner, right - left, BOX_HEIGHT, boxstyle=style, facecolor=colour, edgecolor=EDGE_COLOUR)
    box.set_zorder(2)
    axes.add_patch(box)
    axes.text(
        (left + right) / 2,
        height * ROW,
        "\n".join(map(plain, text.split("\n"))),
        ha="center",
        va="center",
        fontsize=8,
        zorder=3,
    )
