"""The first tables: experiments, runs, layers and memories, inputs by content, the outbox, and the views."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"

down_revision = None
branch_labels = None
depends_on = None

PLAIN_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

RUNS = """
CREATE VIEW zl_v_runs AS
SELECT r.id AS run_id, e.name AS experiment, r.name AS name, r.status, r.reason,
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
LEFT JOIN zl_run_input m ON m.run_number = r.number AND m.kind = 'mapping'
"""

LAYERS = """
CREATE VIEW zl_v_layers AS
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
LEFT JOIN zl_run_input a ON a.run_number = r.number AND a.kind = 'accelerator'
"""

MEMORY = """
CREATE VIEW zl_v_memory AS
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
LEFT JOIN zl_run_input a ON a.run_number = r.number AND a.kind = 'accelerator'
"""


def upgrade() -> None:
    """Make the tables and the views."""
    _inputs()
    _runs()
    _results()
    for view in (RUNS, LAYERS, MEMORY):
        op.execute(view)


def _inputs() -> None:
    """What runs refer to."""
    op.create_table(
        "zl_environment",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", PLAIN_JSON, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_zl_environment")),
    )
    op.create_table(
        "zl_experiment",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_zl_experiment")),
        sa.UniqueConstraint("name", name=op.f("uq_zl_experiment_name")),
    )
    op.create_table(
        "zl_input",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_zl_input")),
    )
    op.create_table(
        "zl_mapping",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("spatial_text", sa.Text(), nullable=False),
        sa.Column("content", PLAIN_JSON, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_zl_mapping")),
    )
    op.create_table(
        "zl_source",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("n_bytes", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_zl_source")),
    )


def _runs() -> None:
    """Runs and what hangs on them."""
    op.create_table(
        "zl_run",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("experiment_number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("traceback", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("objective", sa.Text(), nullable=False),
        sa.Column("options", PLAIN_JSON, nullable=False),
        sa.Column("engine_digest", sa.Text(), nullable=False),
        sa.Column("environment_digest", sa.Text(), nullable=False),
        sa.Column("energy_pj", sa.Double(), nullable=True),
        sa.Column("mac_energy_pj", sa.Double(), nullable=True),
        sa.Column("memory_energy_pj", sa.Double(), nullable=True),
        sa.Column("latency_cycles", sa.Double(), nullable=True),
        sa.Column("edp_pj_cycles", sa.Double(), nullable=True),
        sa.Column("area_mm2", sa.Double(), nullable=True),
        sa.Column("clock_ns", sa.Double(), nullable=True),
        sa.Column("n_macs", sa.BigInteger(), nullable=True),
        sa.Column("n_layers", sa.Integer(), nullable=True),
        sa.Column("n_mappings_evaluated", sa.BigInteger(), nullable=True),
        sa.Column("cache_hits", sa.Integer(), nullable=True),
        sa.Column("cache_misses", sa.Integer(), nullable=True),
        sa.Column("cache_seconds_saved", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "status IN ('running', 'finished', 'infeasible', 'failed', 'lost')", name=op.f("ck_zl_run_status")
        ),
        sa.ForeignKeyConstraint(
            ["environment_digest"], ["zl_environment.digest"], name=op.f("fk_zl_run_environment_digest_zl_environment")
        ),
        sa.ForeignKeyConstraint(
            ["experiment_number"], ["zl_experiment.number"], name=op.f("fk_zl_run_experiment_number_zl_experiment")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_zl_run")),
        sa.UniqueConstraint("id", name=op.f("uq_zl_run_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("zl_run", schema=None) as batch_op:
        batch_op.create_index(
            "ix_zl_run_experiment_number_edp_pj_cycles", ["experiment_number", "edp_pj_cycles"], unique=False
        )
        batch_op.create_index("ix_zl_run_experiment_number_energy_pj", ["experiment_number", "energy_pj"], unique=False)
        batch_op.create_index(
            "ix_zl_run_experiment_number_latency_cycles", ["experiment_number", "latency_cycles"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_zl_run_started_at"), ["started_at"], unique=False)
        batch_op.create_index("ix_zl_run_status_heartbeat_at", ["status", "heartbeat_at"], unique=False)
    op.create_table(
        "zl_publication",
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("mlflow_run_id", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('pending', 'published', 'failed')", name=op.f("ck_zl_publication_state")),
        sa.ForeignKeyConstraint(
            ["run_number"], ["zl_run.number"], name=op.f("fk_zl_publication_run_number_zl_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_number", name=op.f("pk_zl_publication")),
    )
    with op.batch_alter_table("zl_publication", schema=None) as batch_op:
        batch_op.create_index("ix_zl_publication_state", ["state"], unique=False)
    op.create_table(
        "zl_run_input",
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("source_digest", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["digest"], ["zl_input.digest"], name=op.f("fk_zl_run_input_digest_zl_input")),
        sa.ForeignKeyConstraint(
            ["run_number"], ["zl_run.number"], name=op.f("fk_zl_run_input_run_number_zl_run"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["source_digest"], ["zl_source.digest"], name=op.f("fk_zl_run_input_source_digest_zl_source")
        ),
        sa.PrimaryKeyConstraint("run_number", "kind", name=op.f("pk_zl_run_input")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("zl_run_input", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_zl_run_input_digest"), ["digest"], unique=False)
    op.create_table(
        "zl_tag",
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_number"], ["zl_run.number"], name=op.f("fk_zl_tag_run_number_zl_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_number", "key", name=op.f("pk_zl_tag")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("zl_tag", schema=None) as batch_op:
        batch_op.create_index("ix_zl_tag_key_value", ["key", "value"], unique=False)


def _results() -> None:
    """What runs found."""
    op.create_table(
        "zl_layer_evaluation",
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("layer_index", sa.Integer(), nullable=False),
        sa.Column("layer_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("operator_type", sa.Text(), nullable=False),
        sa.Column("layer_digest", sa.Text(), nullable=False),
        sa.Column("mapping_digest", sa.Text(), nullable=False),
        sa.Column("keeps_at_output_pins", sa.Boolean(), nullable=False),
        sa.Column("n_macs", sa.BigInteger(), nullable=False),
        sa.Column("energy_pj", sa.Double(), nullable=False),
        sa.Column("mac_energy_pj", sa.Double(), nullable=False),
        sa.Column("memory_energy_pj", sa.Double(), nullable=False),
        sa.Column("latency_cycles", sa.Double(), nullable=False),
        sa.Column("ideal_cycles", sa.Double(), nullable=False),
        sa.Column("temporal_cycles", sa.Double(), nullable=False),
        sa.Column("stall_cycles", sa.Double(), nullable=False),
        sa.Column("onload_cycles", sa.Double(), nullable=False),
        sa.Column("offload_cycles", sa.Double(), nullable=False),
        sa.Column("drain_cycles", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mapping_digest"], ["zl_mapping.digest"], name=op.f("fk_zl_layer_evaluation_mapping_digest_zl_mapping")
        ),
        sa.ForeignKeyConstraint(
            ["run_number"], ["zl_run.number"], name=op.f("fk_zl_layer_evaluation_run_number_zl_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_number", "layer_index", name=op.f("pk_zl_layer_evaluation")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "zl_memory_evaluation",
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("layer_index", sa.Integer(), nullable=False),
        sa.Column("operand", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("memory", sa.Text(), nullable=False),
        sa.Column("loops", sa.Text(), nullable=False),
        sa.Column("utilisation", sa.Double(), nullable=False),
        sa.Column("shared_utilisation", sa.Double(), nullable=False),
        sa.Column("accesses_to_low", sa.Double(), nullable=False),
        sa.Column("accesses_from_low", sa.Double(), nullable=False),
        sa.Column("accesses_to_high", sa.Double(), nullable=False),
        sa.Column("accesses_from_high", sa.Double(), nullable=False),
        sa.Column("energy_to_low_pj", sa.Double(), nullable=False),
        sa.Column("energy_from_low_pj", sa.Double(), nullable=False),
        sa.Column("energy_to_high_pj", sa.Double(), nullable=False),
        sa.Column("energy_from_high_pj", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_number", "layer_index"],
            ["zl_layer_evaluation.run_number", "zl_layer_evaluation.layer_index"],
            name="fk_zl_memory_evaluation_layer",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_number", "layer_index", "operand", "level", name=op.f("pk_zl_memory_evaluation")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Take away the views and the tables."""
    for view in ("zl_v_memory", "zl_v_layers", "zl_v_runs"):
        op.execute(f"DROP VIEW {view}")
    op.drop_table("zl_memory_evaluation")
    with op.batch_alter_table("zl_tag", schema=None) as batch_op:
        batch_op.drop_index("ix_zl_tag_key_value")

    op.drop_table("zl_tag")
    with op.batch_alter_table("zl_run_input", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_zl_run_input_digest"))

    op.drop_table("zl_run_input")
    with op.batch_alter_table("zl_publication", schema=None) as batch_op:
        batch_op.drop_index("ix_zl_publication_state")

    op.drop_table("zl_publication")
    op.drop_table("zl_layer_evaluation")
    with op.batch_alter_table("zl_run", schema=None) as batch_op:
        batch_op.drop_index("ix_zl_run_status_heartbeat_at")
        batch_op.drop_index(batch_op.f("ix_zl_run_started_at"))
        batch_op.drop_index("ix_zl_run_experiment_number_latency_cycles")
        batch_op.drop_index("ix_zl_run_experiment_number_energy_pj")
        batch_op.drop_index("ix_zl_run_experiment_number_edp_pj_cycles")

    op.drop_table("zl_run")
    op.drop_table("zl_source")
    op.drop_table("zl_mapping")
    op.drop_table("zl_input")
    op.drop_table("zl_experiment")
    op.drop_table("zl_environment")
