"""A folder with both databases; MLflow's is made once and copied, as making it takes a second."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tracking.samples import Place
from zigzag_lab.store import open_store
from zigzag_lab.tracking.places import sqlite_uri
from zigzag_lab.tracking.tracker import Tracker, quiet_mlflow


@pytest.fixture(scope="session")
def made_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    with quiet_mlflow():
        Tracker(sqlite_uri(path)).close()
    return path


@pytest.fixture
def place(tmp_path: Path, made_mlflow: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copy(made_mlflow, tmp_path / "mlflow.db")
    with open_store(f"sqlite:///{tmp_path / 'zigzag_lab.db'}") as store:
        yield Place(tmp_path, store)
