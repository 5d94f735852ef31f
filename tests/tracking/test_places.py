from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.test_url import ODD_NAMES
from zigzag_lab.tracking import places
from zigzag_lab.tracking.places import absolute, artifact_folder, mlflow_uri_for, sqlite_path, sqlite_uri
from zigzag_lab.vocab import InputError

POSTGRES = "postgresql+psycopg://me:hidden@host/lab"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


def test_beside_our_file(here: Path) -> None:
    assert mlflow_uri_for(f"sqlite:///{here}/deep/lab.db") == f"sqlite:///{here}/deep/mlflow.db"
    assert mlflow_uri_for("sqlite:///lab.db") == f"sqlite:///{here}/mlflow.db"


def test_in_the_working_folder_when_ours_is_on_a_server(here: Path) -> None:
    assert mlflow_uri_for(POSTGRES) == f"sqlite:///{here}/mlflow.db"


def test_nothing_for_a_database_in_memory() -> None:
    assert mlflow_uri_for("sqlite://") is None


def test_the_environment_overrides_and_the_option_overrides_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracker:5000")
    assert mlflow_uri_for("sqlite:///lab.db") == "http://tracker:5000"
    assert mlflow_uri_for("sqlite:///lab.db", "https://other") == "https://other"
    assert mlflow_uri_for("sqlite:///lab.db", " OFF ") is None
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "off")
    assert mlflow_uri_for("sqlite:///lab.db") is None


def test_a_relative_file_means_the_same_from_any_folder(here: Path) -> None:
    assert mlflow_uri_for("sqlite:///lab.db", "sqlite:///runs/m.db") == f"sqlite:///{here}/runs/m.db"


def test_a_plain_path_is_a_sqlite_file_and_other_words_are_refused(here: Path) -> None:
    for name in ("some/mlflow.db", "m.sqlite", "m.sqlite3"):
        assert mlflow_uri_for("sqlite:///lab.db", name) == f"sqlite:///{here}/{name}"
    for word in ("of", "mlruns", "some/folder"):
        with pytest.raises(InputError, match="tracking URI, a SQLite file or 'off'"):
            mlflow_uri_for("sqlite:///lab.db", word)


@pytest.mark.parametrize("reads_percents", [True, False], ids=["SQLAlchemy 2.1", "SQLAlchemy 2.0"])
@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_folder_has_a_uri(here: Path, name: str, reads_percents: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_reads_percents", lambda: reads_percents)
    uri = sqlite_uri(here / name / "mlflow.db")
    assert sqlite_path(uri) == here / name / "mlflow.db"
    assert absolute(uri) == uri
    assert artifact_folder(uri) == here / name / "mlartifacts"


@pytest.mark.parametrize("name", ODD_NAMES)
def test_the_installed_sqlalchemy_opens_that_uri_inside_the_folder(here: Path, name: str) -> None:
    from sqlalchemy import create_engine

    (here / name).mkdir()
    engine = create_engine(sqlite_uri(here / name / "mlflow.db"))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x INTEGER)")
    engine.dispose()
    assert [path.name for path in (here / name).iterdir()] == ["mlflow.db"]


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("sqlite:////a/b.db", Path("/a/b.db")),
        ("sqlite:///b.db", Path("b.db")),
        ("sqlite+pysqlite:////a/b.db?timeout=3", Path("/a/b.db")),
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
        ("http://host/x", None),
        (POSTGRES, None),
    ],
)
def test_files_of_uris(uri: str, path: Path | None) -> None:
    assert sqlite_path(uri) == path


def test_files_of_runs_lie_beside_the_database_or_where_the_server_says(here: Path) -> None:
    assert artifact_folder("sqlite:////a/mlflow.db") == Path("/a/mlartifacts")
    assert artifact_folder(POSTGRES) == here / "mlartifacts"
    assert artifact_folder("http://host") is None
