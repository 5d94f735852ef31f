"""SQLAlchemy engines, for migrations and for those who like an ORM; recording does without."""

from __future__ import annotations

import os
import platform
import sqlite3

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from zigzag_lab.store.sqlite import connected
from zigzag_lab.store.url import SQLITE, DatabaseUrl


def make_engine(url: str | DatabaseUrl, *, for_migrations: bool = False) -> Engine:
    """An engine with our settings.

    Args:
        url: where the database is.
        for_migrations: whether it changes the schema. SQLite then keeps foreign keys off, as remaking a table would
            otherwise delete the rows that refer to it; transactions take the write lock from their start.
    """
    parsed = DatabaseUrl.parse(url)
    if parsed.kind != SQLITE:
        name = f"zl-{platform.node()}-{os.getpid()}"[:63]
        arguments = {"application_name": name, "client_encoding": "utf8"}
        return create_engine(
            parsed.for_sqlalchemy(), pool_pre_ping=True, isolation_level="READ COMMITTED", connect_args=arguments
        )

    def opened() -> sqlite3.Connection:
        connection = connected(parsed)
        if for_migrations:
            connection.execute("PRAGMA foreign_keys=OFF")
        return connection

    engine = create_engine(parsed.for_sqlalchemy(), creator=opened, poolclass=NullPool if parsed.path else None)

    @event.listens_for(engine, "begin")
    def began(connection: Connection) -> None:
        # the driver's own habits break transactions around schema changes
        connection.exec_driver_sql("BEGIN IMMEDIATE" if for_migrations else "BEGIN")

    return engine
