"""SQLAlchemy engines, for migrations and for those who like an ORM; recording does without."""

from __future__ import annotations

import os
import platform
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool

from zigzag_lab.store.sqlite import BUSY_SECONDS, journal_mode_for
from zigzag_lab.store.url import SQLITE, DatabaseUrl


def make_engine(url: str | DatabaseUrl, *, for_migrations: bool = False) -> Engine:
    """An engine with our settings.

    Args:
        url: where the database is.
        for_migrations: whether it changes the schema. SQLite then keeps foreign keys off, as remaking a table would
            otherwise delete the rows that refer to it; transactions take the write lock from their start.
    """
    parsed = url if isinstance(url, DatabaseUrl) else DatabaseUrl.parse(url)
    if parsed.kind != SQLITE:
        name = f"zl-{platform.node()}-{os.getpid()}"[:63]
        arguments = {"application_name": name, "client_encoding": "utf8"}
        return create_engine(
            parsed.for_sqlalchemy(), pool_pre_ping=True, isolation_level="READ COMMITTED", connect_args=arguments
        )
    engine = create_engine(parsed.for_sqlalchemy(), poolclass=NullPool if parsed.path else None)
    _listen(engine, parsed, for_migrations)
    return engine


def _listen(engine: Engine, url: DatabaseUrl, for_migrations: bool) -> None:
    """Begin transactions ourselves: the driver's own ones break transactions around schema changes."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA foreign_keys={'OFF' if for_migrations else 'ON'}")
        if url.path is not None:
            connection.execute(f"PRAGMA journal_mode={journal_mode_for(url.path)}")

    @event.listens_for(engine, "begin")
    def began(connection: Any) -> None:
        write = for_migrations or connection.get_execution_options().get("zl_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
