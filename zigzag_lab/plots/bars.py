"""Layers, and whole runs, side by side: where energy and cycles go, and how full memories are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import fsum
from pathlib import Path
from typing import TYPE_CHECKING

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.cost.breakdown import FourWay
from zigzag_lab.plots import style
from zigzag_lab.plots.style import LEAKAGE, OPERATIONS, TERM_STYLE, Style, memory_styles
from zigzag_lab.vocab import Direction
from zigzag_lab.vocab.quantities import cycle_scale, energy_scale, sums

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TERMS = tuple(TERM_STYLE)
_ARRAY = (style.OPERATIONS_COLOUR, "")
_LEAKAGE = (style.LEAKAGE_COLOUR, "")
MOST_FIGURES = 30
"""Cells of more layers than this are too narrow for figures."""

MAX_GROUPS = 40
"""More groups of bars than this cannot be told apart in one picture."""

HATCHES = {Direction.TO_LOW: "//", Direction.FROM_LOW: "\\\\", Direction.TO_HIGH: "xx", Direction.FROM_HIGH: ".."}


def energy_parts(cme: CostModelEvaluation) -> Iterator[tuple[str, str, FourWay]]:
    """Yield a memory, an operand, and the energy of its accesses there in each direction, in pJ."""
    for operand, levels in cme.mem_energy_breakdown_further.items():
        for index, energy in zip(cme.problem.memories[operand], levels, strict=True):
            yield cme.accelerator.memories[index].name, operand, energy


def energy_beside_memories_pj(cme: CostModelEvaluation) -> dict[str, float]:
    """Energy of the operations, and what leaks where static power is given, in pJ."""
    static = cme.static_energy_pj
    return {OPERATIONS: cme.mac_energy, **({LEAKAGE: static} if static else {})}


def _styles_beside_memories(cmes: Iterable[CostModelEvaluation]) -> dict[str, Style]:
    leaks = any(cme.static_energy_pj for cme in cmes)
    return {OPERATIONS: _ARRAY, **({LEAKAGE: _LEAKAGE} if leaks else {})}


def energy_by_memory_pj(cme: CostModelEvaluation) -> dict[str, float]:
    """Memory -> energy of all accesses to it, all operands, in pJ."""
    return sums((memory, energy.total) for memory, _, energy in energy_parts(cme))


def energy_by_operand_pj(cme: CostModelEvaluation) -> dict[str, float]:
    """Operand -> energy of all its accesses, all memories, in pJ."""
    return sums((operand, energy.total) for _, operand, energy in energy_parts(cme))


def latency_by_term(cme: CostModelEvaluation) -> dict[str, float]:
    """Term -> cycles, in the order in which they add up to the latency (:data:`TERMS`)."""
    terms = cme.breakdown
    idle = terms.temporal_cycles - terms.ideal_cycles
    figures = (terms.ideal_cycles, idle, terms.stall_cycles, terms.onload_cycles, terms.offload_cycles)
    return dict(zip(TERMS, (*figures, terms.drain_cycles), strict=True))


def plot_energy(cmes: Sequence[CostModelEvaluation], path: str | Path, title: str = "") -> Path:
    """Draw the energy of each layer, stacked by memory above and by operand below, and save the picture."""
    style.need(cmes)
    scale = energy_scale(max(cme.energy_total for cme in cmes))
    figure = style.new_figure(style.width_for(len(cmes)) + 1.2, 8.2, title)
    upper, lower = figure.subplots(2, 1)
    by_memory = [_energy_row(cme) for cme in cmes]
    by_operand = [{**energy_beside_memories_pj(cme), **energy_by_operand_pj(cme)} for cme in cmes]
    names, beside = [cme.layer.name for cme in cmes], _styles_beside_memories(cmes)
    _draw(upper, "energy", scale, by_memory, {**beside, **memory_styles(cmes)}, names, "by memory")
    _draw(lower, "energy", scale, by_operand, {**beside, **style.operand_styles(cmes)}, names, "by operand")
    upper.set_xticklabels([])
    upper.set_xlabel("")
    return style.save(figure, path)


def plot_latency(cmes: Sequence[CostModelEvaluation], path: str | Path, title: str = "") -> Path:
    """Draw the latency of each layer, stacked by term, and save the picture.

    Terms: ideal (every unit busy), idle units (spatial under-use), stalls, on-loading, off-loading, drain.
    """
    style.need(cmes)
    scale = cycle_scale(max(cme.latency_total2 for cme in cmes))
    figure = style.new_figure(style.width_for(len(cmes)) + 1.2, 5.2, title)
    rows = [latency_by_term(cme) for cme in cmes]
    _draw(figure.add_subplot(), "latency", scale, rows, TERM_STYLE, [cme.layer.name for cme in cmes])
    return style.save(figure, path)


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
    style.layer_axis(axes, names)
    style.tidy(axes)
    style.legend_right(axes, heading)


def _stack(
    axes: Axes,
    what: str,
    scale: tuple[float, str],
    rows: Sequence[Mapping[str, float]],
    styles: Mapping[str, Style],
    width: float = 0.78,
) -> None:
    factor, unit = scale
    style.stacked(axes, {name: [row.get(name, 0.0) / factor for row in rows] for name in styles}, styles, width)
    axes.set_ylabel(f"{what} ({unit})")


def plot_breakdowns(
    cmes: Sequence[CostModelEvaluation], path: str | Path, title: str = "", *, n_results: int | None = None
) -> Path:
    """Draw energy by memory, operand and direction, and latency by term, of each CME, and save the picture.

    Only the first 40 CMEs are drawn, each with a group of bars. The title says so, and of how many results
    (``n_results``, where these are more than the CMEs).
    """
    style.need(cmes)
    shown, n_results = cmes[:MAX_GROUPS], max(n_results or 0, len(cmes))
    if n_results > len(shown):
        title = f"{title} (the first {len(shown)} of {n_results} results)".strip()
    names = [*_styles_beside_memories(shown), *memory_styles(shown)]
    figure = style.new_figure(max(8.0, 2.0 + 0.34 * (1 + len(names)) * len(shown)), 9.0, title)
    upper, lower = figure.subplots(2, 1)
    _draw_groups(upper, shown, names)
    scale = cycle_scale(max(cme.latency_total2 for cme in shown))
    rows = [latency_by_term(cme) for cme in shown]
    _draw(lower, "latency", scale, rows, TERM_STYLE, [cme.layer.name for cme in shown])
    _totals(lower, [cme.latency_total2 / scale[0] for cme in shown])
    return style.save(figure, path)


def _draw_groups(axes: Axes, cmes: Sequence[CostModelEvaluation], names: Sequence[str]) -> None:
    """Energy of the operations and at each memory as a group of bars for each CME, with its total above."""
    rows: list[dict[str, float]] = []
    styles = _styles_beside_memories(cmes)
    for operand, (colour, _) in style.operand_styles(cmes).items():
        styles |= {f"{operand} {way.value.replace('_', ' ')}": (colour, hatch) for way, hatch in HATCHES.items()}
    scale = energy_scale(max(cme.energy_total for cme in cmes))
    for cme in cmes:
        bars: dict[str, dict[str, float]] = {name: {} for name in (*names, "")}  # the last one is the gap to the next
        bars |= {name: {name: pj} for name, pj in energy_beside_memories_pj(cme).items()}
        for memory, operand, energy in energy_parts(cme):
            bars[memory] |= {f"{operand} {way.value.replace('_', ' ')}": energy[way] for way in Direction}
        top = max(fsum(parts.values()) for parts in bars.values()) / scale[0]
        axes.text(len(rows) + len(names) / 2, top, f"{cme.energy_total / scale[0]:.4g}", ha="center", fontsize=8)
        rows += bars.values()
    _stack(axes, "energy", scale, rows, styles)
    axes.set_xticks(range(len(rows)), [style.plain(name) for name in (*names, "")] * len(cmes), rotation=90, fontsize=7)
    style.tidy(axes)
    style.legend_right(axes)


def plot_comparison(runs: Mapping[str, Sequence[CostModelEvaluation]], path: str | Path, title: str = "") -> Path:
    """Draw whole runs (label -> layers) side by side, energy by memory on the left and latency by term on the right."""
    style.need(runs)
    figure = style.new_figure(min(24.0, 10.5 + 0.7 * len(runs)), 5.6, title)
    left, right = figure.subplots(1, 2)
    all_cmes = [cme for cmes in runs.values() for cme in cmes]
    styles = {**_styles_beside_memories(all_cmes), **memory_styles(all_cmes)}
    _compare(left, "energy", energy_scale, [[_energy_row(cme) for cme in cmes] for cmes in runs.values()], styles)
    rows = [[latency_by_term(cme) for cme in cmes] for cmes in runs.values()]
    _compare(right, "latency", cycle_scale, rows, TERM_STYLE)
    for axes in (left, right):
        style.layer_axis(axes, list(runs), most=40)
        axes.tick_params(axis="x", labelrotation=0 if len(runs) < 3 else 90)
        axes.set_xlabel("")
        style.tidy(axes)
        style.legend_right(axes)
    return style.save(figure, path)


def _energy_row(cme: CostModelEvaluation) -> dict[str, float]:
    """Energy of the operations, what leaks, and by memory, in pJ."""
    return {**energy_beside_memories_pj(cme), **energy_by_memory_pj(cme)}


def _compare(
    axes: Axes,
    what: str,
    scale_of: Callable[[float], tuple[float, str]],
    rows: Sequence[Sequence[Mapping[str, float]]],
    styles: Mapping[str, Style],
) -> None:
    """A bar for each run, put together from the sums over its layers' rows, with its total above."""
    parts = [sums(part for row in of_run for part in row.items()) for of_run in rows]
    totals = [fsum(of_run.values()) for of_run in parts]
    scale = scale_of(max(totals))
    _stack(axes, what, scale, parts, styles, 0.6)
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

    style.need(cmes)
    memories = list(memory_styles(cmes))
    rows = [memory_fills(cme) for cme in cmes]
    table = np.array([[100 * row.get(name, np.nan) for row in rows] for name in memories])
    has_figures = len(cmes) <= MOST_FIGURES
    width = max(6.5, 2.6 + 0.42 * len(cmes)) if has_figures else style.width_for(len(cmes))
    figure = style.new_figure(width + 1.0, 2.9 + 0.42 * len(memories), title)
    axes = figure.add_subplot()
    image = axes.imshow(table, cmap="Blues", vmin=0, vmax=100, aspect="auto", origin="lower")
    axes.set_yticks(range(len(memories)), [style.plain(name) for name in memories], fontsize=8)
    style.layer_axis(axes, [cme.layer.name for cme in cmes])
    axes.set_xlim(-0.5, len(cmes) - 0.5)
    if has_figures:
        for (y, x), value in np.ndenumerate(table):
            text = "\u2013" if np.isnan(value) else f"{value:.0f}" if value >= 1 or value == 0 else "<1"
            axes.text(x, y, text, ha="center", va="center", fontsize=7, color="white" if value > 60 else "black")
    figure.colorbar(image, ax=axes, label="memory filled (%)", pad=0.02)
    return style.save(figure, path)
