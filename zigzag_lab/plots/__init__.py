"""Pictures and tables made from records: what a mapping looks like, and where energy and cycles go.

Every picture is a PNG, an SVG or a PDF, by the suffix of its path; the title stands above it. A function that draws
returns the path, and raises ZigzagLabError where there is nothing to draw, InputError where the path is not usable.
Colours have the same order in grey.
"""

from zigzag_lab.plots.bars import plot_comparison, plot_energy, plot_latency, plot_memory_utilisation
from zigzag_lab.plots.breakdown_bars import plot_breakdowns
from zigzag_lab.plots.loop_nest import loop_nest_text, plot_loop_nest
from zigzag_lab.plots.memory_hierarchy import plot_memory_hierarchy
from zigzag_lab.plots.roofline import plot_roofline
from zigzag_lab.plots.scatter import DesignMark, pareto_front, plot_pareto, plot_search_quality
from zigzag_lab.plots.workload_graph import plot_workload

__all__ = [
    "DesignMark",
    "loop_nest_text",
    "pareto_front",
    "plot_breakdowns",
    "plot_comparison",
    "plot_energy",
    "plot_latency",
    "plot_loop_nest",
    "plot_memory_hierarchy",
    "plot_memory_utilisation",
    "plot_pareto",
    "plot_roofline",
    "plot_search_quality",
    "plot_workload",
]
