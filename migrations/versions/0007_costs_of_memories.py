"""Costs of memories, as tools outside answered.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "zl_memory_cost",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("read_pj", sa.Double(), nullable=False),
        sa.Column("write_pj", sa.Double(), nullable=False),
        sa.Column("area_mm2", sa.Double(), nullable=False),
        sa.Column("access_ns", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_zl_memory_cost")),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("zl_memory_cost")
