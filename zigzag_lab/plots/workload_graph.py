"""The graph of a network, its costly layers dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, fsum
from pathlib import Path
from typing import TYPE_CHECKING

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.plots.style import clipped, need, new_figure, readable_on, save, short_names
from zigzag_lab.vocab.options import OBJECTIVE
from zigzag_lab.vocab.quantities import share
from zigzag_lab.workload import FreeNode, Layer, Workload, predecessors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_RANKS = 26
"""Longer networks go on in the next column."""

COLUMN_GAP, LANE_GAP, BOX_WIDTH, BOX_HEIGHT, ROW_HEIGHT = 0.45, 0.13, 2.0, 0.66, 0.56

_FIGURES = {"latency": "latency_total2", "energy": "energy_total", "edp": "edp_pj_cycles"}

Position = tuple[float, float]


def drawn_nodes(workload: Workload) -> tuple[list[Layer | FreeNode], list[tuple[int, int]]]:
    """The layers, the nodes that join several of them, and who feeds whom, by id; other nodes are seen through."""
    behind: dict[int, list[int]] = {}
    nodes: list[Layer | FreeNode] = []
    edges: list[tuple[int, int]] = []
    for node in workload.topological():
        sources = list(dict.fromkeys(s for p in predecessors(node) if p != node.id for s in behind.get(p, [])))
        if isinstance(node, FreeNode) and len(sources) < 2:
            behind[node.id] = sources
            continue
        behind[node.id] = [node.id]
        nodes.append(node)
        edges += [(source, node.id) for source in sources]
    return nodes, edges


def plot_workload(
    workload: Workload,
    cmes: Sequence[CostModelEvaluation],
    path: str | Path,
    title: str = "",
    objective: str = OBJECTIVE.default,
) -> Path:
    """Draw the layers of a network and who feeds whom, the darker the larger their share, and save the picture.

    Long networks go on at the top of the next column. The share is that of the objective: ``latency``, ``energy`` or
    ``edp``, else InputError is raised.
    """
    need(cmes)
    objective = OBJECTIVE.checked(objective)
    figures = {cme.layer.id: float(getattr(cme, _FIGURES[objective])) for cme in cmes}
    whole = fsum(figures.values())
    nodes, edges = drawn_nodes(workload)
    plan = _Plan.of(nodes, edges)
    figure = new_figure(max(5.0, plan.width + 0.4), 1.3 + ROW_HEIGHT * plan.n_rows, title)
    axes = figure.add_subplot()
    axes.set_xlim(-0.15, plan.width + 0.15)
    axes.set_ylim(plan.n_rows - 0.45, -0.55)
    axes.axis("off")
    for edge in edges:
        _draw_edge(axes, edge, plan)
    layers = [node for node in nodes if isinstance(node, Layer)]
    names = dict(zip([x.id for x in layers], short_names([x.name for x in layers], 24), strict=True))
    most = max(figures.values())
    for node in nodes:
        if isinstance(node, FreeNode):
            _draw_join(axes, plan.places[node.id], node.operator_type)
        else:
            part = figures.get(node.id, 0.0)
            text = f"{names[node.id]}\n{share(part, whole)}"
            _draw_box(axes, plan.places[node.id], text, part / most if most else 0.0)
    axes.set_title(f"share of the {'energy-delay products' if objective == 'edp' else objective}", fontsize=9)
    return save(figure, path)


@dataclass(frozen=True)
class _Plan:
    """Where nodes and the edges that pass others stand: inches to the right, rows downwards.

    Attributes:
        places: node id -> the middle of its box.
        columns: node id -> the column it stands in.
        lanes: edge that passes other rows of its column -> how far right it runs.
        lefts: where each column starts.
        joins: ids of nodes that cost nothing.
        width: inches of all columns.
        n_rows: rows of the longest column.
    """

    places: dict[int, Position]
    columns: dict[int, int]
    lanes: dict[tuple[int, int], float]
    lefts: tuple[float, ...]
    joins: frozenset[int]
    width: float
    n_rows: int

    def halves(self, node_id: int) -> tuple[float, float]:
        """Half the width (inches) and half the height (rows) of a node."""
        return (0.22, 0.16) if node_id in self.joins else (BOX_WIDTH / 2, BOX_HEIGHT / 2)

    @classmethod
    def of(cls, nodes: Sequence[Layer | FreeNode], edges: Sequence[tuple[int, int]]) -> _Plan:
        """A node stands below all that feed it; nodes of the same rank stand side by side."""
        rank: dict[int, int] = {}
        sources: dict[int, list[int]] = {}
        for source, target in edges:
            sources.setdefault(target, []).append(source)
        for node in nodes:
            rank[node.id] = max((rank[source] + 1 for source in sources.get(node.id, [])), default=0)
        n_ranks = max(rank.values()) + 1
        per_column = ceil(n_ranks / ceil(n_ranks / MOST_RANKS))
        columns = {node_id: of // per_column for node_id, of in rank.items()}
        rows = {node_id: of % per_column for node_id, of in rank.items()}
        places: dict[int, Position] = {}
        lanes: dict[tuple[int, int], float] = {}
        left, lefts = 0.0, []
        for column in range(max(columns.values()) + 1):
            inside = [node_id for node_id in rank if columns[node_id] == column]
            lefts.append(left)
            right = _place_column(inside, rows, left, places)
            left = _place_lanes(edges, set(inside), rows, right, lanes) + COLUMN_GAP
        joins = frozenset(node.id for node in nodes if isinstance(node, FreeNode))
        return cls(places, columns, lanes, tuple(lefts), joins, left - COLUMN_GAP, per_column)


def _place_column(inside: Sequence[int], rows: dict[int, int], left: float, places: dict[int, Position]) -> float:
    """Put the nodes of a column in their rows, each row in the middle; how far right that goes."""
    by_row: dict[int, list[int]] = {}
    for node_id in inside:
        by_row.setdefault(rows[node_id], []).append(node_id)
    breadth = max(map(len, by_row.values()))
    for row, node_ids in by_row.items():
        for i, node_id in enumerate(node_ids):
            shift = (breadth - len(node_ids)) / 2 + i
            places[node_id] = (left + BOX_WIDTH / 2 + shift * (BOX_WIDTH + 0.25), row)
    return left + breadth * (BOX_WIDTH + 0.25) - 0.25


def _place_lanes(
    edges: Sequence[tuple[int, int]],
    inside: set[int],
    rows: dict[int, int],
    right: float,
    lanes: dict[tuple[int, int], float],
) -> float:
    """Give edges that pass other rows a lane beside their column, none to two at the same height; its right end."""
    ends: list[int] = []  # of each lane so far, the row at which it is free again
    passing = [e for e in edges if e[0] in inside and e[1] in inside and rows[e[1]] - rows[e[0]] > 1]
    for source, target in sorted(passing, key=lambda e: (rows[e[0]], rows[e[1]])):
        lane = next((i for i, end in enumerate(ends) if end < rows[source]), len(ends))
        ends[lane : lane + 1] = [rows[target]]
        lanes[source, target] = right + LANE_GAP * (lane + 1)
    return right + LANE_GAP * len(ends)


def _draw_edge(axes: Axes, edge: tuple[int, int], plan: _Plan) -> None:
    """An arrow; beside the column where it passes other rows, between the rows where it goes to another column."""
    (x0, y0), (x1, y1) = plan.places[edge[0]], plan.places[edge[1]]
    (_, below), (right, above) = plan.halves(edge[0]), plan.halves(edge[1])
    if edge in plan.lanes:
        x = plan.lanes[edge]
        way = [(x0, y0), (x, y0), (x, y1), (x1 + right, y1)]
    elif plan.columns[edge[0]] == plan.columns[edge[1]]:
        way = [(x0, y0 + below), (x1, y1 - above)]
    else:
        x = plan.lefts[plan.columns[edge[1]]] - COLUMN_GAP / 2
        way = [(x0, y0 + below), (x0, y0 + 0.5), (x, y0 + 0.5), (x, y1 - 0.5), (x1, y1 - 0.5), (x1, y1 - above)]
    xs, ys = zip(*way[:-1], strict=True)
    axes.plot(xs, ys, zorder=1, color="#5f5f5f", linewidth=0.8, linestyle="--" if len(way) == 6 else "-")
    arrow = {"arrowstyle": "-|>", "mutation_scale": 7, "shrinkA": 0, "shrinkB": 0, "color": "#5f5f5f", "linewidth": 0.8}
    axes.annotate("", way[-1], way[-2], arrowprops=arrow, zorder=1)


def _draw_join(axes: Axes, place: Position, name: str) -> None:
    """A node that costs nothing and joins several layers."""
    box = {"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": "#5f5f5f", "linewidth": 0.7}
    x, y = place
    axes.text(x, y, clipped(name, 14), ha="center", va="center", fontsize=7, zorder=3, bbox=box)


def _draw_box(axes: Axes, place: Position, text: str, heat: float) -> None:
    import matplotlib as mpl
    from matplotlib.patches import Rectangle

    colour = mpl.colormaps["YlOrBr"](0.02 + 0.93 * heat)
    x, y = place
    corner = (x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2)
    axes.add_patch(
        Rectangle(corner, BOX_WIDTH, BOX_HEIGHT, facecolor=colour, edgecolor="#262626", linewidth=0.7, zorder=2)
    )
    axes.text(x, y, text, ha="center", va="center", fontsize=7.5, color=readable_on(colour), zorder=3)
