"""The columns of the views that people query, as the table of docs/records.md: types from the schema, meanings here."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from zigzag_lab.store.views import type_of_column

SCHEMA = Path(__file__).parents[2] / "zigzag_lab" / "store" / "schema.sql"
VIEWS = ("runs", "all_runs", "results", "layers", "evaluations", "memory", "ports", "operands")
"""In the order of the table; ``zl_v_`` stands before each."""

TYPES = {"str": "text", "float": "number", "int": "whole number", "bool": "true or false", "datetime": "time (UTC)"}

MEANINGS = {
    "run_id": "identity of the run, for the commands",
    "experiment": "experiment that the run belongs to",
    "name": "name of the run",
    "note": "text that a user wrote on it",
    "status": "`running`, `finished`, `failed`, `infeasible`, `lost` and the like",
    "reason": "why it ended so, in a line; empty where it finished",
    "started_at": "start of the run",
    "ended_at": "end of the run; empty while it goes on",
    "seconds": "its duration",
    "objective": "what it minimised",
    "workload": "name of the network",
    "accelerator": "name of the accelerator; where a row is of a layer, of the one it was priced on",
    "mapping": "in `runs` and `all_runs` the name of the mapping file; elsewhere the mapping itself (JSON)",
    "energy_pj": "energy in pJ of the run, result or layer, what leaks included; in `memory` of the operand's accesses",
    "latency_cycles": "latency in cycles, loading and storing included",
    "edp_pj_cycles": "product of energy and latency",
    "mac_energy_pj": "energy of the operations in pJ",
    "memory_energy_pj": "energy of all memory accesses in pJ",
    "mac_energy_share": "`mac_energy_pj` as a share of `energy_pj`",
    "energy_per_mac_pj": "`energy_pj` divided by `n_macs`",
    "n_certified": "chosen layers for which exact search gives a lower bound",
    "n_proven": "those of them whose mapping is proven to be the best",
    "worst_gap": "largest `gap` of the chosen layers",
    "area_mm2": "area of the design, where the array computes in memory; each memory counts once, as in ZigZag",
    "clock_ns": "clock period in ns, of the accelerator file or of the array's circuits; empty where neither gives one",
    "time_s": "latency in seconds; this and what follows from it is empty without a clock",
    "average_power_mw": "energy over time in mW",
    "static_energy_pj": "the part of `energy_pj` that leaks; empty where the accelerator gives no static power",
    "dynamic_energy_pj": "the part of `energy_pj` that operations and accesses take: `energy_pj` less what leaks",
    "tops": "tera-operations a second, two operations for each MAC",
    "tops_per_watt": "the same for each watt; it needs no clock",
    "inferences_per_s": "`n_inferences` over time",
    "energy_per_inference_pj": "`energy_pj` divided by `n_inferences`",
    "area_total_mm2": "area of the whole design, all instances of all memories; empty where a part has none on record",
    "static_power_mw": "power that the whole design draws all the time; empty where the accelerator gives none",
    "technology": "technology of the accelerator file",
    "n_inferences": "inferences that the run stands for: the batch of most of its layers",
    "n_macs": "multiply-accumulates (MACs), which this package calls operations; TOPS count each twice",
    "n_layers": "layers of the run or the result",
    "n_mappings_evaluated": "mappings that were priced for it",
    "cache_hits": "answers found in the cache",
    "cache_misses": "questions without an answer in the cache",
    "cache_seconds_saved": "seconds that the found answers took when they were computed",
    "workload_digest": "digest of the network",
    "accelerator_digest": "digest of the accelerator, without its name",
    "mapping_digest": "digest of the mapping file in `runs` and `all_runs`, of the mapping elsewhere",
    "engine_digest": "digest of the code, or label of the release, that computed the numbers",
    "environment_digest": "digest of the machine and the versions on it",
    "run_number": "the number by which tables know the run",
    "n_results": "results of the run",
    "warnings": "what a reader of its total should know (JSON)",
    "n_children": "runs within it that are not deleted",
    "parent_run_id": "identity of the run that it is within",
    "parent_number": "number of the run that it is within; empty for a run of its own",
    "child_index": "position among the runs within its parent",
    "settings": "what its parent changed for it (JSON)",
    "result_index": "position of the result in the order in which the run yielded them",
    "path": "place of the result in lists and dictionaries",
    "kind": "`layer`, `sum` or `other`",
    "run_status": "status of the run",
    "layer_index": "position of the layer in the list of chosen ones",
    "layer_id": "id of the layer in its file",
    "layer": "name of the layer",
    "operator_type": "operator, such as `Conv`",
    "energy_share": "share of the run's energy; in `memory` of the layer's",
    "latency_share": "share of the run's latency",
    "ideal_cycles": "cycles with all units busy all the time",
    "temporal_cycles": "cycles of the temporal loops without stalls",
    "stall_cycles": "cycles in which the array waits for memories while it computes",
    "onload_cycles": "cycles to load the first tiles",
    "offload_cycles": "cycles to store the last results",
    "drain_cycles": "cycles until the last results have left a systolic array",
    "compute_cycles": "`temporal_cycles` and `stall_cycles`",
    "spatial_utilisation": "`ideal_cycles` divided by `temporal_cycles`",
    "utilisation": "`ideal_cycles` divided by `latency_cycles`; in `memory` the share of it that the operand fills",
    "searched_for": "what the exact search of the certificate minimised",
    "lower_bound": "no mapping of the space has less of what was searched for",
    "gap": "share by which the mapping may be above the best; 0 where it is proven to be the best",
    "proven_over": "the space of mappings that the certificate covers",
    "spatial_mapping": "the spatial mapping as text",
    "keeps_at_output_pins": "whether repeated reads at a memory's output are skipped",
    "layer_digest": "digest of the layer, without its name",
    "times": "how often the evaluation counts in the total",
    "memories_left_out": "operand and the memories that it was priced without (JSON)",
    "role": "`chosen`, `result` or `saved`",
    "place": "position in the list of the role and the result",
    "constraints_digest": "digest of the mapping file whose constraints applied",
    "owner_run_id": "identity of the run whose row it is, which is a child where a stage tried several",
    "owner_index": "index of the row in the run that owns it",
    "owner_number": "number of the run that owns the row",
    "operand": "operand, such as `W`",
    "level": "memory level of the operand; 0 is the innermost",
    "memory": "name of the memory; in `memory` of the one at the level",
    "loops": "temporal loops at the level, innermost first",
    "accesses": "accesses of the operand at the level, of full port width, in all directions",
    "accesses_to_low": "accesses that read towards the array",
    "accesses_from_low": "accesses that write what comes from the array",
    "accesses_to_high": "accesses that read towards the memory above",
    "accesses_from_high": "accesses that write what comes from the memory above",
    "energy_to_low_pj": "energy of `accesses_to_low` in pJ",
    "energy_from_low_pj": "energy of `accesses_from_low` in pJ",
    "energy_to_high_pj": "energy of `accesses_to_high` in pJ",
    "energy_from_high_pj": "energy of `accesses_from_high` in pJ",
    "shared_utilisation": "share of the memory that all operands at the level fill",
    "n_instances": "how many of the memory there are",
    "size_bits": "capacity of one instance",
    "read_cost_pj": "energy of a read of the port's full width, in pJ",
    "write_cost_pj": "energy of a write of the port's full width, in pJ",
    "port": "name of the port",
    "port_kind": "`read`, `write` or `read_write`",
    "bandwidth_min_bits": "smallest access of the port, in bits",
    "bandwidth_max_bits": "widest access of the port, in bits, one a cycle",
    "read_pj_per_bit": "`read_cost_pj` divided by `bandwidth_max_bits`; empty where the port does not read",
    "write_pj_per_bit": "`write_cost_pj` divided by `bandwidth_max_bits`; empty where the port does not write",
    "transfers": "memory operands that pass the port, each with its direction as the memory sees it",
    "memory_index": "position of the memory in the accelerator's file",
    "port_index": "position of the port in its memory",
    "input_kind": "`accelerator`; `accelerator 2` and on of further ones that the run's layers were priced on",
    "batch_size": "inferences that the layer is priced for: its loop B",
    "precision_bits": "bits an element; of partial sums for the output",
    "final_precision_bits": "bits an element of finished outputs; empty for inputs",
}
"""Column of a view -> its meaning; one name means one thing in all views, or says what it means in which."""


def views_of_columns() -> dict[str, list[str]]:
    """Column -> the views that have it, in the order in which the views list them."""
    found: dict[str, list[str]] = {}
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA.read_text(encoding="utf-8"))
        for view in VIEWS:
            for _, column, *_ in connection.execute(f"PRAGMA table_xinfo(zl_v_{view})"):
                found.setdefault(column, []).append(view)
    return found


def table() -> str:
    """Return the columns of the views as a table in Markdown."""
    lines = ["| column | type | meaning | views |", "|---|---|---|---|"]
    for column, views in views_of_columns().items():
        named = "all" if len(views) == len(VIEWS) else ", ".join(f"`{view}`" for view in views)
        lines.append(f"| `{column}` | {TYPES[type_of_column(column).__name__]} | {MEANINGS[column]} | {named} |")
    return "\n".join(lines)
