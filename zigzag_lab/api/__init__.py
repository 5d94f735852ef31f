"""The composition root: builds pipelines and runs them, opens and queries databases.

Names are loaded when first read: a query of a database does not wait for the search to be imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from zigzag_lab.api.databases import default_database
from zigzag_lab.api.run import (
    RunOutcome,
    RunRequest,
    get_hardware_performance_zigzag,
    get_hardware_performance_zigzag_imc,
    run,
)

if TYPE_CHECKING:
    from zigzag_lab.api.main_stage import MainStage, publish
    from zigzag_lab.api.pipeline import objective_of, run_options, temporal_mapping_type_of
    from zigzag_lab.store.lab import Lab
    from zigzag_lab.tracking.places import mlflow_uri_for
    from zigzag_lab.vocab.masking import masked

_HOMES = {
    "Lab": "zigzag_lab.store.lab",
    "MainStage": "zigzag_lab.api.main_stage",
    "masked": "zigzag_lab.vocab.masking",
    "mlflow_uri_for": "zigzag_lab.tracking.places",
    "objective_of": "zigzag_lab.api.pipeline",
    "publish": "zigzag_lab.api.main_stage",
    "run_options": "zigzag_lab.api.pipeline",
    "temporal_mapping_type_of": "zigzag_lab.api.pipeline",
}

__all__ = [
    "Lab",
    "MainStage",
    "RunOutcome",
    "RunRequest",
    "default_database",
    "get_hardware_performance_zigzag",
    "get_hardware_performance_zigzag_imc",
    "masked",
    "mlflow_uri_for",
    "objective_of",
    "publish",
    "run",
    "run_options",
    "temporal_mapping_type_of",
]


if not TYPE_CHECKING:  # which sees the imports above, and may report what is not among them

    def __getattr__(name):
        if home := _HOMES.get(name):
            return getattr(import_module(home), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
