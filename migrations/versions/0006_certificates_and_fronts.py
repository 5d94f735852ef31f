"""What exact searches proved of layers, and fronts of energy and latency.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PLAIN_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

_LAYER = ["zl_layer_evaluation.run_number", "zl_layer_evaluation.layer_index"]
RUNS = """CREATE VIEW zl_v_runs AS
SELECT r.id AS run_id, e.name AS experiment, r.name AS name, r.note, r.status, r.reason,
       r.started_at, r.ended_at, r.seconds, r.objective,
       w.name AS workload, a.name AS accelerator, m.name AS mapping,
       r.energy_pj, r.latency_cycles, r.edp_pj_cycles, r.mac_energy_pj, r.memory_energy_pj,
       r.mac_energy_pj / NULLIF(r.energy_pj, 0) AS mac_energy_share,
       r.energy_pj / NULLIF(r.n_macs, 0) AS energy_per_mac_pj,
{proofs}       r.area_mm2, r.clock_ns, r.n_macs, r.n_layers, r.n_mappings_evaluated,
       r.cache_hits, r.cache_misses, r.cache_seconds_saved,
       w.digest AS workload_digest, a.digest AS accelerator_digest, m.digest AS mapping_digest,
       r.engine_digest, r.environment_digest, r.number AS run_number
FROM zl_run r
JOIN zl_experiment e ON e.number = r.experiment_number
LEFT JOIN zl_run_input w ON w.run_number = r.number AND w.kind = 'workload'
LEFT JOIN zl_run_input a ON a.run_number = r.number AND a.kind = 'accelerator'
LEFT JOIN zl_run_input m ON m.run_number = r.number AND m.kind = 'mapping'
WHERE r.deleted_at IS NULL"""
_PROOFS = """       (SELECT COUNT(*) FROM zl_certificate c WHERE c.run_number = r.number) AS n_certified,
       (SELECT COUNT(*) FROM zl_certificate c WHERE c.run_number = r.number AND c.gap = 0) AS n_proven,
       (SELECT MAX(c.gap) FROM zl_certificate c WHERE c.run_number = r.number) AS worst_gap,
"""

LAYERS = """CREATE VIEW zl_v_layers AS
SELECT r.id AS run_id, e.name AS experiment, r.status AS run_status, w.name AS workload, a.name AS accelerator,
       l.layer_index, l.layer_id, l.name AS layer, l.operator_type, l.n_macs,
       l.energy_pj, l.mac_energy_pj, l.memory_energy_pj, l.latency_cycles,
       l.energy_pj * l.latency_cycles AS edp_pj_cycles,
       l.energy_pj / NULLIF(l.n_macs, 0) AS energy_per_mac_pj,
       l.energy_pj / NULLIF(r.energy_pj, 0) AS energy_share,
       l.latency_cycles / NULLIF(r.latency_cycles, 0) AS latency_share,
       l.ideal_cycles, l.temporal_cycles, l.stall_cycles, l.onload_cycles, l.offload_cycles, l.drain_cycles,
       l.temporal_cycles + l.stall_cycles AS compute_cycles,
       l.ideal_cycles / NULLIF(l.temporal_cycles, 0) AS spatial_utilisation,
       l.ideal_cycles / NULLIF(l.latency_cycles, 0) AS utilisation,
{proof}       p.spatial_text AS spatial_mapping, p.content AS mapping,
       l.keeps_at_output_pins, l.layer_digest, l.mapping_digest, l.run_number
FROM zl_layer_evaluation l
JOIN zl_run r ON r.number = l.run_number
JOIN zl_experiment e ON e.number = r.experiment_number
JOIN zl_mapping p ON p.digest = l.mapping_digest
LEFT JOIN zl_run_input w ON w.run_number = r.number AND w.kind = 'workload'
LEFT JOIN zl_run_input a ON a.run_number = r.number AND a.kind = 'accelerator'{join}
WHERE r.deleted_at IS NULL"""
# the blank at the end is in the released schema
_PROOF = "       c.objective AS searched_for, c.lower_bound, c.gap, c.space AS proven_over, \n"
_JOIN = """
LEFT JOIN zl_certificate c ON c.run_number = l.run_number AND c.layer_index = l.layer_index"""


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
    _replace("zl_v_runs", RUNS.format(proofs=_PROOFS))
    _replace("zl_v_layers", LAYERS.format(proof=_PROOF, join=_JOIN))


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
    _replace("zl_v_runs", RUNS.format(proofs=""))
    _replace("zl_v_layers", LAYERS.format(proof="", join=""))
    op.drop_table("zl_front_point")
    op.drop_table("zl_certificate")


def _replace(view: str, text: str) -> None:
    op.execute(f"DROP VIEW {view}")
    op.execute(text)
