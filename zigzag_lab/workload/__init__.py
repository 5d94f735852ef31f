"""Workloads: layers and the graph they form. Depends on no file format."""

from zigzag_lab.workload.batch import Inferences, inferences_of
from zigzag_lab.workload.graph import Coverage, FreeNode, LeftOut, Workload, operations_left_out, predecessors
from zigzag_lab.workload.layer import DimensionRelation, Layer, Relevancy

__all__ = [
    "Coverage",
    "DimensionRelation",
    "FreeNode",
    "Inferences",
    "Layer",
    "LeftOut",
    "Relevancy",
    "Workload",
    "inferences_of",
    "operations_left_out",
    "predecessors",
]
