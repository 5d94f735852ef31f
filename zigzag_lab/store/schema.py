"""Which schema a database has, and the fast way to a new one.

A new SQLite file is made from ``schema.sql``, the recorded outcome of all migrations, in milliseconds and without
Alembic; tests prove that both ways give the same schema.
"""

from __future__ import annotations

from pathlib import Path

from zigzag_lab.store.database import Database
from zigzag_lab.store.errors import StoreError
from zigzag_lab.store.tables import REVISIONS
from zigzag_lab.store.url import SQLITE

VERSION_TABLE = "zl_alembic_version"
HEAD = REVISIONS[-1]


def revision_of(database: Database) -> str | None:
    """The revision a database is at; None where it holds none of our tables.

    Raises:
        StoreError: its schema is unknown to this program.
    """
    catalogue = (
        "sqlite_master WHERE type='table' AND name"
        if database.url.kind == SQLITE
        else "pg_tables WHERE schemaname = current_schema() AND tablename"  # another schema may hold the same tables
    )
    if not database.select(f"SELECT 1 FROM {catalogue} = '{VERSION_TABLE}'").rows:
        return None
    rows = database.select(f"SELECT version_num FROM {VERSION_TABLE}").rows
    if not rows:
        return None
    revision = str(rows[0][0])
    if revision not in REVISIONS:
        found = f"its schema is {revision}, newer than this program"
        hint = "Upgrade zigzag-lab, or name another database with --db."
        raise StoreError(str(database.url), found, f"a schema up to {HEAD}", hint)
    return revision


def create_if_empty(database: Database) -> None:
    """Make the tables in an empty SQLite database; nothing happens where another process was first."""
    with database.write():
        found = database.execute(f"SELECT 1 FROM sqlite_master WHERE type='table' AND name='{VERSION_TABLE}'")
        if found:
            return
        text = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
        for statement in filter(str.strip, text.split(";\n")):
            database.execute(statement)
