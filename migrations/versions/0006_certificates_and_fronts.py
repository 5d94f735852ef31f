"""What exact searches proved of layers, and fronts of energy and latency.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PLAIN_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

_LAYER = ["zl_layer_evaluation.run_number", "zl_layer_evaluation.layer_index"]
_PROOFS = """(SELECT COUNT(*) FROM zl_certificate c WHERE c.run_number = r.number) AS n_certified,
       (SELECT COUNT(*) FROM zl_certificate c WHERE c.run_number = r.number AND c.gap = 0) AS n_proven,
       (SELECT MAX(c.gap) FROM zl_certificate c WHERE c.run_number = r.number) AS worst_gap,
       """
_PROOF = "c.objective AS searched_for, c.lower_bound, c.gap, c.space AS proven_over, "
_JOIN = """
LEFT JOIN zl_certificate c ON c.run_number = l.run_number AND c.layer_index = l.layer_index
WHERE"""


def upgrade() -> None:
    """Make the tables, and the views anew."""
    op.create_table(
        "zl_certificate",
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("layer_index", sa.Integer(), nullable=False),
        sa.Column("objective", sa.Text(), nullable=False),
        sa.Column("lower_bound", sa.Double(), nullable=False),
        sa.Column("best", sa.Double(), nullable=False),
        sa.Column("gap", sa.Double(), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("n_mappings", sa.Double(), nullable=False),
        sa.Column("n_priced", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_number", "layer_index"], _LAYER, name="fk_zl_certificate_layer", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_number", "layer_index", name=op.f("pk_zl_certificate")),
        sqlite_with_rowid=False,
    )
    _fronts()
    views = _views_before()
    _replace("zl_v_runs", views["RUNS"].replace("r.area_mm2, r.clock_ns", f"{_PROOFS}r.area_mm2, r.clock_ns"))
    layers = views["LAYERS"].replace("p.spatial_text AS", f"{_PROOF}\n       p.spatial_text AS")
    _replace("zl_v_layers", layers.replace("\nWHERE", _JOIN))


def _fronts() -> None:
    op.create_table(
        "zl_front_point",
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("layer_index", sa.Integer(), nullable=False),
        sa.Column("point_index", sa.Integer(), nullable=False),
        sa.Column("energy_pj", sa.Double(), nullable=False),
        sa.Column("latency_cycles", sa.Double(), nullable=False),
        sa.Column("is_proven", sa.Boolean(), nullable=False),
        sa.Column("mapping_digest", sa.Text(), nullable=False),
        sa.Column("memories", PLAIN_JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["mapping_digest"], ["zl_mapping.digest"], name=op.f("fk_zl_front_point_mapping_digest_zl_mapping")
        ),
        sa.ForeignKeyConstraint(
            ["run_number", "layer_index"], _LAYER, name="fk_zl_front_point_layer", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_number", "layer_index", "point_index", name=op.f("pk_zl_front_point")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Make the views as they were, and take the tables away."""
    views = _views_before()
    _replace("zl_v_runs", views["RUNS"])
    _replace("zl_v_layers", views["LAYERS"])
    op.drop_table("zl_front_point")
    op.drop_table("zl_certificate")


def _replace(view: str, text: str) -> None:
    op.execute(f"DROP VIEW {view}")
    op.execute(text)


def _views_before() -> dict[str, Any]:
    """The views as revision 0003 made them."""
    return {name: vars(context.script.get_revision("0003").module)["view_text"](name) for name in ("RUNS", "LAYERS")}
