"""Pictures stay what they are, nothing lies on anything else, and bars are as high as the figures say."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise
from math import fsum
from pathlib import Path
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from tests.plots.pictures import DRAWN, TOLERANCE, difference, network, points, seen, stored
from zigzag_lab import plots
from zigzag_lab.plots import bars, style
from zigzag_lab.plots.roofline import roofline_point, roofs
from zigzag_lab.plots.scatter import pareto_front
from zigzag_lab.vocab import InputError, ZigzagLabError

OF_LAYERS = (plots.plot_energy, plots.plot_latency, plots.plot_roofline, plots.plot_memory_utilisation)


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Figures that were saved, instead of their files."""
    saved: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: saved.append(figure))
    return saved


@pytest.mark.parametrize("kind", DRAWN)
def test_a_picture_looks_as_it_did(kind: str, tmp_path: Path) -> None:
    assert difference(seen(DRAWN[kind](tmp_path / "picture.png")), stored(kind)) < TOLERANCE


def test_a_change_of_figures_is_seen(tmp_path: Path) -> None:
    cmes = network(21)[1]
    changed = plots.plot_latency([*cmes[:10], *cmes[12:], *cmes[10:12]], tmp_path / "picture.png", "latency")
    assert difference(seen(changed), stored("latency")) > TOLERANCE


def test_a_change_of_colours_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(style.OPERAND_STYLE, "I", ("#1c1c1c", ""))
    assert difference(seen(DRAWN["energy"](tmp_path / "picture.png")), stored("energy")) > TOLERANCE


@pytest.mark.parametrize("n_layers", [1, 21, 120])
@pytest.mark.parametrize("plot", OF_LAYERS, ids=lambda plot: plot.__name__)
def test_no_text_leaves_the_picture_or_lies_on_another(
    n_layers: int, plot: Callable[..., Path], figures: list[Figure], tmp_path: Path
) -> None:
    plot(network(n_layers)[1], tmp_path / "picture.png", "a title")
    (figure,) = figures
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    used, whole = figure.get_tightbbox(canvas.get_renderer()), figure.bbox_inches
    assert used.x0 >= -0.01
    assert used.y0 >= -0.01
    assert used.x1 <= whole.x1 + 0.01
    assert used.y1 <= whole.y1 + 0.01
    for axes in figure.axes:
        boxes = [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()]
        on_axis = [box for box in boxes if axes.bbox.x0 - 1 <= box.x0 + box.width / 2 <= axes.bbox.x1 + 1]
        assert all(a.x1 <= b.x0 + 1 for a, b in pairwise(on_axis))
        names = [Text.get_window_extent(text) for text in axes.texts]
        assert not any(a.overlaps(b) for a, b in combinations(names, 2))


def test_names_beside_a_front_do_not_lie_on_each_other(figures: list[Figure], tmp_path: Path) -> None:
    plots.plot_pareto(points(200), tmp_path / "picture.png")
    FigureCanvasAgg(figures[0]).draw()
    names = [Text.get_window_extent(text) for text in figures[0].axes[0].texts]
    assert len(names) >= 3
    assert not any(a.overlaps(b) for a, b in combinations(names, 2))


@pytest.mark.parametrize("n_layers", [1, 21])
def test_bars_are_as_high_as_the_figures(n_layers: int, figures: list[Figure], tmp_path: Path) -> None:
    cmes = network(n_layers)[1]
    plots.plot_energy(cmes, tmp_path / "energy.png")
    plots.plot_latency(cmes, tmp_path / "latency.png")
    energy, latency = figures
    scales = {"pJ": 1, "nJ": 1e3, "uJ": 1e6}
    for axes in energy.axes:
        scale = scales[axes.get_ylabel().split("(")[1].rstrip(")")]
        heights = [fsum(bar.patches[i].get_height() for bar in axes.containers) for i in range(n_layers)]
        assert heights == pytest.approx([cme.energy_total / scale for cme in cmes], rel=1e-9)
    heights = [fsum(bar.patches[i].get_height() for bar in latency.axes[0].containers) for i in range(n_layers)]
    assert heights == pytest.approx([cme.latency_total2 for cme in cmes], rel=1e-9)


def test_terms_and_parts_add_up() -> None:
    for cme in network(21)[1]:
        assert fsum(bars.latency_by_term(cme).values()) == cme.latency_total2
        for parts in (bars.energy_by_memory_pj(cme), bars.energy_by_operand_pj(cme)):
            assert fsum(parts.values()) == pytest.approx(cme.mem_energy, rel=1e-12)


def test_stacked_parts_can_be_told_apart_in_grey() -> None:
    def lightness(colour: Any) -> float:
        red, green, blue = to_rgb(colour)
        return 0.299 * red + 0.587 * green + 0.114 * blue

    cmes = network(1)[1]
    operations = {style.OPERATIONS: (style.OPERATIONS_COLOUR, "")}
    memories, operands = style.memory_styles(cmes), style.operand_styles(cmes)
    for styles in ({**operations, **memories}, {**operations, **operands}, style.TERM_STYLE):
        for (a, hatch_a), (b, hatch_b) in combinations(styles.values(), 2):
            assert abs(lightness(a) - lightness(b)) > 0.08 or hatch_a != hatch_b


def test_a_memory_looks_the_same_whatever_stands_beside_it() -> None:
    (cme,) = network(1)[1]
    alone = style.memory_styles([cme])
    assert style.memory_styles([cme, *network(21)[1]]) == alone


def test_points_under_the_roof_are_worked_out_from_accesses() -> None:
    (cme,) = network(1)[1]
    peak, bytes_per_cycle = roofs(cme)
    assert (peak, bytes_per_cycle) == (16, 4)
    point = roofline_point(cme)
    bits = fsum(32 * levels[-1].total for levels in cme.memory_word_access.values())
    assert point.ops_per_byte == pytest.approx(cme.layer.n_macs / (bits / 8))
    assert point.ops_per_cycle <= peak


def test_the_front_is_what_nobody_beats() -> None:
    many = points(60)
    front = pareto_front(many)
    beaten = [p for p in many if any(q.x <= p.x and q.y <= p.y and (q.x, q.y) != (p.x, p.y) for q in many)]
    assert {(p.x, p.y) for p in front} == {(p.x, p.y) for p in many} - {(p.x, p.y) for p in beaten}


@pytest.mark.parametrize("suffix", ["svg", "pdf"])
def test_equal_pictures_are_equal_files(suffix: str, tmp_path: Path) -> None:
    one, other = (plots.plot_latency(network(1)[1], tmp_path / f"{name}.{suffix}") for name in "ab")
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(("name", "said"), [("x.bmp", "ends in .png"), ("nowhere/x.png", "does not exist")])
def test_a_wrong_path_is_said(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        plots.plot_energy(network(1)[1], tmp_path / name)


@pytest.mark.parametrize("plot", OF_LAYERS, ids=lambda plot: plot.__name__)
def test_nothing_cannot_be_drawn(plot: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(ZigzagLabError, match="no result"):
        plot([], tmp_path / "x.png")


def test_names_are_told_apart_and_drawn_as_they_read() -> None:
    assert style.short_names(["/a/b/conv", "/a/c/conv"]) == ["b/conv", "c/conv"]
    assert len(set(style.short_names(["x" * 90, "x" * 91, "$\\alpha$\n"]))) == 3
    assert style.plain("$x$\n") == r"\$x\$ "
