"""The schema of this program in every database that is opened."""

from __future__ import annotations

from zigzag_lab.store.database import Database
from zigzag_lab.store.errors import StoreError
from zigzag_lab.store.schema import HEAD, create_if_empty, revision_of
from zigzag_lab.store.url import SQLITE


def ensure_schema(database: Database) -> None:
    """Bring a database to the schema of this program: SQLite by itself, Postgres on demand only.

    Raises:
        StoreError: its schema is newer than this program, or it is a Postgres database that needs an upgrade.
    """
    revision = revision_of(database)
    if revision == HEAD:
        return
    if database.read_only:
        found = f"its schema is {revision}, and it cannot be written to"
        raise StoreError(str(database.url), found, f"schema {HEAD}", "Copy it to a place that you may write to.")
    if database.url.kind != SQLITE:
        found = "it holds no tables of zigzag-lab" if revision is None else f"its schema is {revision}"
        raise StoreError(str(database.url), found, f"schema {HEAD}", "Run 'zigzag-lab db upgrade' once.")
    if revision is None:
        create_if_empty(database)
    else:
        from zigzag_lab.store.migrate import upgrade  # which imports Alembic, and takes a while

        upgrade(database.url)
