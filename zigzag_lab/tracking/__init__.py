"""Publishing: what the database holds, shown in MLflow. MLflow is imported here only, and only when there is work.

The database is the record and MLflow a window on it. Whatever goes wrong with the window stays in the outbox
(``zl_publication``), from which the next call brings it.
"""

from zigzag_lab.tracking.places import OFF, mlflow_uri_for
from zigzag_lab.tracking.publish import Failure, PublishReport, publish_pending

__all__ = ["OFF", "Failure", "PublishReport", "mlflow_uri_for", "publish_pending"]
