"""Bars of where energy and cycles of CMEs go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.plots.style import OPERATIONS, need
from zigzag_lab.vocab import Direction

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.typing import ColorType

MAX_GROUPS = 40
"""More than this cannot be distinguished in one picture."""

HATCHES = {Direction.TO_LOW: "//", Direction.FROM_LOW: "\\\\", Direction.TO_HIGH: "xx", Direction.FROM_HIGH: ".."}
CYCLES = ("ideal", "spatial stall", "temporal stall", "loading", "storing")


def plot_breakdowns(
    cmes: Sequence[CostModelEvaluation], path: str | Path, title: str = "", *, n_results: int | None = None
) -> None:
    """Draw energy by memory, operand and direction, and latency by cause, for each CME, and save the picture.

    Args:
        cmes: one group of bars each; the first 40 are drawn, which the title notes.
        path: the file; its suffix decides the format.
        title: what stands above.
        n_results: how many results these are taken from, if that is more.

    Raises:
        ZigzagLabError: there is no CME to draw.
    """
    from matplotlib.figure import Figure

    need(cmes)
    shown = cmes[:MAX_GROUPS]
    figure = Figure(figsize=(max(8.0, 2.0 + 0.34 * _n_bars(shown) * len(shown)), 9.0), layout="constrained")
    upper, lower = figure.subplots(2, 1)
    _draw_energy(upper, shown)
    _draw_latency(lower, shown)
    n_results = max(n_results or 0, len(cmes))
    if n_results > len(shown):
        title = f"{title} (the first {len(shown)} of {n_results} results)".strip()
    if title:
        figure.suptitle(title)
    figure.savefig(path, dpi=100)


def energy_by_memory(cme: CostModelEvaluation) -> dict[str, dict[tuple[str, Direction], float]]:
    """Memory -> (operand, direction) -> pJ, for the memories that the CME's accelerator has."""
    memories = cme.problem.accelerator.memories
    energy: dict[str, dict[tuple[str, Direction], float]] = {}
    for operand, levels in cme.mem_energy_breakdown_further.items():
        for index, four_ways in zip(cme.problem.memories[operand], levels, strict=True):
            parts = energy.setdefault(memories[index].name, {})
            parts.update({(operand, direction): four_ways[direction] for direction in Direction})
    return energy


def cycles_by_cause(cme: CostModelEvaluation) -> tuple[float, ...]:
    """Cycles in the order of :data:`CYCLES`; they add up to the latency."""
    return (
        cme.ideal_cycle,
        cme.ideal_temporal_cycle - cme.ideal_cycle,
        cme.latency_total0 - cme.ideal_temporal_cycle,
        cme.latency_total1 - cme.latency_total0,
        cme.latency_total2 - cme.latency_total1,
    )


def _memory_names(cmes: Sequence[CostModelEvaluation]) -> list[str]:
    """All memories of all accelerators, from small to large."""
    sizes = {m.name: m.size_bits for cme in cmes for m in cme.problem.accelerator.memories}
    return sorted(sizes, key=lambda name: sizes[name])


def _n_bars(cmes: Sequence[CostModelEvaluation]) -> int:
    return len(_memory_names(cmes)) + 2


def _labels(cmes: Sequence[CostModelEvaluation]) -> list[str]:
    """Short names for the groups: the last two parts of a layer's name, numbered where they repeat."""
    names = ["/".join(cme.layer.name.strip("/").split("/")[-2:]) for cme in cmes]
    labels = [f"{cme.layer.id}: {name}" for cme, name in zip(cmes, names, strict=True)]
    if len(set(labels)) == len(labels):
        return labels
    return [f"{i + 1}. {label}" for i, label in enumerate(labels)]


def _draw_energy(axes: Axes, cmes: Sequence[CostModelEvaluation]) -> None:
    import matplotlib as mpl

    memories = _memory_names(cmes)
    operands = list(dict.fromkeys(op for cme in cmes for op in cme.layer.operands))
    colours = dict(zip(operands, mpl.color_sequences["Set2"], strict=False))
    energies = [energy_by_memory(cme) for cme in cmes]
    starts = np.arange(len(cmes)) * _n_bars(cmes)
    axes.bar(starts, [cme.mac_energy for cme in cmes], color="#444444", label=OPERATIONS)
    for position, memory in enumerate(memories, start=1):
        bottom = np.zeros(len(cmes))
        for operand in operands:
            for direction in Direction:
                heights = np.array([energy.get(memory, {}).get((operand, direction), 0.0) for energy in energies])
                if not heights.any():
                    continue
                axes.bar(
                    starts + position, heights, bottom=bottom, color=colours[operand], hatch=HATCHES[direction],
                    edgecolor="#333333", linewidth=0.4,
                )  # fmt: skip
                bottom = bottom + heights
    _label_energy(axes, cmes, memories, energies, starts)
    _energy_legend(axes, colours)


def _label_energy(
    axes: Axes,
    cmes: Sequence[CostModelEvaluation],
    memories: Sequence[str],
    energies: Sequence[dict[str, dict[tuple[str, Direction], float]]],
    starts: np.ndarray,
) -> None:
    names = [OPERATIONS, *memories]
    ticks = [float(start) + i for start in starts for i in range(len(names))]
    axes.set_xticks(ticks, names * len(cmes), rotation=90, fontsize=7)
    for start, cme, energy in zip(starts, cmes, energies, strict=True):
        top = max([cme.mac_energy, *(sum(parts.values()) for parts in energy.values())])
        axes.text(start + len(memories) / 2, top, f"{cme.energy_total:.3g}", ha="center", va="bottom", fontsize=8)
    axes.set_ylabel("energy (pJ)")
    _leave_room(axes)


def _energy_legend(axes: Axes, colours: Mapping[str, ColorType]) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(facecolor="#444444", label=OPERATIONS)]
    handles += [Patch(facecolor=colour, edgecolor="#333333", label=operand) for operand, colour in colours.items()]
    handles += [
        Patch(facecolor="white", edgecolor="#333333", hatch=hatch, label=direction.value.replace("_", " "))
        for direction, hatch in HATCHES.items()
    ]
    axes.legend(handles=handles, fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _draw_latency(axes: Axes, cmes: Sequence[CostModelEvaluation]) -> None:
    import matplotlib as mpl

    cycles = np.array([cycles_by_cause(cme) for cme in cmes])
    positions = np.arange(len(cmes))
    bottom = np.zeros(len(cmes))
    for cause, colour, heights in zip(CYCLES, mpl.color_sequences["Set2"][3:], cycles.T, strict=False):
        axes.bar(positions, heights, 0.7, bottom=bottom, color=colour, edgecolor="#333333", linewidth=0.4, label=cause)
        bottom = bottom + heights
    for position, cme in enumerate(cmes):
        axes.text(position, cme.latency_total2, f"{cme.latency_total2:.3g}", ha="center", va="bottom", fontsize=8)
    is_crowded = len(cmes) > 6
    axes.set_xticks(positions, _labels(cmes), rotation=90 if is_crowded else 0, fontsize=7 if is_crowded else 9)
    axes.set_ylabel("latency (cycles)")
    _leave_room(axes)
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _leave_room(axes: Axes) -> None:
    """Room above the bars for the totals."""
    axes.use_sticky_edges = False
    axes.margins(x=0.02, y=0.12)
    axes.autoscale_view()
    axes.set_ylim(bottom=0)
