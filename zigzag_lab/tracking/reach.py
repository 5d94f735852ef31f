"""Check that MLflow's store can be used before MLflow is called: MLflow itself retries for minutes."""

from __future__ import annotations

import socket
import sqlite3
import tempfile
import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from zigzag_lab.tracking.places import sqlite_path
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.masking import masked

BUSY_SECONDS = 2.0
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 4.0
REMEMBERED_SECONDS = 300.0
"""Time in which this process does not try a server again that did not answer."""

UPGRADE = "Upgrade MLflow, or name another store with --mlflow."
_POSTGRES_ASKS_FOR_TLS = bytes.fromhex("0000000804d2162f")
_silent: dict[tuple[str, int], float] = {}  # host and port -> when it did not answer
_PORTS = {"postgresql": 5432, "postgres": 5432, "mysql": 3306, "mssql": 1433, "http": 80, "https": 443}


class TrackingError(InputError):
    """MLflow cannot be reached or used. The message carries no password. Exit status 1."""

    exit_status = 1


def check_reachable(uri: str) -> None:
    """Check whether a store can be written to, as far as two seconds suffice and without MLflow.

    Raises:
        TrackingError: it cannot.
    """
    path = sqlite_path(uri)
    if path is not None:
        _check_file(path, uri)
    elif uri.partition(":")[0].partition("+")[0] in _PORTS:
        _check_server(uri)


def _check_file(path: Path, uri: str) -> None:
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=path.parent) as probe:
                probe.write(b"\0" * 4096)
                probe.flush()
            return
        with closing(sqlite3.connect(path, BUSY_SECONDS, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except OSError as error:
        found = f"its folder cannot be made or written to ({error})"
        raise TrackingError(masked(uri), found, "a folder with room for MLflow's database") from error
    except sqlite3.Error as error:
        busy = f"another process kept it locked for {BUSY_SECONDS:.0f} s" if "locked" in str(error) else str(error)
        raise TrackingError(masked(uri), busy, "an MLflow database that can be written to") from error


def check_schema(uri: str) -> None:
    """Check that the installed MLflow can use the schema of its SQLite file; its own error advises to upgrade both.

    Raises:
        TrackingError: the schema is of a newer MLflow.
    """
    path = sqlite_path(uri)
    if path is None or not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, BUSY_SECONDS)) as connection:
            revisions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    except sqlite3.Error:  # no tables yet
        return
    for (revision,) in revisions:
        if not is_known(revision):
            found = f"its schema {revision} is newer than the installed MLflow"
            raise TrackingError(masked(uri), found, "a store of that MLflow or an older one", UPGRADE)


def is_known(revision: str) -> bool:
    """Whether the installed MLflow has a migration to a revision; true where that is unknown."""
    folder = migrations_of_mlflow()
    return folder is None or any(file.name.startswith(f"{revision}_") for file in (folder / "versions").iterdir())


def migrations_of_mlflow() -> Path | None:
    """The folder of the installed MLflow's migrations; None where it has none that can be seen."""
    found = find_spec("mlflow")
    places = found.submodule_search_locations if found else None
    folders = [Path(place) / "store" / "db_migrations" for place in places or ()]
    return next((folder for folder in folders if folder.is_dir()), None)


def _check_server(uri: str) -> None:
    parts = urlsplit(uri)
    try:
        host, port = parts.hostname, parts.port or _PORTS[parts.scheme.partition("+")[0]]
    except ValueError:  # several hosts: left to the driver
        return
    if not host or _is_behind_a_proxy(parts.scheme, host):  # none where it is a socket file
        return
    from http.client import HTTPException

    asked = _silent.get((host, port))
    if asked is None or time.monotonic() - asked > REMEMBERED_SECONDS:
        try:
            _hear(parts.scheme.partition("+")[0], host, port)
            return
        except TimeoutError:
            _silent[host, port] = time.monotonic()
        except (OSError, HTTPException) as error:
            found = f"the server does not answer ({error})"
            raise TrackingError(masked(uri), found, "a running server") from error
    found = f"the server does not answer (it said nothing within {ANSWER_SECONDS:.0f} s)"
    raise TrackingError(masked(uri), found, "a running server")


def _hear(scheme: str, host: str, port: int) -> None:
    """Wait for an answer of a server: one that accepts connections may not answer, for which MLflow waits long.

    Raises:
        OSError, HTTPException: it does not answer, or not as such a server does.
    """
    if scheme in ("http", "https"):
        _hear_http(scheme, host, port)
        return
    with socket.create_connection((host, port), CONNECT_SECONDS) as connection:
        connection.settimeout(ANSWER_SECONDS)
        if scheme in ("postgresql", "postgres"):
            connection.sendall(_POSTGRES_ASKS_FOR_TLS)
        if scheme != "mssql" and not connection.recv(1):  # MySQL sends the first bytes
            raise ConnectionError("it closes the connection")


def _hear_http(scheme: str, host: str, port: int) -> None:
    from http.client import HTTPConnection, HTTPSConnection
    from ssl import CERT_NONE, create_default_context

    if scheme == "http":
        asking = HTTPConnection(host, port, timeout=ANSWER_SECONDS)
    else:  # MLflow decides whether it is to be trusted
        context = create_default_context()
        context.check_hostname, context.verify_mode = False, CERT_NONE
        asking = HTTPSConnection(host, port, timeout=ANSWER_SECONDS, context=context)
    with closing(asking):
        asking.request("GET", "/health")
        asking.getresponse()


def _is_behind_a_proxy(scheme: str, host: str) -> bool:
    from urllib.request import getproxies, proxy_bypass  # a fiftieth of a second that files need not wait for

    return scheme in getproxies() and not proxy_bypass(host)
