"""When what a file said was used last, so that what nobody uses can be removed.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NOW = {"sqlite": "strftime('%Y-%m-%d %H:%M:%f', 'now')", "postgresql": "clock_timestamp()"}


def upgrade() -> None:
    """Add the column; what is there counts as used today."""
    op.add_column("zl_reading", sa.Column("used_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(f"UPDATE zl_reading SET used_at = {NOW[op.get_bind().dialect.name]}")


def downgrade() -> None:
    """Take the column away."""
    op.drop_column("zl_reading", "used_at")
