"""Pictures and tables made from records: what a mapping looks like, and where energy and cycles go."""

from zigzag_lab.plots.breakdown_bars import plot_breakdowns
from zigzag_lab.plots.loop_nest import loop_nest_text
from zigzag_lab.plots.memory_hierarchy import plot_memory_hierarchy

__all__ = ["loop_nest_text", "plot_breakdowns", "plot_memory_hierarchy"]
