"""Layers, and whole runs, side by side: where energy and cycles go, and how full memories are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from pathlib import Path
from typing import TYPE_CHECKING

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.plots.style import (
    OPERATIONS,
    OPERATIONS_COLOUR,
    TERM_STYLE,
    Style,
    layer_axis,
    legend_right,
    memory_styles,
    need,
    new_figure,
    operand_styles,
    plain,
    save,
    stacked,
    tidy,
    width_for,
)
from zigzag_lab.vocab.quantities import cycle_scale, energy_scale, sums

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TERMS = tuple(TERM_STYLE)
_ARRAY = (OPERATIONS_COLOUR, "")
MOST_FIGURES = 30
"""Cells of more layers than this are too narrow for figures."""


def energy_by_memory_pj(cme: CostModelEvaluation) -> dict[str, float]:
    """Memory -> energy of all accesses to it, all operands, in pJ."""
    return sums(
        (cme.accelerator.memories[index].name, pj)
        for operand, levels in cme.mem_energy_breakdown.items()
        for index, pj in zip(cme.problem.memories[operand], levels, strict=True)
    )


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
    """Draw the energy of each layer, stacked by memory above and by operand below, and save the picture."""
    need(cmes)
    scale = energy_scale(max(cme.energy_total for cme in cmes))
    figure = new_figure(width_for(len(cmes)) + 1.2, 8.2, title)
    upper, lower = figure.subplots(2, 1)
    by_memory = [{OPERATIONS: cme.mac_energy, **energy_by_memory_pj(cme)} for cme in cmes]
    by_operand = [{OPERATIONS: cme.mac_energy, **energy_by_operand_pj(cme)} for cme in cmes]
    names = [cme.layer.name for cme in cmes]
    _draw(upper, "energy", scale, by_memory, {OPERATIONS: _ARRAY, **memory_styles(cmes)}, names, "by memory")
    _draw(lower, "energy", scale, by_operand, {OPERATIONS: _ARRAY, **operand_styles(cmes)}, names, "by operand")
    upper.set_xticklabels([])
    upper.set_xlabel("")
    return save(figure, path)


def plot_latency(cmes: Sequence[CostModelEvaluation], path: str | Path, title: str = "") -> Path:
    """Draw the latency of each layer, stacked by term, and save the picture.

    Terms: ideal (every unit busy), idle units (spatial under-use), stalls, on-loading, off-loading, drain.
    """
    need(cmes)
    scale = cycle_scale(max(cme.latency_total2 for cme in cmes))
    figure = new_figure(width_for(len(cmes)) + 1.2, 5.2, title)
    rows = [latency_by_term(cme) for cme in cmes]
    _draw(figure.add_subplot(), "latency", scale, rows, TERM_STYLE, [cme.layer.name for cme in cmes])
    return save(figure, path)


def _draw(
    axes: Axes,
    what: str,
    scale: tuple[float, str],
    rows: Sequence[Mapping[str, float]],
    styles: Mapping[str, Style],
    names: Sequence[str],
    heading: str = "",
) -> None:
    """A bar for each layer, put together from the parts in its row."""
    _stack(axes, what, scale, rows, styles)
    layer_axis(axes, names)
    tidy(axes)
    legend_right(axes, heading)


def _stack(
    axes: Axes,
    what: str,
    scale: tuple[float, str],
    rows: Sequence[Mapping[str, float]],
    styles: Mapping[str, Style],
    width: float = 0.78,
) -> None:
    factor, unit = scale
    stacked(axes, {name: [row.get(name, 0.0) / factor for row in rows] for name in styles}, styles, width)
    axes.set_ylabel(f"{what} ({unit})")


def plot_comparison(runs: Mapping[str, Sequence[CostModelEvaluation]], path: str | Path, title: str = "") -> Path:
    """Draw whole runs (label -> layers) side by side, energy by memory on the left and latency by term on the right."""
    need(runs)
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
    rows = [[{OPERATIONS: cme.mac_energy, **energy_by_memory_pj(cme)} for cme in cmes] for cmes in runs.values()]
    styles = {OPERATIONS: _ARRAY, **memory_styles(cme for cmes in runs.values() for cme in cmes)}
    _compare(axes, "energy", energy_scale(max(totals)), totals, rows, styles)


def _compare_latency(axes: Axes, runs: Mapping[str, Sequence[CostModelEvaluation]]) -> None:
    totals = [fsum(cme.latency_total2 for cme in cmes) for cmes in runs.values()]
    rows = [[latency_by_term(cme) for cme in cmes] for cmes in runs.values()]
    _compare(axes, "latency", cycle_scale(max(totals)), totals, rows, TERM_STYLE)


def _compare(
    axes: Axes,
    what: str,
    scale: tuple[float, str],
    totals: Sequence[float],
    rows: Sequence[Sequence[Mapping[str, float]]],
    styles: Mapping[str, Style],
) -> None:
    """A bar for each run, put together from the sums over its layers' rows, with its total above."""
    _stack(axes, what, scale, [sums(part for row in of_run for part in row.items()) for of_run in rows], styles, 0.6)
    _totals(axes, [total / scale[0] for total in totals])


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


def memory_fills(cme: CostModelEvaluation, *, with_second_buffers: bool = False) -> dict[str, float]:
    """Memory -> the share of it that all operands together fill, from 0 to 1; with or without second buffers."""
    fills: dict[str, float] = {}
    for operand, shares in cme.mem_utili_shared.items():
        for index, filled in zip(cme.problem.memories[operand], shares, strict=True):
            memory = cme.accelerator.memories[index]
            n_buffers = 2 if with_second_buffers and memory.force_double_buffering else 1
            fills[memory.name] = max(fills.get(memory.name, 0.0), filled * n_buffers)
    return fills


def plot_memory_utilisation(cmes: Sequence[CostModelEvaluation], path: str | Path, title: str = "") -> Path:
    """Draw how full each memory is in each layer as a map from light (empty) to dark (full), and save the picture.

    A memory that a layer does not use stays white with a dash.
    """
    import numpy as np

    need(cmes)
    memories = list(memory_styles(cmes))
    rows = [memory_fills(cme) for cme in cmes]
    table = np.array([[100 * row.get(name, np.nan) for row in rows] for name in memories])
    has_figures = len(cmes) <= MOST_FIGURES
    width = max(6.5, 2.6 + 0.42 * len(cmes)) if has_figures else width_for(len(cmes))
    figure = new_figure(width + 1.0, 2.9 + 0.42 * len(memories), title)
    axes = figure.add_subplot()
    image = axes.imshow(table, cmap="Blues", vmin=0, vmax=100, aspect="auto", origin="lower")
    axes.set_yticks(range(len(memories)), [plain(name) for name in memories], fontsize=8)
    layer_axis(axes, [cme.layer.name for cme in cmes])
    axes.set_xlim(-0.5, len(cmes) - 0.5)
    if has_figures:
        for (y, x), value in np.ndenumerate(table):
            text = "\u2013" if np.isnan(value) else f"{value:.0f}" if value >= 1 or value == 0 else "<1"
            axes.text(x, y, text, ha="center", va="center", fontsize=7, color="white" if value > 60 else "black")
    figure.colorbar(image, ax=axes, label="memory filled (%)", pad=0.02)
    return save(figure, path)
