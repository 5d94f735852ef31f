"""Publishing: what the database holds, shown in MLflow. MLflow is imported here only, and only when there is work.

The database is the record and MLflow a window on it. Whatever goes wrong with the window stays in the outbox
(``zl_publication``), from which the next call brings it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zigzag_lab.tracking.places import OFF, mlflow_uri_for

if TYPE_CHECKING:
    from zigzag_lab.tracking.publish import Failure, PublishReport, publish_pending

__all__ = ["OFF", "Failure", "PublishReport", "mlflow_uri_for", "publish_pending"]


def __getattr__(name: str) -> object:
    """Load the publisher when it is first used: a run that publishes nothing does not wait for it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from zigzag_lab.tracking import publish

    return getattr(publish, name)
