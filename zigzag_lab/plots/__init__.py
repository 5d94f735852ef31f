"""Pictures and tables made from records: what a mapping looks like, and where energy and cycles go.

Every picture is a PNG, an SVG or a PDF, by the suffix of its path; the title stands above it. A function that draws
returns the path, and raises ZigzagLabError where there is nothing to draw, InputError where the path is not usable.
Colours have the same order in grey.
"""

from zigzag_lab.plots.bars import plot_breakdowns as plot_breakdowns
from zigzag_lab.plots.bars import plot_comparison as plot_comparison
from zigzag_lab.plots.bars import plot_energy as plot_energy
from zigzag_lab.plots.bars import plot_latency as plot_latency
from zigzag_lab.plots.bars import plot_memory_utilisation as plot_memory_utilisation
from zigzag_lab.plots.loop_nest import loop_nest_text as loop_nest_text
from zigzag_lab.plots.loop_nest import plot_loop_nest as plot_loop_nest
from zigzag_lab.plots.memory_hierarchy import plot_memory_hierarchy as plot_memory_hierarchy
from zigzag_lab.plots.roofline import plot_roofline as plot_roofline
from zigzag_lab.plots.scatter import DesignMark as DesignMark
from zigzag_lab.plots.scatter import pareto_front as pareto_front
from zigzag_lab.plots.scatter import plot_pareto as plot_pareto
from zigzag_lab.plots.scatter import plot_search_quality as plot_search_quality
from zigzag_lab.plots.workload_graph import plot_workload as plot_workload
