"""The cache: answers and claims by key, what questions are made of, who asked, and what files said.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PLAIN_JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    """Make the tables of the cache."""
    op.create_table(
        "zl_cache_entry",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("engine_digest", sa.Text(), nullable=False),
        sa.Column("parts", PLAIN_JSON, nullable=False),
        sa.Column("n_bytes", sa.Integer(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'running', 'done')", name=op.f("ck_zl_cache_entry_state")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_zl_cache_entry")),
    )
    with op.batch_alter_table("zl_cache_entry", schema=None) as batch_op:
        batch_op.create_index("ix_zl_cache_entry_state_used_at", ["state", "used_at"], unique=False)
    op.create_table(
        "zl_cache_part",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_zl_cache_part")),
    )
    op.create_table(
        "zl_cache_use",
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_number"], ["zl_run.number"], name=op.f("fk_zl_cache_use_run_number_zl_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_number", "key", name=op.f("pk_zl_cache_use")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "zl_reading",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_zl_reading")),
    )


def downgrade() -> None:
    """Take away the tables of the cache."""
    op.drop_table("zl_reading")
    op.drop_table("zl_cache_use")
    op.drop_table("zl_cache_part")
    with op.batch_alter_table("zl_cache_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_zl_cache_entry_state_used_at")
    op.drop_table("zl_cache_entry")
