"""Notes on runs, and runs that are deleted: the views no longer show those.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

RUNS = """CREATE VIEW zl_v_runs AS
SELECT r.id AS run_id, e.name AS experiment, r.name AS name, {note}r.status, r.reason,
       r.started_at, r.ended_at, r.seconds, r.objective,
       w.name AS workload, a.name AS accelerator, m.name AS mapping,
       r.energy_pj, r.latency_cycles, r.edp_pj_cycles, r.mac_energy_pj, r.memory_energy_pj,
       r.mac_energy_pj / NULLIF(r.energy_pj, 0) AS mac_energy_share,
       r.energy_pj / NULLIF(r.n_macs, 0) AS energy_per_mac_pj,
       r.area_mm2, r.clock_ns, r.n_macs, r.n_layers, r.n_mappings_evaluated,
       r.cache_hits, r.cache_misses, r.cache_seconds_saved,
       w.digest AS workload_digest, a.digest AS accelerator_digest, m.digest AS mapping_digest,
       r.engine_digest, r.environment_digest, r.number AS run_number
FROM zl_run r
JOIN zl_experiment e ON e.number = r.experiment_number
LEFT JOIN zl_run_input w ON w.run_number = r.number AND w.kind = 'workload'
LEFT JOIN zl_run_input a ON a.run_number = r.number AND a.kind = 'accelerator'
LEFT JOIN zl_run_input m ON m.run_number = r.number AND m.kind = 'mapping'"""

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
       p.spatial_text AS spatial_mapping, p.content AS mapping,
       l.keeps_at_output_pins, l.layer_digest, l.mapping_digest, l.run_number
FROM zl_layer_evaluation l
JOIN zl_run r ON r.number = l.run_number
JOIN zl_experiment e ON e.number = r.experiment_number
JOIN zl_mapping p ON p.digest = l.mapping_digest
LEFT JOIN zl_run_input w ON w.run_number = r.number AND w.kind = 'workload'
LEFT JOIN zl_run_input a ON a.run_number = r.number AND a.kind = 'accelerator'"""

MEMORY = """CREATE VIEW zl_v_memory AS
SELECT r.id AS run_id, e.name AS experiment, w.name AS workload, a.name AS accelerator,
       o.layer_index, l.layer_id, l.name AS layer, o.operand, o.level, o.memory, o.loops,
       o.accesses_to_low + o.accesses_from_low + o.accesses_to_high + o.accesses_from_high AS accesses,
       o.energy_to_low_pj + o.energy_from_low_pj + o.energy_to_high_pj + o.energy_from_high_pj AS energy_pj,
       (o.energy_to_low_pj + o.energy_from_low_pj + o.energy_to_high_pj + o.energy_from_high_pj)
           / NULLIF(l.energy_pj, 0) AS energy_share,
       o.accesses_to_low, o.accesses_from_low, o.accesses_to_high, o.accesses_from_high,
       o.energy_to_low_pj, o.energy_from_low_pj, o.energy_to_high_pj, o.energy_from_high_pj,
       o.utilisation, o.shared_utilisation, o.run_number
FROM zl_memory_evaluation o
JOIN zl_layer_evaluation l ON l.run_number = o.run_number AND l.layer_index = o.layer_index
JOIN zl_run r ON r.number = o.run_number
JOIN zl_experiment e ON e.number = r.experiment_number
LEFT JOIN zl_run_input w ON w.run_number = r.number AND w.kind = 'workload'
LEFT JOIN zl_run_input a ON a.run_number = r.number AND a.kind = 'accelerator'"""


def upgrade() -> None:
    """Add the columns, and make the views anew."""
    _drop_views()
    op.add_column("zl_run", sa.Column("note", sa.Text(), nullable=True))
    op.add_column("zl_run", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    for view in (RUNS.format(note="r.note, "), LAYERS, MEMORY):
        op.execute(f"{view}\nWHERE r.deleted_at IS NULL")


def downgrade() -> None:
    """Take the columns away, and make the views as they were; runs that were deleted are seen again."""
    _drop_views()
    op.drop_column("zl_run", "deleted_at")
    op.drop_column("zl_run", "note")
    for view in (RUNS.format(note=""), LAYERS, MEMORY):
        op.execute(view)


def _drop_views() -> None:
    for view in ("zl_v_memory", "zl_v_layers", "zl_v_runs"):
        op.execute(f"DROP VIEW {view}")
