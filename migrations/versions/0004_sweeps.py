"""Sweeps and their points: which run answers which point, and who is at work on one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"

down_revision = "0003"
branch_labels = None
depends_on = None

PLAIN_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "zl_sweep",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("objective", sa.Text(), nullable=False),
        sa.Column("n_points", sa.Integer(), nullable=False),
        sa.Column("content", PLAIN_JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_zl_sweep")),
        sa.UniqueConstraint("name", name=op.f("uq_zl_sweep_name")),
    )
    op.create_table(
        "zl_sweep_point",
        sa.Column("sweep_number", sa.Integer(), nullable=False),
        sa.Column("point_key", sa.Text(), nullable=False),
        sa.Column("run_number", sa.Integer(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("workload", sa.Text(), nullable=False),
        sa.Column("accelerator", sa.Text(), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("settings", PLAIN_JSON, nullable=False),
        sa.Column("area_mm2", sa.Double(), nullable=True),
        sa.Column("utilisation", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_number"], ["zl_run.number"], name=op.f("fk_zl_sweep_point_run_number_zl_run"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["sweep_number"],
            ["zl_sweep.number"],
            name=op.f("fk_zl_sweep_point_sweep_number_zl_sweep"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("sweep_number", "point_key", name=op.f("pk_zl_sweep_point")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("zl_sweep_point", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_zl_sweep_point_run_number"), ["run_number"], unique=False)


def downgrade() -> None:
    """Take them away."""
    with op.batch_alter_table("zl_sweep_point", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_zl_sweep_point_run_number"))
    op.drop_table("zl_sweep_point")
    op.drop_table("zl_sweep")
