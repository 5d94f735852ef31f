"""The composition root: builds pipelines and runs them."""

from zigzag_lab.api.main_stage import MainStage, default_database, publish
from zigzag_lab.api.pipeline import objective_of, temporal_mapping_type_of
from zigzag_lab.api.reference import get_hardware_performance_zigzag
from zigzag_lab.api.run import RunOutcome, RunRequest, run
from zigzag_lab.store.url import masked
from zigzag_lab.tracking.places import mlflow_uri_for

__all__ = [
    "MainStage",
    "RunOutcome",
    "RunRequest",
    "default_database",
    "get_hardware_performance_zigzag",
    "masked",
    "mlflow_uri_for",
    "objective_of",
    "publish",
    "run",
    "temporal_mapping_type_of",
]
