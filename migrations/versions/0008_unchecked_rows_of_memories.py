"""On Postgres, rows of memories are no longer checked one by one against those of their layers.

The check took as long as all else that is done to store them. Rows of a layer and of its memories are written in one
transaction, and removed in one.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NAME, TABLE, LAYERS = "fk_zl_memory_evaluation_layer", "zl_memory_evaluation", "zl_layer_evaluation"
KEY = ["run_number", "layer_index"]


def upgrade() -> None:
    """Take the check away."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(NAME, TABLE, type_="foreignkey")


def downgrade() -> None:
    """Check again."""
    if op.get_bind().dialect.name == "postgresql":
        op.create_foreign_key(NAME, TABLE, LAYERS, KEY, KEY, ondelete="CASCADE")
