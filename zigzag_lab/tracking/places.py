"""Where MLflow keeps what we tell it: beside our SQLite file, unless somebody says otherwise."""

from __future__ import annotations

import os
from pathlib import Path

from zigzag_lab.store.url import DatabaseUrl
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.masking import masked

OFF = "off"
DATABASE_NAME = "mlflow.db"
ARTIFACTS_NAME = "mlartifacts"
_SQLITE = "sqlite:///"
_WORDS = ("databricks", "databricks-uc", "uc")  # what MLflow takes beside URIs


def mlflow_uri_for(database_url: str | DatabaseUrl, override: str | None = None) -> str | None:
    """The tracking URI to publish to. It may carry a password: show it through ``masked``.

    Args:
        database_url: our database.
        override: what the user asked for: a tracking URI, ``off``, or None for the default.

    Returns:
        The override; else ``MLFLOW_TRACKING_URI``; else ``mlflow.db`` beside our SQLite file, or in the working folder
        when our database is on a server. None when nothing is to be published: asked to, or our database is in memory.

    Raises:
        InputError: the override is no URI.
    """
    if override is not None and override.strip():
        return _checked(override.strip())
    from_environment = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
    if from_environment:
        return None if from_environment.lower() == OFF else absolute(from_environment)
    url = database_url if isinstance(database_url, DatabaseUrl) else DatabaseUrl.parse(database_url)
    if url.is_in_memory:
        return None
    folder = Path.cwd() if url.path is None else url.path.absolute().parent
    return sqlite_uri(folder / DATABASE_NAME)


def _checked(override: str) -> str | None:
    if override.lower() == OFF:
        return None
    if "://" not in override and override not in _WORDS:
        hint = f"Write --mlflow {_SQLITE}{override} for a file." if override.endswith(".db") else ""
        raise InputError("mlflow", f"'{masked(override)}'", f"a tracking URI or '{OFF}'", hint)
    return absolute(override)


def sqlite_uri(path: Path) -> str:
    """The tracking URI of a SQLite file."""
    return _SQLITE + path.absolute().as_posix()


def sqlite_path(uri: str) -> Path | None:
    """The SQLite file that a tracking URI names; None where it names something else."""
    scheme, _, rest = uri.partition(":///")
    place = rest.partition("?")[0]
    if scheme.partition("+")[0] != "sqlite" or place in ("", ":memory:"):
        return None
    return Path(place)


def absolute(uri: str) -> str:
    """A tracking URI that means the same from any folder."""
    path = sqlite_path(uri)
    return uri if path is None or "?" in uri or path.is_absolute() else sqlite_uri(path)


def artifact_folder(uri: str) -> Path | None:
    """Where files of runs go: beside MLflow's SQLite file, in the working folder for another database.

    None for a tracking server, which knows its own place.
    """
    path = sqlite_path(uri)
    if path is not None:
        return path.absolute().parent / ARTIFACTS_NAME
    return Path.cwd() / ARTIFACTS_NAME if is_database(uri) else None


def is_database(uri: str) -> bool:
    """Whether a tracking URI names a database that MLflow opens itself."""
    return uri.partition(":")[0].partition("+")[0] in ("sqlite", "postgresql", "postgres", "mysql", "mssql")
