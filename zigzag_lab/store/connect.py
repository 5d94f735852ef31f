"""Opens a connection with the driver of the database that a URL names."""

from __future__ import annotations

from zigzag_lab.store.database import Database
from zigzag_lab.store.url import SQLITE, DatabaseUrl


def connect(url: DatabaseUrl, *, read_only: bool = False) -> Database:
    """Open a connection.

    Args:
        url: where the database is.
        read_only: whether writing is refused by the database itself.

    Raises:
        StoreError: it cannot be reached, or read.
    """
    if url.kind == SQLITE:
        from zigzag_lab.store.sqlite import SqliteDatabase

        return SqliteDatabase(url, read_only=read_only)
    from zigzag_lab.store.postgres import PostgresDatabase

    return PostgresDatabase(url, read_only=read_only)
