from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path

import pytest

from zigzag_lab.tracking.tracker import quiet_mlflow


def test_what_it_changes_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    monkeypatch.delenv("DO_NOT_TRACK", raising=False)
    logger = logging.getLogger("alembic")
    monkeypatch.setattr(logger, "level", logging.DEBUG)
    before, filters = dict(os.environ), list(warnings.filters)
    seen = []

    def fail_within() -> None:
        with quiet_mlflow(for_database=False):
            seen.extend((os.environ["DO_NOT_TRACK"], os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"]))
            seen.append(logger.isEnabledFor(logging.CRITICAL))
            warnings.warn("of a library", stacklevel=1)
            raise KeyError

    with pytest.raises(KeyError):
        fail_within()
    assert seen == ["true", "77", False]
    assert dict(os.environ) == before
    assert warnings.filters == filters
    assert logger.level == logging.DEBUG


def test_telemetry_is_off() -> None:
    with quiet_mlflow(for_database=False):
        from mlflow.telemetry import get_telemetry_client
        from mlflow.telemetry.utils import is_telemetry_disabled

        assert is_telemetry_disabled()
        assert get_telemetry_client() is None


def test_a_database_that_cannot_be_opened_is_not_tried_for_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    with quiet_mlflow():
        from mlflow.store.db import utils

        monkeypatch.setattr(utils.time, "sleep", pauses.append)
        with pytest.raises(Exception, match="unable to open database file"):
            utils.create_sqlalchemy_engine_with_retry(f"sqlite:///{tmp_path}")
    assert sum(pauses) < 2
    assert len(pauses) + 1 < utils.MAX_RETRY_COUNT
