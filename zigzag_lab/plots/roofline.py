"""How close layers come to what the array and the outermost memory allow.

A layer may stand above the memory's roof: ZigZag's latency does not count each transfer of the outermost port in full
(on tpu_like, ResNet-18's layer 6 takes 18,879 cycles with 19,840 accesses of the DRAM's one port).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.plots.style import EDGE, clipped, need, new_figure, place_labels, save, short_names
from zigzag_lab.vocab import Direction

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LABELS = 8


class RooflinePoint(NamedTuple):
    """Operations of a layer for each byte that crosses the outermost memory's ports, and a cycle of its latency."""

    ops_per_byte: float
    ops_per_cycle: float


def roofline_point(cme: CostModelEvaluation) -> RooflinePoint:
    """Where a layer stands. Accesses are counted as in the price: in steps of a port's smallest width."""
    moved = fsum(_bits_at_top(cme))
    per_byte = cme.layer.n_macs / (moved / 8) if moved else float("inf")
    return RooflinePoint(per_byte, cme.layer.n_macs / cme.latency_total2)


def roofs(cme: CostModelEvaluation) -> tuple[float, float]:
    """Operations a cycle that the array can do, and bytes a cycle that the ports of the outermost memories can move."""
    array = cme.accelerator.array
    tops = {levels[-1] for levels in cme.problem.memories.values()}
    bits = sum(p.bandwidth_max_bits for i in tops for p in cme.accelerator.memories[i].ports)
    return array.n_units / array.cycles_per_op, bits / 8


def _bits_at_top(cme: CostModelEvaluation) -> list[float]:
    moved = []
    for operand, levels in cme.memory_word_access.items():
        memory = cme.accelerator.memories[cme.problem.memories[operand][-1]]
        for direction in Direction:
            port = memory.port_of(cme.problem.memory_operand(operand), direction)
            moved.append(levels[-1][direction] * port.bandwidth_max_bits if port else 0.0)
    return moved


def plot_roofline(cmes: Sequence[CostModelEvaluation], path: str | Path, title: str = "") -> Path:
    """Draw layers under the roofline of their accelerator, the costliest ones named, and save the picture.

    The roof is that of the accelerator with most memories among theirs. The area of a dot is the layer's share of the
    cycles.
    """
    need(cmes)
    widest = max(cmes, key=lambda cme: len(cme.accelerator.memories))
    peak, bytes_per_cycle = roofs(widest)
    points = [(cme, roofline_point(cme)) for cme in cmes]
    shown = [(cme, point) for cme, point in points if point.ops_per_byte < float("inf")]
    figure = new_figure(8.6, 5.8, title)
    axes = figure.add_subplot()
    _draw_roof(axes, peak, bytes_per_cycle, [point for _, point in shown])
    whole = fsum(cme.latency_total2 for cme in cmes)
    sizes = [20 + 900 * cme.latency_total2 / whole for cme, _ in shown]
    xs, ys = [p.ops_per_byte for _, p in shown], [p.ops_per_cycle for _, p in shown]
    axes.scatter(xs, ys, sizes, color="#3f6fb5", edgecolor=EDGE, alpha=0.75, linewidth=0.6, zorder=3)
    axes.set_xlabel("operations per byte moved at the outermost memory")
    axes.set_ylabel("operations per cycle")
    axes.legend(loc="lower right", fontsize=8)
    _name_costliest(axes, shown)
    return save(figure, path)


def _draw_roof(axes: Axes, peak: float, bytes_per_cycle: float, points: Sequence[RooflinePoint]) -> None:
    ridge = peak / bytes_per_cycle if bytes_per_cycle else 1.0
    xs = [ridge, *(p.ops_per_byte for p in points)]
    low, high = min(xs) / 3, max(xs) * 4
    lowest = min([p.ops_per_cycle for p in points] + [low * bytes_per_cycle, peak])
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(max(lowest, 1e-12) / 2, peak * 2.5)
    axes.plot(
        [ridge, high], [peak, peak], color="#8a2f2f", linewidth=1.8, label=f"array: {peak:,.4g} operations a cycle"
    )
    slope = f"outermost memory: {bytes_per_cycle:,.4g} bytes a cycle"
    axes.plot([low, ridge], [low * bytes_per_cycle, peak], color="#8a2f2f", linewidth=1.8, linestyle="--", label=slope)
    axes.grid(which="major", color="#d8d8d8", linewidth=0.6)
    axes.set_axisbelow(True)


def _name_costliest(axes: Axes, shown: Sequence[tuple[CostModelEvaluation, RooflinePoint]]) -> None:
    """Names beside the dots of the layers that take most cycles; one name for layers at the same place."""
    names = short_names([cme.layer.name for cme, _ in shown])
    ranked = sorted(range(len(shown)), key=lambda i: -shown[i][0].latency_total2)
    at: dict[tuple[float, float], list[int]] = {}
    for i in ranked:
        point = shown[i][1]
        at.setdefault((round(point.ops_per_byte, 6), round(point.ops_per_cycle, 6)), []).append(i)
    places = list(at.items())[:MOST_LABELS]
    texts = [
        clipped(names[same[0]], 26) + (f" (and {len(same) - 1} like it)" if len(same) > 1 else "") for _, same in places
    ]
    place_labels(axes, [place for place, _ in places], texts)
