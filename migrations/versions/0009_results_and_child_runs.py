"""What runs yielded, the layers that it is made of, and runs within runs.

Every run that has layers so far becomes one whose result is the sum of all of them.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

PLAIN_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

_INPUTS_OF_RUN = """
JOIN zl_experiment e ON e.number = r.experiment_number
LEFT JOIN zl_run_input w ON w.run_number = r.number AND w.kind = 'workload'
LEFT JOIN zl_run_input a ON a.run_number = r.number AND a.kind = 'accelerator'"""

_RUN_COLUMNS = """r.id AS run_id, e.name AS experiment, r.name AS name, r.note, r.status, r.reason,
       r.started_at, r.ended_at, r.seconds, r.objective,
       w.name AS workload, a.name AS accelerator, m.name AS mapping,
       r.energy_pj, r.latency_cycles, r.edp_pj_cycles, r.mac_energy_pj, r.memory_energy_pj,
       r.mac_energy_pj / NULLIF(r.energy_pj, 0) AS mac_energy_share,
       r.energy_pj / NULLIF(r.n_macs, 0) AS energy_per_mac_pj,
       {proofs}
       r.area_mm2, r.clock_ns, r.n_macs, r.n_layers, r.n_mappings_evaluated,
       r.cache_hits, r.cache_misses, r.cache_seconds_saved,
       w.digest AS workload_digest, a.digest AS accelerator_digest, m.digest AS mapping_digest,
       r.engine_digest, r.environment_digest, r.number AS run_number"""

_PROOFS_BEFORE = """(SELECT COUNT(*) FROM zl_certificate c WHERE c.run_number = r.number) AS n_certified,
       (SELECT COUNT(*) FROM zl_certificate c WHERE c.run_number = r.number AND c.gap = 0) AS n_proven,
       (SELECT MAX(c.gap) FROM zl_certificate c WHERE c.run_number = r.number) AS worst_gap,"""

_PROVEN = """zl_run_layer p
        JOIN zl_certificate c ON c.run_number = p.owner_number AND c.layer_index BETWEEN p.first_index AND p.last_index
        WHERE p.run_number = r.number AND p.role = 'chosen'"""
_PROOFS = f"""(SELECT COUNT(*) FROM {_PROVEN}) AS n_certified,
       (SELECT COUNT(*) FROM {_PROVEN} AND c.gap = 0) AS n_proven,
       (SELECT MAX(c.gap) FROM {_PROVEN}) AS worst_gap,"""

_FROM_RUNS = f"""
FROM zl_run r{_INPUTS_OF_RUN}
LEFT JOIN zl_run_input m ON m.run_number = r.number AND m.kind = 'mapping'"""

_N_CHILDREN = "(SELECT COUNT(*) FROM zl_run k WHERE k.parent_number = r.number AND k.deleted_at IS NULL) AS n_children"
_FAMILY = f"""(SELECT t.id FROM zl_run t WHERE t.number = r.parent_number) AS parent_run_id,
       r.parent_number, r.child_index, r.settings, r.n_results, r.warnings,
       {_N_CHILDREN}"""

RUNS_BEFORE = f"""CREATE VIEW zl_v_runs AS
SELECT {_RUN_COLUMNS.format(proofs=_PROOFS_BEFORE)}{_FROM_RUNS}
WHERE r.deleted_at IS NULL"""

RUNS = f"""CREATE VIEW zl_v_runs AS
SELECT {_RUN_COLUMNS.format(proofs=_PROOFS)}, r.n_results, r.warnings,
       {_N_CHILDREN}{_FROM_RUNS}
WHERE r.deleted_at IS NULL AND r.parent_number IS NULL"""

ALL_RUNS = f"""CREATE VIEW zl_v_all_runs AS
SELECT {_RUN_COLUMNS.format(proofs=_PROOFS)},
       {_FAMILY}{_FROM_RUNS}
WHERE r.deleted_at IS NULL"""

_FIGURES_OF_LAYER = """l.energy_pj, l.mac_energy_pj, l.memory_energy_pj, l.latency_cycles,
       l.energy_pj * l.latency_cycles AS edp_pj_cycles,
       l.energy_pj / NULLIF(l.n_macs, 0) AS energy_per_mac_pj,
       l.energy_pj / NULLIF(r.energy_pj, 0) AS energy_share,
       l.latency_cycles / NULLIF(r.latency_cycles, 0) AS latency_share,
       l.ideal_cycles, l.temporal_cycles, l.stall_cycles, l.onload_cycles, l.offload_cycles, l.drain_cycles,
       l.temporal_cycles + l.stall_cycles AS compute_cycles,
       l.ideal_cycles / NULLIF(l.temporal_cycles, 0) AS spatial_utilisation,
       l.ideal_cycles / NULLIF(l.latency_cycles, 0) AS utilisation,
       c.objective AS searched_for, c.lower_bound, c.gap, c.space AS proven_over,
       s.spatial_text AS spatial_mapping, s.content AS mapping,
       l.keeps_at_output_pins, l.layer_digest, l.mapping_digest"""

_CERTIFICATE = "LEFT JOIN zl_certificate c ON c.run_number = l.run_number AND c.layer_index = l.layer_index"

LAYERS_BEFORE = f"""CREATE VIEW zl_v_layers AS
SELECT r.id AS run_id, e.name AS experiment, r.status AS run_status, w.name AS workload, a.name AS accelerator,
       l.layer_index, l.layer_id, l.name AS layer, l.operator_type, l.n_macs,
       {_FIGURES_OF_LAYER}, l.run_number
FROM zl_layer_evaluation l
JOIN zl_run r ON r.number = l.run_number
JOIN zl_mapping s ON s.digest = l.mapping_digest{_INPUTS_OF_RUN}
{_CERTIFICATE}
WHERE r.deleted_at IS NULL"""

_LISTED = """
FROM zl_run_layer p
JOIN zl_layer_evaluation l ON l.run_number = p.owner_number AND l.layer_index BETWEEN p.first_index AND p.last_index
JOIN zl_run r ON r.number = p.run_number"""

_INPUTS_OF_LAYER = """
JOIN zl_experiment e ON e.number = r.experiment_number
LEFT JOIN zl_run_input w ON w.run_number = l.run_number AND w.kind = 'workload'
LEFT JOIN zl_run_input a ON a.run_number = l.run_number AND a.kind = COALESCE(l.accelerator_kind, 'accelerator')"""

_PLACE = "p.position + l.layer_index - p.first_index"

LAYERS = f"""CREATE VIEW zl_v_layers AS
SELECT r.id AS run_id, e.name AS experiment, r.status AS run_status, w.name AS workload, a.name AS accelerator,
       {_PLACE} AS layer_index, l.layer_id, l.name AS layer, l.operator_type, l.n_macs,
       {_FIGURES_OF_LAYER}, p.run_number,
       p.times, l.memories_left_out
{_LISTED.strip()}
JOIN zl_mapping s ON s.digest = l.mapping_digest{_INPUTS_OF_LAYER}
{_CERTIFICATE}
WHERE p.role = 'chosen' AND r.deleted_at IS NULL"""

EVALUATIONS = f"""CREATE VIEW zl_v_evaluations AS
SELECT r.id AS run_id, p.role, p.result_index, {_PLACE} AS place, p.times,
       e.name AS experiment, r.status AS run_status, w.name AS workload, a.name AS accelerator,
       l.layer_id, l.name AS layer, l.operator_type, l.n_macs,
       {_FIGURES_OF_LAYER},
       l.memories_left_out, a.digest AS accelerator_digest, COALESCE(d.digest, m.digest) AS constraints_digest,
       o.id AS owner_run_id, l.layer_index AS owner_index, p.owner_number, p.run_number
{_LISTED.strip()}
JOIN zl_run o ON o.number = p.owner_number
JOIN zl_mapping s ON s.digest = l.mapping_digest{_INPUTS_OF_LAYER}
LEFT JOIN zl_run_input m ON m.run_number = l.run_number AND m.kind = 'mapping'
LEFT JOIN zl_run_input d ON d.run_number = l.run_number AND d.kind = l.constraints_kind
{_CERTIFICATE}
WHERE r.deleted_at IS NULL"""

_FIGURES_OF_MEMORY = """o.operand, o.level, o.memory, o.loops,
       o.accesses_to_low + o.accesses_from_low + o.accesses_to_high + o.accesses_from_high AS accesses,
       o.energy_to_low_pj + o.energy_from_low_pj + o.energy_to_high_pj + o.energy_from_high_pj AS energy_pj,
       (o.energy_to_low_pj + o.energy_from_low_pj + o.energy_to_high_pj + o.energy_from_high_pj)
           / NULLIF(l.energy_pj, 0) AS energy_share,
       o.accesses_to_low, o.accesses_from_low, o.accesses_to_high, o.accesses_from_high,
       o.energy_to_low_pj, o.energy_from_low_pj, o.energy_to_high_pj, o.energy_from_high_pj,
       o.utilisation, o.shared_utilisation"""

MEMORY_BEFORE = f"""CREATE VIEW zl_v_memory AS
SELECT r.id AS run_id, e.name AS experiment, w.name AS workload, a.name AS accelerator,
       o.layer_index, l.layer_id, l.name AS layer, {_FIGURES_OF_MEMORY}, o.run_number
FROM zl_memory_evaluation o
JOIN zl_layer_evaluation l ON l.run_number = o.run_number AND l.layer_index = o.layer_index
JOIN zl_run r ON r.number = o.run_number{_INPUTS_OF_RUN}
WHERE r.deleted_at IS NULL"""

MEMORY = f"""CREATE VIEW zl_v_memory AS
SELECT r.id AS run_id, e.name AS experiment, w.name AS workload, a.name AS accelerator,
       {_PLACE} AS layer_index, l.layer_id, l.name AS layer, {_FIGURES_OF_MEMORY}, p.run_number
{_LISTED.strip()}
JOIN zl_memory_evaluation o ON o.run_number = l.run_number AND o.layer_index = l.layer_index{_INPUTS_OF_LAYER}
WHERE p.role = 'chosen' AND r.deleted_at IS NULL"""

RESULTS = f"""CREATE VIEW zl_v_results AS
SELECT r.id AS run_id, e.name AS experiment, w.name AS workload, a.name AS accelerator,
       t.result_index, t.path, t.kind, t.n_layers, t.energy_pj, t.mac_energy_pj, t.memory_energy_pj, t.latency_cycles,
       t.energy_pj * t.latency_cycles AS edp_pj_cycles, r.settings, r.parent_number, r.number AS run_number
FROM zl_result t
JOIN zl_run r ON r.number = t.run_number{_INPUTS_OF_RUN}
WHERE r.deleted_at IS NULL"""

_FIRST_RESULTS = (
    "INSERT INTO zl_result (run_number, result_index, path, kind, n_layers, energy_pj, mac_energy_pj, memory_energy_pj,"
    " latency_cycles) SELECT r.number, 0, '0', 'sum', COUNT(l.layer_index), r.energy_pj, r.mac_energy_pj,"
    " r.memory_energy_pj, r.latency_cycles FROM zl_run r JOIN zl_layer_evaluation l ON l.run_number = r.number"
    " WHERE r.status = 'finished' GROUP BY r.number, r.energy_pj, r.mac_energy_pj, r.memory_energy_pj, r.latency_cycles"
)
_FIRST_LISTS = (
    "INSERT INTO zl_run_layer (run_number, role, result_index, position, owner_number, first_index, last_index, times)"
    " SELECT run_number, '{role}', 0, MIN(layer_index), run_number, MIN(layer_index), MAX(layer_index), 1.0"
    " FROM zl_layer_evaluation {of} GROUP BY run_number"
)
_OF_FINISHED = "WHERE run_number IN (SELECT run_number FROM zl_result)"


def upgrade() -> None:
    """Add columns and tables, give every run its result, and make the views anew."""
    _drop_views("zl_v_runs", "zl_v_layers", "zl_v_memory")
    op.add_column("zl_run", sa.Column("parent_number", sa.Integer(), nullable=True))
    op.add_column("zl_run", sa.Column("child_index", sa.Integer(), nullable=True))
    op.add_column("zl_run", sa.Column("settings", PLAIN_JSON, nullable=True))
    op.add_column("zl_run", sa.Column("n_results", sa.Integer(), nullable=True))
    op.add_column("zl_run", sa.Column("warnings", PLAIN_JSON, nullable=True))
    op.add_column("zl_run", sa.Column("keywords", PLAIN_JSON, nullable=True))
    # of children only: an index of all runs would be taken for the way to those without a parent, which are most
    children = sa.text("parent_number IS NOT NULL")
    name = op.f("ix_zl_run_parent_number")
    op.create_index(name, "zl_run", ["parent_number"], sqlite_where=children, postgresql_where=children)
    for name in ("accelerator_kind", "constraints_kind", "memories_left_out"):
        op.add_column("zl_layer_evaluation", sa.Column(name, sa.Text(), nullable=True))
    _create_tables()
    op.execute(_FIRST_RESULTS)
    op.execute(_FIRST_LISTS.format(role="chosen", of=""))
    op.execute(_FIRST_LISTS.format(role="result", of=_OF_FINISHED))
    op.execute(_FIRST_LISTS.format(role="saved", of=""))
    op.execute("UPDATE zl_run SET n_results = 1 WHERE number IN (SELECT run_number FROM zl_result)")
    for view in (RUNS, ALL_RUNS, LAYERS, MEMORY, EVALUATIONS, RESULTS):
        op.execute(view)


def _create_tables() -> None:
    op.create_table(
        "zl_result",
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("result_index", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("n_layers", sa.Integer(), nullable=False),
        sa.Column("energy_pj", sa.Double(), nullable=True),
        sa.Column("mac_energy_pj", sa.Double(), nullable=True),
        sa.Column("memory_energy_pj", sa.Double(), nullable=True),
        sa.Column("latency_cycles", sa.Double(), nullable=True),
        sa.CheckConstraint("kind IN ('layer', 'sum', 'other')", name=op.f("ck_zl_result_kind")),
        sa.ForeignKeyConstraint(
            ["run_number"], ["zl_run.number"], name=op.f("fk_zl_result_run_number_zl_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_number", "result_index", name=op.f("pk_zl_result")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "zl_run_layer",
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("result_index", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("owner_number", sa.Integer(), nullable=False),
        sa.Column("first_index", sa.Integer(), nullable=False),
        sa.Column("last_index", sa.Integer(), nullable=False),
        sa.Column("times", sa.Double(), nullable=False),
        sa.CheckConstraint("role IN ('chosen', 'result', 'saved')", name=op.f("ck_zl_run_layer_role")),
        sa.ForeignKeyConstraint(
            ["run_number"], ["zl_run.number"], name=op.f("fk_zl_run_layer_run_number_zl_run"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["owner_number"], ["zl_run.number"], name=op.f("fk_zl_run_layer_owner_number_zl_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_number", "role", "result_index", "position", name=op.f("pk_zl_run_layer")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_zl_run_layer_owner_number"), "zl_run_layer", ["owner_number"])


def downgrade() -> None:
    """Make the views as they were, and take tables and columns away; children become runs of their own."""
    _drop_views("zl_v_results", "zl_v_evaluations", "zl_v_all_runs", "zl_v_runs", "zl_v_layers", "zl_v_memory")
    op.drop_table("zl_run_layer")
    op.drop_table("zl_result")
    for name in ("memories_left_out", "constraints_kind", "accelerator_kind"):
        op.drop_column("zl_layer_evaluation", name)
    op.drop_index(op.f("ix_zl_run_parent_number"), "zl_run")
    for name in ("keywords", "warnings", "n_results", "settings", "child_index", "parent_number"):
        op.drop_column("zl_run", name)
    for view in (RUNS_BEFORE, LAYERS_BEFORE, MEMORY_BEFORE):
        op.execute(view)


def _drop_views(*views: str) -> None:
    for view in views:
        op.execute(f"DROP VIEW {view}")
