"""Stacked bars: where the energy and the cycles of layers, and of whole runs, go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from pathlib import Path
from typing import TYPE_CHECKING

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.plots.quantities import cycle_scale, energy_scale
from zigzag_lab.plots.style import (
    OPERATIONS,
    OPERATIONS_COLOUR,
    TERM_STYLE,
    layer_axis,
    legend_right,
    memory_styles,
    need,
    new_figure,
    operand_styles,
    save,
    stacked,
    tidy,
    width_for,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Parts = dict[str, Sequence[float]]
TERMS = tuple(TERM_STYLE)


def energy_by_memory_pj(cme: CostModelEvaluation) -> dict[str, float]:
    """Memory -> energy of all accesses to it, all operands, in pJ."""
    memories = cme.accelerator.memories
    found: dict[str, list[float]] = {}
    for operand, levels in cme.mem_energy_breakdown.items():
        for index, pj in zip(cme.problem.memories[operand], levels, strict=True):
            found.setdefault(memories[index].name, []).append(pj)
    return {name: fsum(pj) for name, pj in found.items()}


def energy_by_operand_pj(cme: CostModelEvaluation) -> dict[str, float]:
    """Operand -> energy of all its accesses, all memories, in pJ."""
    return {op: fsum(levels) for op, levels in cme.mem_energy_breakdown.items()}


def latency_by_term(cme: CostModelEvaluation) -> dict[str, float]:
    """Term -> cycles, in the order in which they add up to the latency (:data:`TERMS`)."""
    terms = cme.breakdown
    idle = terms.temporal_cycles - terms.ideal_cycles
    figures = (terms.ideal_cycles, idle, terms.stall_cycles, terms.onload_cycles, terms.offload_cycles)
    return dict(zip(TERMS, (*figures, terms.drain_cycles), strict=True))


def plot_energy(cmes: Sequence[CostModelEvaluation], path: str | Path, title: str = "") -> Path:
    """Draw the energy of each layer, stacked by memory above and by operand below, and save the picture.

    Args:
        cmes: the layers, in order.
        path: the file; its suffix decides the format (PNG, SVG, PDF).
        title: what stands above.

    Raises:
        ZigzagLabError: there is nothing to draw.
        InputError: the path is not usable.
    """
    need(cmes)
    scale, unit = energy_scale(max(cme.energy_total for cme in cmes))
    figure = new_figure(width_for(len(cmes)) + 1.2, 8.2, title)
    upper, lower = figure.subplots(2, 1)
    memories, operands = memory_styles(cmes), operand_styles(cmes)
    by_memory, by_operand = [energy_by_memory_pj(cme) for cme in cmes], [energy_by_operand_pj(cme) for cme in cmes]
    operations = [cme.mac_energy / scale for cme in cmes]
    panels = ((upper, by_memory, memories, "memory"), (lower, by_operand, operands, "operand"))
    for axes, found, styles, heading in panels:
        parts: Parts = {OPERATIONS: operations}
        parts.update({name: [row.get(name, 0.0) / scale for row in found] for name in styles})
        stacked(axes, parts, {OPERATIONS: (OPERATIONS_COLOUR, ""), **styles})
        axes.set_ylabel(f"energy ({unit})")
        layer_axis(axes, [cme.layer.name for cme in cmes])
        tidy(axes)
        legend_right(axes, f"by {heading}")
    upper.set_xticklabels([])
    upper.set_xlabel("")
    return save(figure, path)


def plot_latency(cmes: Sequence[CostModelEvaluation], path: str | Path, title: str = "") -> Path:
    """Draw the latency of each layer, stacked by term, and save the picture.

    Terms: ideal (every unit busy), idle units (spatial under-use), stalls, on-loading, off-loading, drain.

    Args:
        cmes: the layers, in order.
        path: the file; its suffix decides the format (PNG, SVG, PDF).
        title: what stands above.

    Raises:
        ZigzagLabError: there is nothing to draw.
        InputError: the path is not usable.
    """
    need(cmes)
    scale, unit = cycle_scale(max(cme.latency_total2 for cme in cmes))
    figure = new_figure(width_for(len(cmes)) + 1.2, 5.2, title)
    axes = figure.add_subplot()
    rows = [latency_by_term(cme) for cme in cmes]
    stacked(axes, {term: [row[term] / scale for row in rows] for term in TERMS}, dict(TERM_STYLE))
    axes.set_ylabel(f"latency ({unit})")
    layer_axis(axes, [cme.layer.name for cme in cmes])
    tidy(axes)
    legend_right(axes)
    return save(figure, path)


def plot_comparison(runs: Mapping[str, Sequence[CostModelEvaluation]], path: str | Path, title: str = "") -> Path:
    """Draw whole runs side by side, energy by memory on the left and latency by term on the right.

    Args:
        runs: label -> the layers of a run.
        path: the file; its suffix decides the format (PNG, SVG, PDF).
        title: what stands above.

    Raises:
        ZigzagLabError: there is nothing to draw.
        InputError: the path is not usable.
    """
    need(runs)  # type: ignore[arg-type]
    figure = new_figure(min(24.0, 10.5 + 0.7 * len(runs)), 5.6, title)
    left, right = figure.subplots(1, 2)
    _compare_energy(left, runs)
    _compare_latency(right, runs)
    for axes in (left, right):
        layer_axis(axes, list(runs), most=40)
        axes.tick_params(axis="x", labelrotation=0 if len(runs) < 3 else 90)
        axes.set_xlabel("")
        tidy(axes)
        legend_right(axes)
    return save(figure, path)


def _compare_energy(axes: Axes, runs: Mapping[str, Sequence[CostModelEvaluation]]) -> None:
    totals = [fsum(cme.energy_total for cme in cmes) for cmes in runs.values()]
    scale, unit = energy_scale(max(totals))
    styles = memory_styles(cme for cmes in runs.values() for cme in cmes)
    found = [[energy_by_memory_pj(cme) for cme in cmes] for cmes in runs.values()]
    parts: Parts = {OPERATIONS: [fsum(cme.mac_energy for cme in cmes) / scale for cmes in runs.values()]}
    for name in styles:
        parts[name] = [fsum(row.get(name, 0.0) for row in rows) / scale for rows in found]
    stacked(axes, parts, {OPERATIONS: (OPERATIONS_COLOUR, ""), **styles}, 0.6)
    axes.set_ylabel(f"energy ({unit})")
    _totals(axes, [total / scale for total in totals])


def _compare_latency(axes: Axes, runs: Mapping[str, Sequence[CostModelEvaluation]]) -> None:
    totals = [fsum(cme.latency_total2 for cme in cmes) for cmes in runs.values()]
    scale, unit = cycle_scale(max(totals))
    found = [[latency_by_term(cme) for cme in cmes] for cmes in runs.values()]
    parts: Parts = {term: [fsum(row[term] for row in rows) / scale for rows in found] for term in TERMS}
    stacked(axes, parts, dict(TERM_STYLE), 0.6)
    axes.set_ylabel(f"latency ({unit})")
    _totals(axes, [total / scale for total in totals])


def _totals(axes: Axes, heights: Sequence[float]) -> None:
    """The figure of each bar above it, where there is room for it."""
    axes.set_ylim(0, 1.12 * max(heights, default=0.0) or 1.0)
    if len(heights) <= 16:
        for place, height in enumerate(heights):
            axes.text(
                place,
                height,
                f"{height:,.0f}" if height >= 1000 else f"{height:.4g}",
                ha="center",
                va="bottom",
                fontsize=8,
            )
