"""The composition root: builds pipelines and runs them."""

from zigzag_lab.api.pipeline import objective_of, temporal_mapping_type_of
from zigzag_lab.api.reference import get_hardware_performance_zigzag
from zigzag_lab.api.run import RunOutcome, RunRequest, run

__all__ = [
    "RunOutcome",
    "RunRequest",
    "get_hardware_performance_zigzag",
    "objective_of",
    "run",
    "temporal_mapping_type_of",
]
