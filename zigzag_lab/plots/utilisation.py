"""How full the memories are, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.plots.style import layer_axis, memory_styles, need, new_figure, plain, save, width_for

MOST_FIGURES = 30
"""Cells of more layers than this are too narrow for figures."""


def memory_fills(cme: CostModelEvaluation) -> dict[str, float]:
    """Memory -> the share of it that all operands together fill, from 0 to 1."""
    fills: dict[str, float] = {}
    for operand, shares in cme.mem_utili_shared.items():
        for index, filled in zip(cme.problem.memories[operand], shares, strict=True):
            name = cme.accelerator.memories[index].name
            fills[name] = max(fills.get(name, 0.0), filled)
    return fills


def plot_memory_utilisation(cmes: Sequence[CostModelEvaluation], path: str | Path, title: str = "") -> Path:
    """Draw how full each memory is in each layer as a map from light (empty) to dark (full), and save the picture.

    A memory that a layer does not use stays white with a dash.

    Args:
        cmes: the layers, in order.
        path: the file; its suffix decides the format (PNG, SVG, PDF).
        title: what stands above.

    Raises:
        ZigzagLabError: there is nothing to draw.
        InputError: the path is not usable.
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
