"""Physical figures of runs and layers: times, powers, TOPS, inferences, what leaks; the area of whole designs.

They follow from a clock, the static power and the number of inferences of a run, which are columns of it. Where a run
has none of these, as all that are there, what would follow is NULL.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COLUMNS = {
    "area_total_mm2": sa.Double(),
    "static_power_mw": sa.Double(),
    "technology": sa.Text(),
    "n_inferences": sa.BigInteger(),
}

_TIME_NS = "({of}.latency_cycles * {design}.clock_ns)"
_OF_PRICE = f""",
       {_TIME_NS} * 1e-9 AS time_s,
       {{of}}.energy_pj / NULLIF({_TIME_NS}, 0) AS average_power_mw,
       {{design}}.static_power_mw * {_TIME_NS} AS static_energy_pj,
       {{of}}.energy_pj - COALESCE({{design}}.static_power_mw * {_TIME_NS}, 0) AS dynamic_energy_pj"""
_OF_MACS = f""",
       2e-3 * {{of}}.n_macs / NULLIF({_TIME_NS}, 0) AS tops,
       2.0 * {{of}}.n_macs / NULLIF({{of}}.energy_pj, 0) AS tops_per_watt"""
_OF_INFERENCES = f""",
       r.n_inferences / NULLIF({_TIME_NS} * 1e-9, 0) AS inferences_per_s,
       r.energy_pj / NULLIF(r.n_inferences, 0) AS energy_per_inference_pj"""
OF_RUN = (
    (_OF_PRICE + _OF_MACS + _OF_INFERENCES).format(of="r", design="r")
    + """,
       r.area_total_mm2, r.static_power_mw, r.technology, r.n_inferences"""
)
OF_LAYER = (_OF_PRICE + _OF_MACS).format(of="l", design="o")
OF_RESULT = _OF_PRICE.format(of="t", design="r")
PLACE = "p.position + l.layer_index - p.first_index"
OWNER = "\nJOIN zl_run o ON o.number = p.owner_number"

RUNS = """CREATE VIEW zl_v_runs AS
SELECT r.id AS run_id, e.name AS experiment, r.name AS name, r.note, r.status, r.reason,
       r.started_at, r.ended_at, r.seconds, r.objective,
       w.name AS workload, a.name AS accelerator, m.name AS mapping,
       r.energy_pj, r.latency_cycles, r.edp_pj_cycles, r.mac_energy_pj, r.memory_energy_pj,
       r.mac_energy_pj / NULLIF(r.energy_pj, 0) AS mac_energy_share,
       r.energy_pj / NULLIF(r.n_macs, 0) AS energy_per_mac_pj,
       (SELECT COUNT(*) FROM zl_run_layer p
        JOIN zl_certificate c ON c.run_number = p.owner_number AND c.layer_index BETWEEN p.first_index AND p.last_index
        WHERE p.run_number = r.number AND p.role = 'chosen') AS n_certified,
       (SELECT COUNT(*) FROM zl_run_layer p
        JOIN zl_certificate c ON c.run_number = p.owner_number AND c.layer_index BETWEEN p.first_index AND p.last_index
        WHERE p.run_number = r.number AND p.role = 'chosen' AND c.gap = 0) AS n_proven,
       (SELECT MAX(c.gap) FROM zl_run_layer p
        JOIN zl_certificate c ON c.run_number = p.owner_number AND c.layer_index BETWEEN p.first_index AND p.last_index
        WHERE p.run_number = r.number AND p.role = 'chosen') AS worst_gap,
       r.area_mm2, r.clock_ns, r.n_macs, r.n_layers, r.n_mappings_evaluated,
       r.cache_hits, r.cache_misses, r.cache_seconds_saved,
       w.digest AS workload_digest, a.digest AS accelerator_digest, m.digest AS mapping_digest,
       r.engine_digest, r.environment_digest, r.number AS run_number, r.n_results, r.warnings,
       (SELECT COUNT(*) FROM zl_run k WHERE k.parent_number = r.number AND k.deleted_at IS NULL) AS n_children{physical}
FROM zl_run r
JOIN zl_experiment e ON e.number = r.experiment_number
LEFT JOIN zl_run_input w ON w.run_number = r.number AND w.kind = 'workload'
LEFT JOIN zl_run_input a ON a.run_number = r.number AND a.kind = 'accelerator'
LEFT JOIN zl_run_input m ON m.run_number = r.number AND m.kind = 'mapping'
WHERE r.deleted_at IS NULL AND r.parent_number IS NULL"""

ALL_RUNS = """CREATE VIEW zl_v_all_runs AS
SELECT r.id AS run_id, e.name AS experiment, r.name AS name, r.note, r.status, r.reason,
       r.started_at, r.ended_at, r.seconds, r.objective,
       w.name AS workload, a.name AS accelerator, m.name AS mapping,
       r.energy_pj, r.latency_cycles, r.edp_pj_cycles, r.mac_energy_pj, r.memory_energy_pj,
       r.mac_energy_pj / NULLIF(r.energy_pj, 0) AS mac_energy_share,
       r.energy_pj / NULLIF(r.n_macs, 0) AS energy_per_mac_pj,
       (SELECT COUNT(*) FROM zl_run_layer p
        JOIN zl_certificate c ON c.run_number = p.owner_number AND c.layer_index BETWEEN p.first_index AND p.last_index
        WHERE p.run_number = r.number AND p.role = 'chosen') AS n_certified,
       (SELECT COUNT(*) FROM zl_run_layer p
        JOIN zl_certificate c ON c.run_number = p.owner_number AND c.layer_index BETWEEN p.first_index AND p.last_index
        WHERE p.run_number = r.number AND p.role = 'chosen' AND c.gap = 0) AS n_proven,
       (SELECT MAX(c.gap) FROM zl_run_layer p
        JOIN zl_certificate c ON c.run_number = p.owner_number AND c.layer_index BETWEEN p.first_index AND p.last_index
        WHERE p.run_number = r.number AND p.role = 'chosen') AS worst_gap,
       r.area_mm2, r.clock_ns, r.n_macs, r.n_layers, r.n_mappings_evaluated,
       r.cache_hits, r.cache_misses, r.cache_seconds_saved,
       w.digest AS workload_digest, a.digest AS accelerator_digest, m.digest AS mapping_digest,
       r.engine_digest, r.environment_digest, r.number AS run_number,
       (SELECT t.id FROM zl_run t WHERE t.number = r.parent_number) AS parent_run_id,
       r.parent_number, r.child_index, r.settings, r.n_results, r.warnings,
       (SELECT COUNT(*) FROM zl_run k WHERE k.parent_number = r.number AND k.deleted_at IS NULL) AS n_children{physical}
FROM zl_run r
JOIN zl_experiment e ON e.number = r.experiment_number
LEFT JOIN zl_run_input w ON w.run_number = r.number AND w.kind = 'workload'
LEFT JOIN zl_run_input a ON a.run_number = r.number AND a.kind = 'accelerator'
LEFT JOIN zl_run_input m ON m.run_number = r.number AND m.kind = 'mapping'
WHERE r.deleted_at IS NULL"""

EVALUATIONS = """CREATE VIEW zl_v_evaluations AS
SELECT r.id AS run_id, p.role, p.result_index, p.position + l.layer_index - p.first_index AS place, p.times,
       e.name AS experiment, r.status AS run_status, w.name AS workload, a.name AS accelerator,
       l.layer_id, l.name AS layer, l.operator_type, l.n_macs,
       l.energy_pj, l.mac_energy_pj, l.memory_energy_pj, l.latency_cycles,
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
       l.keeps_at_output_pins, l.layer_digest, l.mapping_digest,
       l.memories_left_out, a.digest AS accelerator_digest, COALESCE(d.digest, m.digest) AS constraints_digest,
       o.id AS owner_run_id, l.layer_index AS owner_index, p.owner_number, p.run_number{physical}
FROM zl_run_layer p
JOIN zl_layer_evaluation l ON l.run_number = p.owner_number AND l.layer_index BETWEEN p.first_index AND p.last_index
JOIN zl_run r ON r.number = p.run_number
JOIN zl_run o ON o.number = p.owner_number
JOIN zl_mapping s ON s.digest = l.mapping_digest
JOIN zl_experiment e ON e.number = r.experiment_number
LEFT JOIN zl_run_input w ON w.run_number = l.run_number AND w.kind = 'workload'
LEFT JOIN zl_run_input a ON a.run_number = l.run_number AND a.kind = COALESCE(l.accelerator_kind, 'accelerator')
LEFT JOIN zl_run_input m ON m.run_number = l.run_number AND m.kind = 'mapping'
LEFT JOIN zl_run_input d ON d.run_number = l.run_number AND d.kind = l.constraints_kind
LEFT JOIN zl_certificate c ON c.run_number = l.run_number AND c.layer_index = l.layer_index
WHERE r.deleted_at IS NULL"""

RESULTS = """CREATE VIEW zl_v_results AS
SELECT r.id AS run_id, e.name AS experiment, w.name AS workload, a.name AS accelerator,
       t.result_index, t.path, t.kind, t.n_layers, t.energy_pj, t.mac_energy_pj, t.memory_energy_pj, t.latency_cycles,
       t.energy_pj * t.latency_cycles AS edp_pj_cycles, r.settings, r.parent_number, r.number AS run_number{physical}
FROM zl_result t
JOIN zl_run r ON r.number = t.run_number
JOIN zl_experiment e ON e.number = r.experiment_number
LEFT JOIN zl_run_input w ON w.run_number = r.number AND w.kind = 'workload'
LEFT JOIN zl_run_input a ON a.run_number = r.number AND a.kind = 'accelerator'
WHERE r.deleted_at IS NULL"""

LAYERS = """CREATE VIEW zl_v_layers AS
SELECT r.id AS run_id, e.name AS experiment, r.status AS run_status, w.name AS workload, a.name AS accelerator,
       {place} AS layer_index, l.layer_id, l.name AS layer, l.operator_type, l.n_macs,
       l.energy_pj, l.mac_energy_pj, l.memory_energy_pj, l.latency_cycles,
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
       l.keeps_at_output_pins, l.layer_digest, l.mapping_digest, p.run_number,
       p.times, l.memories_left_out{physical}
FROM zl_run_layer p
JOIN zl_layer_evaluation l ON l.run_number = p.owner_number AND l.layer_index BETWEEN p.first_index AND p.last_index
JOIN zl_run r ON r.number = p.run_number{owner}
JOIN zl_mapping s ON s.digest = l.mapping_digest
JOIN zl_experiment e ON e.number = r.experiment_number
LEFT JOIN zl_run_input w ON w.run_number = l.run_number AND w.kind = 'workload'
LEFT JOIN zl_run_input a ON a.run_number = l.run_number AND a.kind = COALESCE(l.accelerator_kind, 'accelerator')
LEFT JOIN zl_certificate c ON c.run_number = l.run_number AND c.layer_index = l.layer_index
WHERE p.role = 'chosen' AND r.deleted_at IS NULL"""

VIEWS = (
    ("zl_v_runs", RUNS, OF_RUN),
    ("zl_v_all_runs", ALL_RUNS, OF_RUN),
    ("zl_v_layers", LAYERS, OF_LAYER),
    ("zl_v_evaluations", EVALUATIONS, OF_LAYER),
    ("zl_v_results", RESULTS, OF_RESULT),
)


def upgrade() -> None:
    """Add the columns, and make the views anew with what follows from them."""
    _drop_views()
    for name, kind in COLUMNS.items():
        op.add_column("zl_run", sa.Column(name, kind, nullable=True))
    for _, view, physical in VIEWS:
        op.execute(view.format(physical=physical, owner=OWNER, place=PLACE))


def downgrade() -> None:
    """Make the views as they were, and take the columns away."""
    _drop_views()
    for name in reversed(COLUMNS):
        op.drop_column("zl_run", name)
    for _, view, _ in VIEWS:
        op.execute(view.format(physical="", owner="", place=PLACE))


def _drop_views() -> None:
    for name, _, _ in VIEWS:
        op.execute(f"DROP VIEW {name}")
