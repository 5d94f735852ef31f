"""Names beside points, placed so that they do not lie on each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zigzag_lab.plots.style import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation
    from matplotlib.transforms import Bbox

OFFSETS = ((7, 4, "left", "bottom"), (7, -4, "left", "top"), (-7, 4, "right", "bottom"), (-7, -4, "right", "top"))
"""Where a name may stand, in points from its dot: above right, below right, above left, below left; then further."""


def place_labels(axes: Axes, points: Sequence[tuple[float, float]], texts: Sequence[str], fontsize: float = 8) -> int:
    """Write names beside points where they overlap neither each other nor leave the axes.

    Args:
        axes: with their limits set.
        points: in data coordinates, the most important first.
        texts: a name for each.
        fontsize: in points.

    Returns:
        How many found room; the others are left out.
    """
    from matplotlib.transforms import Bbox

    figure: Any = axes.figure
    if not points:
        return 0
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer() if hasattr(figure.canvas, "get_renderer") else figure._get_renderer()
    frame, taken = axes.get_window_extent(renderer), _legend_box(axes, renderer)
    taken += [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in axes.transData.transform(list(points))]
    n_placed = 0
    for (x, y), text in zip(points, texts, strict=True):
        for label, box in _tries(axes, (x, y), plain(text), fontsize, renderer):
            inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
            if inside and not any(box.overlaps(other) for other in taken):
                taken.append(box.expanded(1.02, 1.05))
                n_placed += 1
                break
            label.remove()
    return n_placed


def _legend_box(axes: Axes, renderer: Any) -> list[Bbox]:
    legend = axes.get_legend()
    return [] if legend is None else [legend.get_window_extent(renderer)]


def _tries(axes: Axes, point: tuple[float, float], text: str, fontsize: float, renderer: Any) -> Any:
    """The label at one place after the other, and the box it takes there."""
    from matplotlib.patheffects import withStroke
    from matplotlib.text import Text

    halo = [withStroke(linewidth=2.2, foreground="white")]
    for reach in (1, 2.6, 4.6, 7):
        for dx, dy, horizontal, vertical in OFFSETS:
            label: Annotation = axes.annotate(
                text, point, (dx * min(reach, 2), dy * reach), textcoords="offset points", ha=horizontal, va=vertical,
                fontsize=fontsize, zorder=5, path_effects=halo, annotation_clip=False,
                arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": "#777777", "shrinkA": 0, "shrinkB": 2},
            )  # fmt: skip
            label.update_positions(renderer)
            yield label, Text.get_window_extent(label, renderer)
