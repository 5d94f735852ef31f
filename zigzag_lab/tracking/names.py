"""Tags by which we know our own in MLflow again."""

from __future__ import annotations

RUN_ID_TAG = "zl.run_id"
SWEEP_ID_TAG = "zl.sweep_id"
POINT_KEY_TAG = "zl.point_key"
PARENT_TAG = "mlflow.parentRunId"
VIEW_ID = "zigzag-lab"
VIEW_TAG = f"mlflow.sharedViewState.{VIEW_ID}"
