"""The trade-offs of energy and latency of one layer or one network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zigzag_lab.plots.quantities import cycle_scale, energy_scale
from zigzag_lab.plots.style import EDGE, need, new_figure, save, tidy

_MOST_MARKED = 80


def plot_trade_offs(
    points: Sequence[tuple[float, float]], path: str | Path, title: str = "", *, is_proven: bool = False
) -> Path:
    """Draw a front, its point of least energy-delay product marked, and save the picture.

    Args:
        points: (energy in pJ, latency in cycles), energy ascending.
        path: the file; its suffix decides the format (PNG, SVG, PDF).
        title: what stands above.
        is_proven: whether no mapping lies below the front.

    Raises:
        ZigzagLabError: there is nothing to draw.
        InputError: the path is not usable.
    """
    need(points)
    x_scale, x_unit = cycle_scale(max(latency for _, latency in points))
    y_scale, y_unit = energy_scale(max(energy for energy, _ in points))
    drawn = sorted((latency / x_scale, energy / y_scale) for energy, latency in points)
    best = min(drawn, key=lambda point: point[0] * point[1])
    figure = new_figure(7.4, 4.8, title)
    axes = figure.add_subplot()
    xs, ys = [x for x, _ in drawn], [y for _, y in drawn]
    name = f"{len(drawn):,} trade-offs" + (", proven" if is_proven else ", the best found in the time given")
    axes.step(xs, ys, where="post", color="#8a2f2f", linewidth=1.4, label=name)
    if len(drawn) <= _MOST_MARKED:
        axes.scatter(xs, ys, 26, color="#d9823b", edgecolor=EDGE, linewidth=0.5, zorder=3)
    axes.scatter([best[0]], [best[1]], 80, marker="*", color="#1d1d1d", zorder=4, label="least energy-delay product")
    axes.margins(0.08)
    axes.set_xlabel(f"latency ({x_unit})")
    axes.set_ylabel(f"energy ({y_unit})")
    tidy(axes)
    axes.legend(loc="upper right", fontsize=8)
    return save(figure, path)
