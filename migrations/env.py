"""How Alembic runs our migrations: on the connection the program hands over, or on ``ZIGZAG_LAB_DB`` by hand."""

from __future__ import annotations

import os
from typing import Any

from alembic import context
from sqlalchemy import Connection

from zigzag_lab.store.migrate import make_engine
from zigzag_lab.store.models import Table
from zigzag_lab.store.schema import VERSION_TABLE


def only_ours(name: str | None, kind: str, parents: Any) -> bool:
    """Look at our tables only: the database may hold MLflow's as well."""
    return kind != "table" or (name or "").startswith("zl_")


def unless_unchecked(_: Any, name: str | None, kind: str, *__: Any) -> bool:
    """Look away from the check that revision 0008 took away on Postgres."""
    is_postgres = context.get_context().dialect.name == "postgresql"
    return not (is_postgres and kind == "foreign_key_constraint" and name == "fk_zl_memory_evaluation_layer")


def migrate(connection: Connection) -> None:
    """Run the migrations, each in a transaction of its own."""
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        version_table=VERSION_TABLE,
        include_name=only_ours,
        include_object=unless_unchecked,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    migrate(handed_over)
else:
    url = os.environ.get("ZIGZAG_LAB_DB", "sqlite:///zigzag_lab.db")
    with make_engine(url, for_migrations=True).connect() as connection:
        migrate(connection)
