"""A picture of how many multiply-accumulates each layer of a run has."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from zigzag_lab.api.plot import Drawing, PlotKind


def draw(drawing: Drawing) -> Path:
    """Draw a bar for each layer."""
    figure = Figure()
    axes = figure.subplots()
    axes.bar([cme.layer.name for cme in drawing.priced.cmes], [cme.layer.n_macs for cme in drawing.priced.cmes])
    axes.set_title(drawing.title)
    figure.savefig(drawing.path)
    return drawing.path


MACS = PlotKind("macs", "multiply-accumulates of each layer", draw)
