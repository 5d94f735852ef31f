"""Notes on runs, and runs that are deleted: the views no longer show those.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

VIEWS = ("RUNS", "LAYERS", "MEMORY")


def upgrade() -> None:
    """Add the columns, and make the views anew."""
    _drop_views()
    op.add_column("zl_run", sa.Column("note", sa.Text(), nullable=True))
    op.add_column("zl_run", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    for view in VIEWS:
        op.execute(view_text(view))


def view_text(view: str) -> str:
    """A view as this revision makes it."""
    text = str(_first_views()[view]).rstrip().replace("r.name AS name, r.status", "r.name AS name, r.note, r.status")
    return f"{text}\nWHERE r.deleted_at IS NULL\n"


def downgrade() -> None:
    """Take the columns away, and make the views as they were; runs that were deleted are seen again."""
    _drop_views()
    op.drop_column("zl_run", "deleted_at")
    op.drop_column("zl_run", "note")
    for view in VIEWS:
        op.execute(_first_views()[view])


def _drop_views() -> None:
    for view in ("zl_v_memory", "zl_v_layers", "zl_v_runs"):
        op.execute(f"DROP VIEW {view}")


def _first_views() -> dict[str, Any]:
    """The views as the first revision made them."""
    first = context.script.get_revision("0001")
    return vars(first.module)
