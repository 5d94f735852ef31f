"""What all pictures share: colours that have the same order in grey, names that fit and have room, and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from math import log2
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.vocab import InputError, ZigzagLabError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backend_bases import RendererBase
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation
    from matplotlib.transforms import Bbox

SUFFIXES = (".png", ".svg", ".pdf")
MAX_NAMED = 44
"""Layers beyond this many are numbered on the axis instead of named."""

OPERATIONS = "operations"
OPERATIONS_COLOUR = "#161616"
LEAKAGE, LEAKAGE_COLOUR = "leakage", "#a8a8a8"
"""Static energy, where the accelerator gives static power."""
EDGE = "#404040"
OPERAND_STYLE = {"W": ("#3f6fb5", "//"), "I": ("#e39a4d", ".."), "O": ("#f4e3b0", "")}
_OTHER_OPERANDS = (("#8c5fa8", "xx"), ("#7fbf9b", "\\\\"), ("#c9c9c9", "--"), ("#a8443f", "++"))
MEMORY_HATCHES = ("", "//", "..", "\\\\", "xx", "oo")
TERM_STYLE = {
    "ideal": ("#2f4b6e", ""),
    "idle units": ("#6d8fb8", "//"),
    "stalls": ("#d9823b", ""),
    "on-loading": ("#f0c27a", "\\\\"),
    "off-loading": ("#c4d6a0", ""),
    "drain": ("#f3f0e4", "xx"),
}
"""Terms of the latency in the order in which they add up: colour and hatch."""

OFFSETS = ((7, 4, "left", "bottom"), (7, -4, "left", "top"), (-7, 4, "right", "bottom"), (-7, -4, "right", "top"))
"""Where a name may stand, in points from its dot: above right, below right, above left, below left; then further."""

Colour = str | tuple[float, float, float, float]
Style = tuple[Colour, str]
"""A colour and a hatch."""


def need(cmes: Sized) -> None:
    """Raise ZigzagLabError where there is nothing to draw."""
    if not cmes:
        raise ZigzagLabError("there is no result to plot")


def memory_styles(cmes: Iterable[CostModelEvaluation]) -> dict[str, Style]:
    """Memory -> colour and hatch, from the smallest (dark) to the largest (light).

    The shade follows from a memory's size and the hatch from its name, so that a memory looks the same in every
    picture; only where two in one picture would look the same does one of them take another hatch.
    """
    import matplotlib as mpl

    sizes: dict[str, tuple[int, int]] = {}
    for accelerator in {id(cme.accelerator): cme.accelerator for cme in cmes}.values():
        for place, index in enumerate(accelerator.bottom_up):
            memory = accelerator.memories[index]
            sizes[memory.name] = max(sizes.get(memory.name, (0, 0)), (memory.size_bits, place))
    shades = mpl.colormaps["YlGnBu_r"]
    styles: dict[str, Style] = {}
    taken: set[tuple[int, str]] = set()
    for name in sorted(sizes, key=lambda name: sizes[name]):
        step = round(14 * min(1.0, max(0.0, (log2(sizes[name][0]) - 3) / 30)))
        start = crc32(name.encode())
        hatches = [MEMORY_HATCHES[(start + i) % len(MEMORY_HATCHES)] for i in range(len(MEMORY_HATCHES))]
        close = {h for other, h in taken if abs(other - step) <= 2}
        hatch = next((h for h in hatches if h not in close), hatches[0])
        taken.add((step, hatch))
        styles[name] = (shades(0.2 + 0.72 * step / 14), hatch)
    return styles


def operand_styles(cmes: Iterable[CostModelEvaluation]) -> dict[str, Style]:
    """Operand -> colour and hatch, the same in every picture; the output last."""
    operands = dict.fromkeys(op for cme in cmes for op in cme.layer.operands)
    others = iter(_OTHER_OPERANDS * (1 + len(operands)))
    styles = {op: OPERAND_STYLE.get(op) or next(others) for op in sorted(operands)}
    return dict(sorted(styles.items(), key=lambda item: (item[0] == "O", item[0])))


def short_names(names: Sequence[str], most: int = 28) -> list[str]:
    """Names that are distinct and fit: as few last parts as that takes, numbered where it cannot be done."""
    parts = [name.strip("/").split("/") or [name] for name in names]
    for n in (1, 2, 3, 4):
        tails = [_tail("/".join(part[-n:]), most) for part in parts]
        if len(set(tails)) == len(tails) and n > 1:
            return tails
    return [f"{i}: {_tail('/'.join(part[-2:]), most - 4)}" for i, part in enumerate(parts)]


def _tail(text: str, most: int) -> str:
    """The end of a text, with an ellipsis before it where that is not all."""
    text = plain(text)
    return text if len(text) <= most else f"\u2026{text[1 - most :]}"


def clipped(text: str, most: int) -> str:
    """A text of at most so many characters, with an ellipsis where something is left out of its middle."""
    text = plain(text)
    if len(text) <= most:
        return text
    head = (most - 1) // 2
    return f"{text[:head]}\u2026{text[-(most - 1 - head) :]}"


def plain(text: str) -> str:
    """A text that is drawn as it reads: no formula between dollar signs, nothing unprintable."""
    return "".join(c if c.isprintable() else " " for c in text).replace("$", r"\$")


def readable_on(colour: Colour) -> str:
    """Black or white, whichever is readable on a colour."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(colour)
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"


def new_figure(width: float, height: float, title: str = "") -> Figure:
    """An empty figure, in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    if title:
        figure.suptitle(plain(clipped(title, int(width * 9))), fontsize=11)
    return figure


def check_path(path: str | Path) -> Path:
    """The path of a picture, checked.

    Raises:
        InputError: its suffix is none of a picture, or its folder does not exist.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise InputError("picture", f"'{path}'", f"a name that ends in {', '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise InputError("picture", f"the folder '{path.parent}' does not exist", "a folder that exists")
    return path


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure; the suffix decides the format. Equal figures give equal files.

    Raises:
        InputError: it is no name of a picture, or it cannot be written.
    """
    import matplotlib as mpl

    path = check_path(path)
    metadata: dict[str, None] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix.lower(), {})
    try:
        with mpl.rc_context({"svg.hashsalt": "zigzag_lab", "pdf.fonttype": 42}):
            figure.savefig(path, dpi=120, metadata=metadata)
    except OSError as error:
        raise InputError("picture", f"'{path}' cannot be written: {error.strerror}") from error
    return path


def stacked(axes: Axes, parts: Mapping[str, Sequence[float]], styles: Mapping[str, Style], width: float = 0.78) -> None:
    """Bars, one for each place in the sequences, each put together from the parts in order."""
    import numpy as np

    n_bars = max(map(len, parts.values()), default=0)
    bottom, places = np.zeros(n_bars), np.arange(n_bars)
    for name, heights in parts.items():
        colour, hatch = styles[name]
        top = bottom + np.asarray(heights, dtype=float)
        label = plain(clipped(name, 24))
        look: dict[str, Any] = {"facecolor": colour, "hatch": hatch, "edgecolor": EDGE, "label": label}
        if n_bars <= MAX_NAMED:
            axes.bar(places, top - bottom, width, bottom=bottom, linewidth=0.4, **look)
        else:
            axes.stairs(top, np.arange(n_bars + 1) - 0.5, baseline=bottom, fill=True, linewidth=0.25, **look)
        bottom = top
    axes.set_ylim(0, 1.06 * float(bottom.max(initial=0.0)) or 1.0)


def layer_axis(axes: Axes, names: Sequence[str], most: int = 28) -> None:
    """Ticks for layers: their names, or numbers where there are many."""
    room = 0.6 if len(names) > 2 else 1.2
    axes.set_xlim(-room, len(names) - 1 + room)
    if len(names) <= MAX_NAMED:
        upright = len(names) > 4
        axes.set_xticks(range(len(names)), short_names(names, most), rotation=90 if upright else 0, fontsize=8)
    else:
        step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 1000) if len(names) / s <= 30)
        axes.set_xticks(range(0, len(names), step))
        axes.tick_params(axis="x", labelsize=8)
        axes.set_xlabel("layer (its place in the network, from 0)")


def legend_right(axes: Axes, title: str = "") -> None:
    """A legend outside the axes, in the order of the stack from top to bottom."""
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1], labels[::-1], title=title, fontsize=8, title_fontsize=8, loc="upper left",
        bbox_to_anchor=(1.005, 1.0), borderaxespad=0, frameon=False, handlelength=1.8, handleheight=1.2,
    )  # fmt: skip


def tidy(axes: Axes) -> None:
    """Thin lines behind the data, no frame above and right."""
    axes.set_axisbelow(True)
    axes.grid(axis="y", color="#d8d8d8", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def width_for(n_bars: int) -> float:
    """Inches for so many bars side by side."""
    return min(22.0, max(7.0, 3.2 + 0.3 * n_bars)) if n_bars <= MAX_NAMED else min(22.0, 4.0 + 0.11 * n_bars)


def place_labels(axes: Axes, points: Sequence[tuple[float, float]], texts: Sequence[str], fontsize: float = 8) -> int:
    """Write names beside points where they overlap neither each other nor leave the axes, whose limits are set.

    The points are in data coordinates, the most important first.

    Returns:
        How many found room; the others are left out.
    """
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

    figure, legend = axes.figure, axes.get_legend()
    if not points or not isinstance(figure, Figure):
        return 0
    figure.canvas.draw()
    renderer = figure._get_renderer()  # type: ignore[attr-defined]  # of any kind of canvas
    frame, taken = axes.get_window_extent(renderer), [] if legend is None else [legend.get_window_extent(renderer)]
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


def _tries(
    axes: Axes, point: tuple[float, float], text: str, fontsize: float, renderer: RendererBase
) -> Iterator[tuple[Annotation, Bbox]]:
    """The label at one place after the other, and the box it takes there."""
    from matplotlib.patheffects import withStroke
    from matplotlib.text import Text

    halo = [withStroke(linewidth=2.2, foreground="white")]
    for reach in (1, 2.6, 4.6, 7):
        for dx, dy, horizontal, vertical in OFFSETS:
            label = axes.annotate(
                text, point, (dx * min(reach, 2), dy * reach), textcoords="offset points", ha=horizontal, va=vertical,
                fontsize=fontsize, zorder=5, path_effects=halo, annotation_clip=False,
                arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": "#777777", "shrinkA": 0, "shrinkB": 2},
            )  # fmt: skip
            label.update_positions(renderer)
            yield label, Text.get_window_extent(label, renderer)
