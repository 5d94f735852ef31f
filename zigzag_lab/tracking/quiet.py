"""Use MLflow without its noise: no telemetry, no advice on git, no log lines, no warnings of libraries below it."""

from __future__ import annotations

import gc
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

_SWITCHES = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_AGENT_HINT": "1",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}
_PATIENCE = {  # MLflow would try a server that is down for four minutes
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}
_MOST_ATTEMPTS = 3
"""How often MLflow may try to open a database: left alone it does so for 100 seconds."""

_LOGGERS = ("mlflow", "alembic", "sqlalchemy", "urllib3", "git")
_SILENT = logging.CRITICAL + 1


@contextmanager
def quiet_mlflow(*, for_database: bool = True) -> Iterator[None]:
    """Within it, MLflow is imported and may be used. What it changes (environment, log levels) is put back afterwards.

    Warnings and the environment belong to the whole process: one thread at a time. For a database more has to be
    imported than for a server.
    """
    fresh = "mlflow" not in sys.modules
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    before = {name: os.environ.get(name) for name in (*_SWITCHES, *_PATIENCE)}
    os.environ.update(_SWITCHES | {n: v for n, v in _PATIENCE.items() if n not in os.environ})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _import_mlflow(for_database)
            if fresh:
                levels["mlflow"] = logging.getLogger("mlflow").level
            for name in _LOGGERS:
                logging.getLogger(name).setLevel(_SILENT)
            with _few_attempts() if for_database else nullcontext():
                yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _import_mlflow(for_database: bool) -> None:
    """Import it with the garbage collector at rest, which takes a fifth off."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        import mlflow.tracking.client

        if for_database:
            import mlflow.store.tracking.sqlalchemy_store  # noqa: F401
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _few_attempts() -> Iterator[None]:
    from mlflow.store.db import utils

    before = utils.MAX_RETRY_COUNT
    utils.MAX_RETRY_COUNT = _MOST_ATTEMPTS
    try:
        yield
    finally:
        utils.MAX_RETRY_COUNT = before
