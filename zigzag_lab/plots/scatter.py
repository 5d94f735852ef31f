"""Whole designs, and the mappings of one, against each other; searches against the clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zigzag_lab.plots.style import EDGE, clipped, need, new_figure, place_labels, save, tidy
from zigzag_lab.vocab.ordering import pareto_front as best_places
from zigzag_lab.vocab.quantities import cycle_scale, energy_scale

MOST_LABELS = 24
MOST_MARKED = 80
LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P")


@dataclass(frozen=True)
class DesignMark:
    """A design in the plane of latency (x, in cycles) and energy (y, in pJ)."""

    label: str
    x: float
    y: float


def pareto_front(points: Iterable[DesignMark]) -> list[DesignMark]:
    """Return the points that no other beats in one figure without losing in the other, by ascending x; doubles once."""
    found = list(points)
    front = [found[place] for place in best_places([(point.x, point.y) for point in found])]
    return list({(point.x, point.y): point for point in reversed(front)}.values())[::-1]


def plot_pareto(designs: Sequence[DesignMark], path: str | Path, title: str = "") -> Path:
    """Draw designs and their Pareto front in readable units, the points of the front named, and save the picture."""
    need(designs)
    (x_scale, x_unit), (y_scale, y_unit) = _scales([(design.x, design.y) for design in designs])
    points = [DesignMark(design.label, design.x / x_scale, design.y / y_scale) for design in designs]
    front = pareto_front(points)
    figure = new_figure(8.6, 5.8, title)
    axes = figure.add_subplot()
    others = [p for p in points if p not in front]
    n = f"{len(others):,} other{'' if len(others) == 1 else 's'}"
    if others:
        xs, ys = [p.x for p in others], [p.y for p in others]
        axes.scatter(xs, ys, 16, color="#b9c4d2", edgecolor="#7d8896", linewidth=0.4, label=n)
    xs, ys, name = [p.x for p in front], [p.y for p in front], f"Pareto front ({len(front):,} of {len(points):,})"
    axes.step(xs, ys, where="post", color="#8a2f2f", linewidth=1.2, zorder=3)
    axes.scatter(xs, ys, 42, color="#d9823b", edgecolor=EDGE, zorder=4, label=name)
    for is_x, values in ((True, [p.x for p in points]), (False, [p.y for p in points])):
        if min(values) > 0 and max(values) / min(values) > 20:
            (axes.set_xscale if is_x else axes.set_yscale)("log")
    axes.margins(0.12)
    axes.set_xlabel(f"latency ({x_unit})")
    axes.set_ylabel(f"energy ({y_unit})")
    tidy(axes)
    axes.legend(loc="upper right", fontsize=8)
    named = front[:: max(1, -(-len(front) // MOST_LABELS))]
    place_labels(axes, [(p.x, p.y) for p in named], [clipped(p.label, 34) for p in named])
    return save(figure, path)


def _scales(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, str], tuple[float, str]]:
    """The units of latency and energy that leave few digits of points: what to divide by, and their names."""
    return cycle_scale(max(latency for latency, _ in points)), energy_scale(max(energy for _, energy in points))


def plot_trade_offs(
    points: Sequence[tuple[float, float]], path: str | Path, title: str = "", *, is_proven: bool = False
) -> Path:
    """Draw a front, its point of least energy-delay product marked, and save the picture.

    The points are (energy in pJ, latency in cycles), energy ascending; a proven front has no mapping below it.
    """
    need(points)
    (x_scale, x_unit), (y_scale, y_unit) = _scales([(latency, energy) for energy, latency in points])
    drawn = sorted((latency / x_scale, energy / y_scale) for energy, latency in points)
    best = min(drawn, key=lambda point: point[0] * point[1])
    figure = new_figure(7.4, 4.8, title)
    axes = figure.add_subplot()
    xs, ys = [x for x, _ in drawn], [y for _, y in drawn]
    name = f"{len(drawn):,} trade-offs" + (", proven" if is_proven else ", the best found in the time given")
    axes.step(xs, ys, where="post", color="#8a2f2f", linewidth=1.4, label=name)
    if len(drawn) <= MOST_MARKED:
        axes.scatter(xs, ys, 26, color="#d9823b", edgecolor=EDGE, linewidth=0.5, zorder=3)
    axes.scatter([best[0]], [best[1]], 80, marker="*", color="#1d1d1d", zorder=4, label="least energy-delay product")
    axes.margins(0.08)
    axes.set_xlabel(f"latency ({x_unit})")
    axes.set_ylabel(f"energy ({y_unit})")
    tidy(axes)
    axes.legend(loc="upper right", fontsize=8)
    return save(figure, path)


def plot_search_quality(
    traces: Mapping[str, Sequence[tuple[float, float]]],
    path: str | Path,
    title: str = "",
) -> Path:
    """Draw how good searches are after how long, and save the picture.

    The traces are search -> (seconds, best objective found by then), in the order of time; less is better.
    """
    need([trace for trace in traces.values() if trace])
    best = min(value for trace in traces.values() for _, value in trace) or 1.0
    end = max(seconds for trace in traces.values() for seconds, _ in trace)
    figure = new_figure(8.0, 4.8, title)
    axes = figure.add_subplot()
    greys = ("#1d1d1d", "#3f6fb5", "#d9823b", "#7fbf9b", "#8c5fa8", "#8a8a8a")
    for i, (name, trace) in enumerate(traces.items()):
        if not trace:
            continue
        xs, ys = [s for s, _ in trace], [value / best for _, value in trace]
        axes.step(
            [*xs, end], [*ys, ys[-1]], where="post", linestyle=LINES[i % len(LINES)], marker=MARKERS[i % len(MARKERS)],
            markersize=4, markevery=range(len(xs)), color=greys[i % len(greys)], linewidth=1.5, label=clipped(name, 40),
        )  # fmt: skip
    axes.set_xlabel("wall time (s)")
    axes.set_ylabel("best found, relative to the best of all")
    if min(s for trace in traces.values() for s, _ in trace) > 0:
        axes.set_xscale("log")
    tidy(axes)
    axes.legend(fontsize=8)
    return save(figure, path)
