"""A picture of an accelerator: its memories from the array up, who feeds whom, and how many of each there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.hardware import Accelerator, AccessCost, Memory, costs_by_width
from zigzag_lab.plots.style import new_figure, plain, save
from zigzag_lab.vocab.quantities import size, tally

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ARRAY_COLOUR, MEMORY_COLOUR, EDGE_COLOUR = "#f3c6a5", "#dbe6f1", "#5b6b7a"
LANE_COLOURS = ("#1b7f79", "#b3541e", "#6a4c93", "#8a6d1d")
LANE, BOX_WIDTH = 2.6, 2.2
LINE, GAP = 0.3, 0.55
"""Height of a line of text in a box, and between two boxes."""

INCHES = 0.72
"""Of a unit of height."""

MOST_PRECISIONS = 3
"""Precisions of an operand that are listed at most."""


def plot_memory_hierarchy(accelerator: Accelerator, path: str | Path, cmes: Sequence[CostModelEvaluation] = ()) -> Path:
    """Draw the memories of an accelerator as boxes over the array, and save the picture.

    Each memory operand has a lane of its own, in which its data moves up and down; a memory spans the lanes of the
    operands it holds. Boxes show the number of instances of a memory, the size of one, and for each width of its ports
    what a read and a write of that width cost. Below the array stand batch and bits an element of priced layers.
    """
    lanes, heights = _lanes(accelerator), _heights(accelerator)
    texts = [_memory_text(accelerator, memory) for memory in accelerator.memories]
    n_lines = max(text.count("\n") + 1 for text in texts)
    row = LINE * n_lines + GAP
    top = max(heights.values())
    figure = new_figure(1.0 + len(lanes) * 2.1, 1.9 + (top + 1) * row * INCHES)
    axes = figure.add_subplot()
    for lane, operand in enumerate(lanes):
        _draw_lane(axes, lane, operand, [heights[i] for i in accelerator.levels[operand]], row)
    sizes = " x ".join(f"{dim} {n}" for dim, n in accelerator.array.sizes.items())
    height = LINE * n_lines
    pj = "" if accelerator.array.imc else f"\n{accelerator.array.unit_energy_pj:.4g} pJ an operation"
    text = f"array\n{sizes}{pj}"
    _draw_box(axes, (0, len(lanes) - 1), (0, height), text, ARRAY_COLOUR)
    for index, memory in enumerate(accelerator.memories):
        held = [lanes.index(operand) for operand in memory.operands]
        _draw_box(axes, (min(held), max(held)), (row * heights[index], height), texts[index], MEMORY_COLOUR)
    precisions = [_precisions(operand, cmes) for operand in lanes]
    for lane, lines in enumerate(precisions):
        axes.text(lane * LANE, -height / 2 - 0.12, "\n".join(lines), fontsize=8, ha="center", va="top")
    legend = "ports: bits a cycle, pJ of a read / a write of so many"
    if cmes:
        batch = tally(str(cme.layer.batch_size) for cme in cmes)
        legend = f"batch {batch}; operands: bits an element; {legend}"
    axes.text((len(lanes) - 1) * LANE / 2, top * row + height / 2 + 0.15, legend, fontsize=8, ha="center", va="bottom")
    axes.set_title(f"Memory hierarchy of {plain(accelerator.name)}", fontsize=11)
    axes.set_xlim(-LANE * 0.55, (len(lanes) - 0.45) * LANE)
    axes.set_ylim(-height / 2 - 0.2 - 0.25 * max(map(len, precisions)), top * row + height / 2 + 0.5)
    axes.axis("off")
    return save(figure, path)


def _precisions(memory_operand: str, cmes: Sequence[CostModelEvaluation]) -> list[str]:
    """What layers hold in a lane, with bits an element, a line for each kind, the most frequent first."""
    kinds = Counter(
        cme.layer.precision_of(cme.problem.layer_operand[memory_operand])
        for cme in cmes
        if memory_operand in cme.problem.layer_operand
    )
    lines = [text for text, _ in kinds.most_common()]
    return lines if len(lines) <= MOST_PRECISIONS else [*lines[: MOST_PRECISIONS - 1], "\u2026"]


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
    n_instances = accelerator.n_instances(memory)
    shown = size(memory.size_bits)
    lines = [memory.name, f"{n_instances:,} x {shown}" if n_instances > 1 else shown]
    return "\n".join([*lines, *map(_cost_text, costs_by_width(memory))])


def _cost_text(cost: AccessCost) -> str:
    """Such as ``64 bits: 700 / 750 pJ``."""
    if cost.read_pj == cost.write_pj:
        return f"{cost.bits} bits: {cost.read_pj:.4g} pJ"
    if cost.read_pj is None or cost.write_pj is None:
        pj, kind = (cost.read_pj, "read") if cost.write_pj is None else (cost.write_pj, "write")
        return f"{cost.bits} bits: {pj:.4g} pJ a {kind}"
    return f"{cost.bits} bits: {cost.read_pj:.4g} / {cost.write_pj:.4g} pJ"


def _draw_lane(axes: Axes, lane: int, operand: str, heights: list[int], row: float) -> None:
    """The way of one operand from its outermost memory to the array, with its name between any two of its boxes."""
    x, colour = lane * LANE, LANE_COLOURS[lane % len(LANE_COLOURS)]
    stops = [0, *sorted(heights)]
    axes.plot([x, x], [0, stops[-1] * row], color=colour, linewidth=2.5, zorder=1)
    for low in stops[:-1]:
        axes.text(x + 0.1, (low + 0.5) * row, operand, fontsize=8, va="center", color=colour)


def _draw_box(axes: Axes, lanes: tuple[int, int], place: tuple[float, float], text: str, colour: str) -> None:
    """A box across lanes, given by its middle and its height."""
    from matplotlib.patches import FancyBboxPatch

    middle, height = place
    left, right = lanes[0] * LANE - BOX_WIDTH / 2, lanes[1] * LANE + BOX_WIDTH / 2
    corner, style = (left, middle - height / 2), "round,pad=0.02,rounding_size=0.08"
    box = FancyBboxPatch(corner, right - left, height, boxstyle=style, facecolor=colour, edgecolor=EDGE_COLOUR)
    box.set_zorder(2)
    axes.add_patch(box)
    lines = "\n".join(map(plain, text.split("\n")))
    axes.text((left + right) / 2, middle, lines, ha="center", va="center", fontsize=8, zorder=3)
