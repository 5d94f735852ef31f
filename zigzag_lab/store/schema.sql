CREATE TABLE zl_alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT zl_alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE zl_environment (
	digest TEXT NOT NULL,
	content JSON NOT NULL,
	CONSTRAINT pk_zl_environment PRIMARY KEY (digest)
);
CREATE TABLE zl_experiment (
	number INTEGER NOT NULL,
	name TEXT NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT pk_zl_experiment PRIMARY KEY (number),
	CONSTRAINT uq_zl_experiment_name UNIQUE (name)
);
CREATE TABLE zl_input (
	digest TEXT NOT NULL,
	kind TEXT NOT NULL,
	content BLOB NOT NULL,
	CONSTRAINT pk_zl_input PRIMARY KEY (digest)
);
CREATE TABLE zl_mapping (
	digest TEXT NOT NULL,
	spatial_text TEXT NOT NULL,
	content JSON NOT NULL,
	CONSTRAINT pk_zl_mapping PRIMARY KEY (digest)
);
CREATE TABLE zl_source (
	digest TEXT NOT NULL,
	n_bytes BIGINT NOT NULL,
	content BLOB NOT NULL,
	CONSTRAINT pk_zl_source PRIMARY KEY (digest)
);
CREATE TABLE zl_run (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	id TEXT NOT NULL,
	experiment_number INTEGER NOT NULL,
	name TEXT NOT NULL,
	status TEXT NOT NULL,
	reason TEXT,
	error TEXT,
	traceback TEXT,
	started_at DATETIME NOT NULL,
	ended_at DATETIME,
	heartbeat_at DATETIME NOT NULL,
	seconds DOUBLE,
	owner TEXT NOT NULL,
	objective TEXT NOT NULL,
	options JSON NOT NULL,
	engine_digest TEXT NOT NULL,
	environment_digest TEXT NOT NULL,
	energy_pj DOUBLE,
	mac_energy_pj DOUBLE,
	memory_energy_pj DOUBLE,
	latency_cycles DOUBLE,
	edp_pj_cycles DOUBLE,
	area_mm2 DOUBLE,
	clock_ns DOUBLE,
	n_macs BIGINT,
	n_layers INTEGER,
	n_mappings_evaluated BIGINT,
	cache_hits INTEGER,
	cache_misses INTEGER,
	cache_seconds_saved DOUBLE, note TEXT, deleted_at DATETIME, parent_number INTEGER, child_index INTEGER, settings JSON, n_results INTEGER, warnings JSON, keywords JSON, area_total_mm2 DOUBLE, static_power_mw DOUBLE, technology TEXT, n_inferences BIGINT,
	CONSTRAINT ck_zl_run_status CHECK (status IN ('running', 'finished', 'infeasible', 'failed', 'lost')),
	CONSTRAINT fk_zl_run_environment_digest_zl_environment FOREIGN KEY(environment_digest) REFERENCES zl_environment (digest),
	CONSTRAINT fk_zl_run_experiment_number_zl_experiment FOREIGN KEY(experiment_number) REFERENCES zl_experiment (number),
	CONSTRAINT uq_zl_run_id UNIQUE (id)
);
CREATE INDEX ix_zl_run_experiment_number_edp_pj_cycles ON zl_run (experiment_number, edp_pj_cycles);
CREATE INDEX ix_zl_run_experiment_number_energy_pj ON zl_run (experiment_number, energy_pj);
CREATE INDEX ix_zl_run_experiment_number_latency_cycles ON zl_run (experiment_number, latency_cycles);
CREATE INDEX ix_zl_run_started_at ON zl_run (started_at);
CREATE INDEX ix_zl_run_status_heartbeat_at ON zl_run (status, heartbeat_at);
CREATE TABLE zl_publication (
	run_number INTEGER NOT NULL,
	state TEXT NOT NULL,
	mlflow_run_id TEXT,
	attempts INTEGER NOT NULL,
	last_error TEXT,
	updated_at DATETIME NOT NULL,
	CONSTRAINT pk_zl_publication PRIMARY KEY (run_number),
	CONSTRAINT ck_zl_publication_state CHECK (state IN ('pending', 'published', 'failed')),
	CONSTRAINT fk_zl_publication_run_number_zl_run FOREIGN KEY(run_number) REFERENCES zl_run (number) ON DELETE CASCADE
);
CREATE INDEX ix_zl_publication_state ON zl_publication (state);
CREATE TABLE zl_run_input (
	run_number INTEGER NOT NULL,
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	digest TEXT NOT NULL,
	file_name TEXT,
	source_digest TEXT,
	CONSTRAINT pk_zl_run_input PRIMARY KEY (run_number, kind),
	CONSTRAINT fk_zl_run_input_digest_zl_input FOREIGN KEY(digest) REFERENCES zl_input (digest),
	CONSTRAINT fk_zl_run_input_run_number_zl_run FOREIGN KEY(run_number) REFERENCES zl_run (number) ON DELETE CASCADE,
	CONSTRAINT fk_zl_run_input_source_digest_zl_source FOREIGN KEY(source_digest) REFERENCES zl_source (digest)
)
 WITHOUT ROWID;
CREATE INDEX ix_zl_run_input_digest ON zl_run_input (digest);
CREATE TABLE zl_tag (
	run_number INTEGER NOT NULL,
	"key" TEXT NOT NULL,
	value TEXT NOT NULL,
	CONSTRAINT pk_zl_tag PRIMARY KEY (run_number, "key"),
	CONSTRAINT fk_zl_tag_run_number_zl_run FOREIGN KEY(run_number) REFERENCES zl_run (number) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_zl_tag_key_value ON zl_tag ("key", value);
CREATE TABLE zl_layer_evaluation (
	run_number INTEGER NOT NULL,
	layer_index INTEGER NOT NULL,
	layer_id INTEGER NOT NULL,
	name TEXT NOT NULL,
	operator_type TEXT NOT NULL,
	layer_digest TEXT NOT NULL,
	mapping_digest TEXT NOT NULL,
	keeps_at_output_pins BOOLEAN NOT NULL,
	n_macs BIGINT NOT NULL,
	energy_pj DOUBLE NOT NULL,
	mac_energy_pj DOUBLE NOT NULL,
	memory_energy_pj DOUBLE NOT NULL,
	latency_cycles DOUBLE NOT NULL,
	ideal_cycles DOUBLE NOT NULL,
	temporal_cycles DOUBLE NOT NULL,
	stall_cycles DOUBLE NOT NULL,
	onload_cycles DOUBLE NOT NULL,
	offload_cycles DOUBLE NOT NULL,
	drain_cycles DOUBLE NOT NULL, accelerator_kind TEXT, constraints_kind TEXT, memories_left_out TEXT,
	CONSTRAINT pk_zl_layer_evaluation PRIMARY KEY (run_number, layer_index),
	CONSTRAINT fk_zl_layer_evaluation_mapping_digest_zl_mapping FOREIGN KEY(mapping_digest) REFERENCES zl_mapping (digest),
	CONSTRAINT fk_zl_layer_evaluation_run_number_zl_run FOREIGN KEY(run_number) REFERENCES zl_run (number) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE TABLE zl_memory_evaluation (
	run_number INTEGER NOT NULL,
	layer_index INTEGER NOT NULL,
	operand TEXT NOT NULL,
	level INTEGER NOT NULL,
	memory TEXT NOT NULL,
	loops TEXT NOT NULL,
	utilisation DOUBLE NOT NULL,
	shared_utilisation DOUBLE NOT NULL,
	accesses_to_low DOUBLE NOT NULL,
	accesses_from_low DOUBLE NOT NULL,
	accesses_to_high DOUBLE NOT NULL,
	accesses_from_high DOUBLE NOT NULL,
	energy_to_low_pj DOUBLE NOT NULL,
	energy_from_low_pj DOUBLE NOT NULL,
	energy_to_high_pj DOUBLE NOT NULL,
	energy_from_high_pj DOUBLE NOT NULL,
	CONSTRAINT pk_zl_memory_evaluation PRIMARY KEY (run_number, layer_index, operand, level),
	CONSTRAINT fk_zl_memory_evaluation_layer FOREIGN KEY(run_number, layer_index) REFERENCES zl_layer_evaluation (run_number, layer_index) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE TABLE zl_cache_entry (
	"key" TEXT NOT NULL,
	kind TEXT NOT NULL,
	state TEXT NOT NULL,
	owner TEXT NOT NULL,
	token TEXT NOT NULL,
	attempt INTEGER NOT NULL,
	claimed_at DATETIME NOT NULL,
	lease_until DATETIME,
	done_at DATETIME,
	used_at DATETIME,
	seconds DOUBLE,
	engine_digest TEXT NOT NULL,
	parts JSON NOT NULL,
	n_bytes INTEGER,
	content BLOB,
	CONSTRAINT pk_zl_cache_entry PRIMARY KEY ("key"),
	CONSTRAINT ck_zl_cache_entry_state CHECK (state IN ('open', 'running', 'done'))
);
CREATE INDEX ix_zl_cache_entry_state_used_at ON zl_cache_entry (state, used_at);
CREATE TABLE zl_cache_part (
	digest TEXT NOT NULL,
	kind TEXT NOT NULL,
	content BLOB NOT NULL,
	CONSTRAINT pk_zl_cache_part PRIMARY KEY (digest)
);
CREATE TABLE zl_cache_use (
	run_number INTEGER NOT NULL,
	"key" TEXT NOT NULL,
	kind TEXT NOT NULL,
	label TEXT NOT NULL,
	outcome TEXT NOT NULL,
	CONSTRAINT pk_zl_cache_use PRIMARY KEY (run_number, "key"),
	CONSTRAINT fk_zl_cache_use_run_number_zl_run FOREIGN KEY(run_number) REFERENCES zl_run (number) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE TABLE zl_reading (
	"key" TEXT NOT NULL,
	kind TEXT NOT NULL,
	content BLOB NOT NULL,
	digest TEXT NOT NULL, used_at DATETIME,
	CONSTRAINT pk_zl_reading PRIMARY KEY ("key")
);
CREATE TABLE zl_sweep (
	number INTEGER NOT NULL,
	name TEXT NOT NULL,
	objective TEXT NOT NULL,
	n_points INTEGER NOT NULL,
	content JSON NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT pk_zl_sweep PRIMARY KEY (number),
	CONSTRAINT uq_zl_sweep_name UNIQUE (name)
);
CREATE TABLE zl_sweep_point (
	sweep_number INTEGER NOT NULL,
	point_key TEXT NOT NULL,
	run_number INTEGER,
	owner TEXT,
	lease_until DATETIME,
	attempts INTEGER NOT NULL,
	workload TEXT NOT NULL,
	accelerator TEXT NOT NULL,
	mapping TEXT NOT NULL,
	settings JSON NOT NULL,
	area_mm2 DOUBLE,
	utilisation DOUBLE,
	CONSTRAINT pk_zl_sweep_point PRIMARY KEY (sweep_number, point_key),
	CONSTRAINT fk_zl_sweep_point_run_number_zl_run FOREIGN KEY(run_number) REFERENCES zl_run (number) ON DELETE SET NULL,
	CONSTRAINT fk_zl_sweep_point_sweep_number_zl_sweep FOREIGN KEY(sweep_number) REFERENCES zl_sweep (number) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_zl_sweep_point_run_number ON zl_sweep_point (run_number);
CREATE TABLE zl_certificate (
	run_number INTEGER NOT NULL,
	layer_index INTEGER NOT NULL,
	objective TEXT NOT NULL,
	lower_bound DOUBLE NOT NULL,
	best DOUBLE NOT NULL,
	gap DOUBLE NOT NULL,
	space TEXT NOT NULL,
	n_mappings DOUBLE NOT NULL,
	n_priced BIGINT NOT NULL,
	seconds DOUBLE NOT NULL,
	CONSTRAINT pk_zl_certificate PRIMARY KEY (run_number, layer_index),
	CONSTRAINT fk_zl_certificate_layer FOREIGN KEY(run_number, layer_index) REFERENCES zl_layer_evaluation (run_number, layer_index) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE TABLE zl_front_point (
	run_number INTEGER NOT NULL,
	layer_index INTEGER NOT NULL,
	point_index INTEGER NOT NULL,
	energy_pj DOUBLE NOT NULL,
	latency_cycles DOUBLE NOT NULL,
	is_proven BOOLEAN NOT NULL,
	mapping_digest TEXT NOT NULL,
	memories JSON NOT NULL,
	CONSTRAINT pk_zl_front_point PRIMARY KEY (run_number, layer_index, point_index),
	CONSTRAINT fk_zl_front_point_mapping_digest_zl_mapping FOREIGN KEY(mapping_digest) REFERENCES zl_mapping (digest),
	CONSTRAINT fk_zl_front_point_layer FOREIGN KEY(run_number, layer_index) REFERENCES zl_layer_evaluation (run_number, layer_index) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE TABLE zl_memory_cost (
	"key" TEXT NOT NULL,
	read_pj DOUBLE NOT NULL,
	write_pj DOUBLE NOT NULL,
	area_mm2 DOUBLE NOT NULL,
	access_ns DOUBLE NOT NULL,
	CONSTRAINT pk_zl_memory_cost PRIMARY KEY ("key")
);
CREATE INDEX ix_zl_run_parent_number ON zl_run (parent_number) WHERE parent_number IS NOT NULL;
CREATE TABLE zl_result (
	run_number INTEGER NOT NULL,
	result_index INTEGER NOT NULL,
	path TEXT NOT NULL,
	kind TEXT NOT NULL,
	n_layers INTEGER NOT NULL,
	energy_pj DOUBLE,
	mac_energy_pj DOUBLE,
	memory_energy_pj DOUBLE,
	latency_cycles DOUBLE,
	CONSTRAINT pk_zl_result PRIMARY KEY (run_number, result_index),
	CONSTRAINT ck_zl_result_kind CHECK (kind IN ('layer', 'sum', 'other')),
	CONSTRAINT fk_zl_result_run_number_zl_run FOREIGN KEY(run_number) REFERENCES zl_run (number) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE TABLE zl_run_layer (
	run_number INTEGER NOT NULL,
	role TEXT NOT NULL,
	result_index INTEGER NOT NULL,
	position INTEGER NOT NULL,
	owner_number INTEGER NOT NULL,
	first_index INTEGER NOT NULL,
	last_index INTEGER NOT NULL,
	times DOUBLE NOT NULL,
	CONSTRAINT pk_zl_run_layer PRIMARY KEY (run_number, role, result_index, position),
	CONSTRAINT ck_zl_run_layer_role CHECK (role IN ('chosen', 'result', 'saved')),
	CONSTRAINT fk_zl_run_layer_run_number_zl_run FOREIGN KEY(run_number) REFERENCES zl_run (number) ON DELETE CASCADE,
	CONSTRAINT fk_zl_run_layer_owner_number_zl_run FOREIGN KEY(owner_number) REFERENCES zl_run (number) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_zl_run_layer_owner_number ON zl_run_layer (owner_number);
CREATE VIEW zl_v_memory AS
SELECT r.id AS run_id, e.name AS experiment, w.name AS workload, a.name AS accelerator,
       p.position + l.layer_index - p.first_index AS layer_index, l.layer_id, l.name AS layer, o.operand, o.level, o.memory, o.loops,
       o.accesses_to_low + o.accesses_from_low + o.accesses_to_high + o.accesses_from_high AS accesses,
       o.energy_to_low_pj + o.energy_from_low_pj + o.energy_to_high_pj + o.energy_from_high_pj AS energy_pj,
       (o.energy_to_low_pj + o.energy_from_low_pj + o.energy_to_high_pj + o.energy_from_high_pj)
           / NULLIF(l.energy_pj, 0) AS energy_share,
       o.accesses_to_low, o.accesses_from_low, o.accesses_to_high, o.accesses_from_high,
       o.energy_to_low_pj, o.energy_from_low_pj, o.energy_to_high_pj, o.energy_from_high_pj,
       o.utilisation, o.shared_utilisation, p.run_number
FROM zl_run_layer p
JOIN zl_layer_evaluation l ON l.run_number = p.owner_number AND l.layer_index BETWEEN p.first_index AND p.last_index
JOIN zl_run r ON r.number = p.run_number
JOIN zl_memory_evaluation o ON o.run_number = l.run_number AND o.layer_index = l.layer_index
JOIN zl_experiment e ON e.number = r.experiment_number
LEFT JOIN zl_run_input w ON w.run_number = l.run_number AND w.kind = 'workload'
LEFT JOIN zl_run_input a ON a.run_number = l.run_number AND a.kind = COALESCE(l.accelerator_kind, 'accelerator')
WHERE p.role = 'chosen' AND r.deleted_at IS NULL;
CREATE TABLE zl_input_port (
	digest TEXT NOT NULL,
	memory_index INTEGER NOT NULL,
	port_index INTEGER NOT NULL,
	memory TEXT NOT NULL,
	n_instances BIGINT NOT NULL,
	size_bits BIGINT NOT NULL,
	read_cost_pj DOUBLE NOT NULL,
	write_cost_pj DOUBLE NOT NULL,
	port TEXT NOT NULL,
	port_kind TEXT NOT NULL,
	bandwidth_min_bits BIGINT NOT NULL,
	bandwidth_max_bits BIGINT NOT NULL,
	transfers TEXT NOT NULL,
	CONSTRAINT pk_zl_input_port PRIMARY KEY (digest, memory_index, port_index),
	CONSTRAINT fk_zl_input_port_digest_zl_input FOREIGN KEY(digest) REFERENCES zl_input (digest) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE TABLE zl_input_operand (
	digest TEXT NOT NULL,
	layer_id INTEGER NOT NULL,
	operand TEXT NOT NULL,
	batch_size BIGINT NOT NULL,
	precision_bits BIGINT NOT NULL,
	final_precision_bits BIGINT,
	CONSTRAINT pk_zl_input_operand PRIMARY KEY (digest, layer_id, operand),
	CONSTRAINT fk_zl_input_operand_digest_zl_input FOREIGN KEY(digest) REFERENCES zl_input (digest) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE VIEW zl_v_ports AS
SELECT r.id AS run_id, e.name AS experiment, a.name AS accelerator, o.memory, o.n_instances, o.size_bits,
       o.read_cost_pj, o.write_cost_pj, o.port, o.port_kind, o.bandwidth_min_bits, o.bandwidth_max_bits,
       CASE WHEN o.port_kind <> 'write' THEN o.read_cost_pj / o.bandwidth_max_bits END AS read_pj_per_bit,
       CASE WHEN o.port_kind <> 'read' THEN o.write_cost_pj / o.bandwidth_max_bits END AS write_pj_per_bit,
       o.transfers, o.memory_index, o.port_index, a.kind AS input_kind, a.digest AS accelerator_digest, a.run_number
FROM zl_run_input a
JOIN zl_run r ON r.number = a.run_number
JOIN zl_experiment e ON e.number = r.experiment_number
JOIN zl_input_port o ON o.digest = a.digest
WHERE r.deleted_at IS NULL;
CREATE VIEW zl_v_operands AS
SELECT r.id AS run_id, e.name AS experiment, w.name AS workload,
       p.position + l.layer_index - p.first_index AS layer_index, l.layer_id, l.name AS layer,
       o.operand, o.batch_size, o.precision_bits, o.final_precision_bits, p.run_number
FROM zl_run_layer p
JOIN zl_layer_evaluation l ON l.run_number = p.owner_number AND l.layer_index BETWEEN p.first_index AND p.last_index
JOIN zl_run r ON r.number = p.run_number
JOIN zl_experiment e ON e.number = r.experiment_number
JOIN zl_run_input w ON w.run_number = l.run_number AND w.kind = 'workload'
JOIN zl_input_operand o ON o.digest = w.digest AND o.layer_id = l.layer_id
WHERE p.role = 'chosen' AND r.deleted_at IS NULL;
CREATE VIEW zl_v_runs AS
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
       (SELECT COUNT(*) FROM zl_run k WHERE k.parent_number = r.number AND k.deleted_at IS NULL) AS n_children,
       (r.latency_cycles * r.clock_ns) * 1e-9 AS time_s,
       r.energy_pj / NULLIF((r.latency_cycles * r.clock_ns), 0) AS average_power_mw,
       r.static_power_mw * (r.latency_cycles * r.clock_ns) AS static_energy_pj,
       r.energy_pj - COALESCE(r.static_power_mw * (r.latency_cycles * r.clock_ns), 0) AS dynamic_energy_pj,
       2e-3 * r.n_macs / NULLIF((r.latency_cycles * r.clock_ns), 0) AS tops,
       2.0 * r.n_macs / NULLIF(r.energy_pj, 0) AS tops_per_watt,
       r.n_inferences / NULLIF((r.latency_cycles * r.clock_ns) * 1e-9, 0) AS inferences_per_s,
       r.energy_pj / NULLIF(r.n_inferences, 0) AS energy_per_inference_pj,
       r.area_total_mm2, r.static_power_mw, r.technology, r.n_inferences
FROM zl_run r
JOIN zl_experiment e ON e.number = r.experiment_number
LEFT JOIN zl_run_input w ON w.run_number = r.number AND w.kind = 'workload'
LEFT JOIN zl_run_input a ON a.run_number = r.number AND a.kind = 'accelerator'
LEFT JOIN zl_run_input m ON m.run_number = r.number AND m.kind = 'mapping'
WHERE r.deleted_at IS NULL AND r.parent_number IS NULL;
CREATE VIEW zl_v_all_runs AS
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
       (SELECT COUNT(*) FROM zl_run k WHERE k.parent_number = r.number AND k.deleted_at IS NULL) AS n_children,
       (r.latency_cycles * r.clock_ns) * 1e-9 AS time_s,
       r.energy_pj / NULLIF((r.latency_cycles * r.clock_ns), 0) AS average_power_mw,
       r.static_power_mw * (r.latency_cycles * r.clock_ns) AS static_energy_pj,
       r.energy_pj - COALESCE(r.static_power_mw * (r.latency_cycles * r.clock_ns), 0) AS dynamic_energy_pj,
       2e-3 * r.n_macs / NULLIF((r.latency_cycles * r.clock_ns), 0) AS tops,
       2.0 * r.n_macs / NULLIF(r.energy_pj, 0) AS tops_per_watt,
       r.n_inferences / NULLIF((r.latency_cycles * r.clock_ns) * 1e-9, 0) AS inferences_per_s,
       r.energy_pj / NULLIF(r.n_inferences, 0) AS energy_per_inference_pj,
       r.area_total_mm2, r.static_power_mw, r.technology, r.n_inferences
FROM zl_run r
JOIN zl_experiment e ON e.number = r.experiment_number
LEFT JOIN zl_run_input w ON w.run_number = r.number AND w.kind = 'workload'
LEFT JOIN zl_run_input a ON a.run_number = r.number AND a.kind = 'accelerator'
LEFT JOIN zl_run_input m ON m.run_number = r.number AND m.kind = 'mapping'
WHERE r.deleted_at IS NULL;
CREATE VIEW zl_v_layers AS
SELECT r.id AS run_id, e.name AS experiment, r.status AS run_status, w.name AS workload, a.name AS accelerator,
       p.position + l.layer_index - p.first_index AS layer_index, l.layer_id, l.name AS layer, l.operator_type, l.n_macs,
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
       p.times, l.memories_left_out,
       (l.latency_cycles * o.clock_ns) * 1e-9 AS time_s,
       l.energy_pj / NULLIF((l.latency_cycles * o.clock_ns), 0) AS average_power_mw,
       o.static_power_mw * (l.latency_cycles * o.clock_ns) AS static_energy_pj,
       l.energy_pj - COALESCE(o.static_power_mw * (l.latency_cycles * o.clock_ns), 0) AS dynamic_energy_pj,
       2e-3 * l.n_macs / NULLIF((l.latency_cycles * o.clock_ns), 0) AS tops,
       2.0 * l.n_macs / NULLIF(l.energy_pj, 0) AS tops_per_watt
FROM zl_run_layer p
JOIN zl_layer_evaluation l ON l.run_number = p.owner_number AND l.layer_index BETWEEN p.first_index AND p.last_index
JOIN zl_run r ON r.number = p.run_number
JOIN zl_run o ON o.number = p.owner_number
JOIN zl_mapping s ON s.digest = l.mapping_digest
JOIN zl_experiment e ON e.number = r.experiment_number
LEFT JOIN zl_run_input w ON w.run_number = l.run_number AND w.kind = 'workload'
LEFT JOIN zl_run_input a ON a.run_number = l.run_number AND a.kind = COALESCE(l.accelerator_kind, 'accelerator')
LEFT JOIN zl_certificate c ON c.run_number = l.run_number AND c.layer_index = l.layer_index
WHERE p.role = 'chosen' AND r.deleted_at IS NULL;
CREATE VIEW zl_v_evaluations AS
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
       o.id AS owner_run_id, l.layer_index AS owner_index, p.owner_number, p.run_number,
       (l.latency_cycles * o.clock_ns) * 1e-9 AS time_s,
       l.energy_pj / NULLIF((l.latency_cycles * o.clock_ns), 0) AS average_power_mw,
       o.static_power_mw * (l.latency_cycles * o.clock_ns) AS static_energy_pj,
       l.energy_pj - COALESCE(o.static_power_mw * (l.latency_cycles * o.clock_ns), 0) AS dynamic_energy_pj,
       2e-3 * l.n_macs / NULLIF((l.latency_cycles * o.clock_ns), 0) AS tops,
       2.0 * l.n_macs / NULLIF(l.energy_pj, 0) AS tops_per_watt
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
WHERE r.deleted_at IS NULL;
CREATE VIEW zl_v_results AS
SELECT r.id AS run_id, e.name AS experiment, w.name AS workload, a.name AS accelerator,
       t.result_index, t.path, t.kind, t.n_layers, t.energy_pj, t.mac_energy_pj, t.memory_energy_pj, t.latency_cycles,
       t.energy_pj * t.latency_cycles AS edp_pj_cycles, r.settings, r.parent_number, r.number AS run_number,
       (t.latency_cycles * r.clock_ns) * 1e-9 AS time_s,
       t.energy_pj / NULLIF((t.latency_cycles * r.clock_ns), 0) AS average_power_mw,
       r.static_power_mw * (t.latency_cycles * r.clock_ns) AS static_energy_pj,
       t.energy_pj - COALESCE(r.static_power_mw * (t.latency_cycles * r.clock_ns), 0) AS dynamic_energy_pj
FROM zl_result t
JOIN zl_run r ON r.number = t.run_number
JOIN zl_experiment e ON e.number = r.experiment_number
LEFT JOIN zl_run_input w ON w.run_number = r.number AND w.kind = 'workload'
LEFT JOIN zl_run_input a ON a.run_number = r.number AND a.kind = 'accelerator'
WHERE r.deleted_at IS NULL;
INSERT INTO zl_alembic_version (version_num) VALUES ('0012');
