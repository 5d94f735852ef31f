"""What is computed: layers and the graph they form. Knows no files."""

from zigzag_lab.workload.graph import FreeNode, Workload, predecessors
from zigzag_lab.workload.layer import DimensionRelation, Layer, Relevancy

__all__ = ["DimensionRelation", "FreeNode", "Layer", "Relevancy", "Workload", "predecessors"]
