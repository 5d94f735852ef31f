"""The locations of MLflow's store and artifacts: beside our SQLite file by default."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from urllib.parse import quote, unquote

from zigzag_lab.store.url import DatabaseUrl
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.masking import masked

OFF = "off"
DATABASE_NAME = "mlflow.db"
ARTIFACTS_NAME = "mlartifacts"
_SQLITE, _WITH_DRIVER = "sqlite:///", "sqlite+pysqlite:///"
_SUFFIXES = (".db", ".sqlite", ".sqlite3")
_SIGNS = frozenset("?%")
_WORDS = ("databricks", "databricks-uc", "uc")  # what MLflow takes beside URIs


def mlflow_uri_for(database_url: str | DatabaseUrl, override: str | None = None) -> str | None:
    """The tracking URI to publish to. It may carry a password: show it through ``masked``.

    Returns:
        The override of the user's; else ``MLFLOW_TRACKING_URI``; else ``mlflow.db`` beside our SQLite file, or in the
        working folder when our database is on a server. None when nothing is to be published: ``off``, or our database
        is in memory.

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
    if "://" in override or override in _WORDS:
        return absolute(override)
    if Path(override).suffix in _SUFFIXES:
        return sqlite_uri(Path(override))
    hint = "A file's name ends in .db or .sqlite; of a folder of MLflow's write its address, file:///..."
    raise InputError("mlflow", f"'{masked(override)}'", f"a tracking URI, a SQLite file or '{OFF}'", hint)


def sqlite_uri(path: Path) -> str:
    """The tracking URI of a SQLite file, whatever its folders are called.

    Where a name has signs that mean something in a URI, it names the driver, too: of a URI without one, MLflow makes
    the folder under its escaped name.
    """
    place = path.absolute().as_posix()
    if not _SIGNS.intersection(place):
        return _SQLITE + place
    if _reads_percents():
        return _WITH_DRIVER + place.replace("%", "%25").replace("?", "%3F")
    return f"{_WITH_DRIVER}file:{quote(place)}?uri=true" if "?" in place else _WITH_DRIVER + place


def sqlite_path(uri: str) -> Path | None:
    """The SQLite file that a tracking URI names; None where it names something else."""
    scheme, _, rest = uri.partition(":///")
    place, _, query = rest.partition("?")
    if scheme.partition("+")[0] != "sqlite" or place in ("", ":memory:"):
        return None
    if "%" in place and _reads_percents():
        place = unquote(place)
    if place.startswith("file:") and "uri=true" in query:
        place = unquote(place.removeprefix("file:"))
    return Path(place)


@cache
def _reads_percents() -> bool:
    """Whether SQLAlchemy takes ``%25`` in the name of a file for a percent sign, as it does from 2.1 on."""
    from sqlalchemy import make_url

    return make_url(_SQLITE + "%25").database == "%"


def absolute(uri: str) -> str:
    """A tracking URI that means the same from any folder."""
    path = sqlite_path(uri)
    return uri if path is None or "?" in uri else sqlite_uri(path)


def artifact_folder(uri: str) -> Path | None:
    """Where files of runs go: beside MLflow's SQLite file, in the working folder for another database.

    None for a tracking server, which has a location of its own.
    """
    path = sqlite_path(uri)
    if path is not None:
        return path.absolute().parent / ARTIFACTS_NAME
    return Path.cwd() / ARTIFACTS_NAME if is_database(uri) else None


def is_database(uri: str) -> bool:
    """Whether a tracking URI names a database that MLflow opens itself."""
    return uri.partition(":")[0].partition("+")[0] in ("sqlite", "postgresql", "postgres", "mysql", "mssql")
