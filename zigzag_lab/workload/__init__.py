"""Workloads: layers and the graph they form. Depends on no file format."""

from zigzag_lab.workload.graph import Coverage, FreeNode, LeftOut, Workload, operations_left_out, predecessors
from zigzag_lab.workload.layer import DimensionRelation, Layer, Relevancy

__all__ = [
    "Coverage",
    "DimensionRelation",
    "FreeNode",
    "Layer",
    "LeftOut",
    "Relevancy",
    "Workload",
    "operations_left_out",
    "predecessors",
]
