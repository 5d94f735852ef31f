"""On Postgres, numbers of MACs may be beyond 64 bits; SQLite takes such numbers in any column.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = ("zl_run", "zl_layer_evaluation")
_VIEWS = r"""
SELECT c.relname, pg_get_viewdef(c.oid) FROM pg_class c
WHERE c.relkind = 'v' AND c.relname LIKE 'zl\_v\_%' AND pg_table_is_visible(c.oid) ORDER BY c.oid
"""


def upgrade() -> None:
    """Take numbers of any size."""
    _hold_macs_as("numeric")


def downgrade() -> None:
    """Take those of 64 bits; the server refuses where there are others."""
    _hold_macs_as("bigint")


def _hold_macs_as(kind: str) -> None:
    """Change the columns' type; our views are made anew, as they are."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    views = connection.execute(text(_VIEWS)).all()
    op.execute(f"DROP VIEW {', '.join(name for name, _ in views)}")
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN n_macs TYPE {kind}")
    for name, definition in views:
        op.execute(f"CREATE VIEW {name} AS {definition}")
