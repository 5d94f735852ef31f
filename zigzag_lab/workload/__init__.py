"""Workloads: layers and the graph they form. Depends on no file format."""

from zigzag_lab.workload.batch import Inferences as Inferences
from zigzag_lab.workload.batch import inferences_of as inferences_of
from zigzag_lab.workload.graph import Coverage as Coverage
from zigzag_lab.workload.graph import FreeNode as FreeNode
from zigzag_lab.workload.graph import LeftOut as LeftOut
from zigzag_lab.workload.graph import Workload as Workload
from zigzag_lab.workload.graph import operations_left_out as operations_left_out
from zigzag_lab.workload.graph import predecessors as predecessors
from zigzag_lab.workload.layer import DimensionRelation as DimensionRelation
from zigzag_lab.workload.layer import Layer as Layer
from zigzag_lab.workload.layer import Relevancy as Relevancy
