"""The composition root: builds pipelines and runs them, opens and queries databases.

Names are loaded when first read: a query of a database does not wait for the search to be imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from zigzag_lab.api.databases import default_database as default_database
from zigzag_lab.api.run import RunOutcome as RunOutcome
from zigzag_lab.api.run import RunRequest as RunRequest
from zigzag_lab.api.run import get_hardware_performance_zigzag as get_hardware_performance_zigzag
from zigzag_lab.api.run import get_hardware_performance_zigzag_imc as get_hardware_performance_zigzag_imc
from zigzag_lab.api.run import run as run

if TYPE_CHECKING:
    from zigzag_lab.api.main_stage import MainStage as MainStage
    from zigzag_lab.api.main_stage import publish as publish
    from zigzag_lab.api.pipeline import objective_of as objective_of
    from zigzag_lab.api.pipeline import run_options as run_options
    from zigzag_lab.api.pipeline import temporal_mapping_type_of as temporal_mapping_type_of
    from zigzag_lab.store.lab import Lab as Lab
    from zigzag_lab.tracking.places import mlflow_uri_for as mlflow_uri_for
    from zigzag_lab.vocab.masking import masked as masked
else:
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
    _OF_RUN = (
        "RunOutcome",
        "RunRequest",
        "get_hardware_performance_zigzag",
        "get_hardware_performance_zigzag_imc",
        "run",
    )
    __all__ = sorted(["default_database", *_OF_RUN, *_HOMES])

    def __getattr__(name):
        if home := _HOMES.get(name):
            return getattr(import_module(home), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
