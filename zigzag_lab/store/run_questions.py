"""Questions about one run that pages and reports ask, beyond its totals and layers."""

from __future__ import annotations

from typing import Any

from zigzag_lab.store.database import Row
from zigzag_lab.store.lab import Lab
from zigzag_lab.store.states import LayerRole


def source_content(lab: Lab, digest: str) -> Any:
    """A file as it was read, compressed; None where it was not stored."""
    rows = lab.sql("SELECT content FROM zl_source WHERE digest = ?", (digest,)).rows
    return rows[0][0] if rows else None


def accelerators_of_child(lab: Lab, run_id: str) -> list[str | None]:
    """The kinds of inputs that layers of a run within another were priced on; None stands for its own accelerator."""
    sql = (
        "SELECT DISTINCT l.accelerator_kind FROM zl_layer_evaluation l JOIN zl_run r ON r.number = l.run_number "
        "WHERE r.id = ? AND r.parent_number IS NOT NULL"
    )
    return [kind for (kind,) in lab.sql(sql, (run_id,)).rows]


def memory_energies(lab: Lab, run_number: int) -> list[Row]:
    """Memory, operand, and energy in pJ, of the layers that make up the total of a run; inner memories first."""
    sql = (
        "SELECT m.memory, m.operand, SUM(m.energy_pj * l.times) FROM zl_v_memory m "
        "JOIN zl_v_layers l ON l.run_number = m.run_number AND l.layer_index = m.layer_index WHERE m.run_number = ? "
        "GROUP BY m.memory, m.operand ORDER BY MAX(m.level), m.memory, m.operand"
    )
    return lab.sql(sql, (run_number,)).rows


_LATENCY_TERMS = {
    "ideal": "ideal_cycles",
    "idle units": "temporal_cycles - ideal_cycles",
    "stalls": "stall_cycles",
    "on-loading": "onload_cycles",
    "off-loading": "offload_cycles",
    "drain": "drain_cycles",
}


def cycles_by_term(lab: Lab, run_number: int) -> dict[str, float]:
    """Term -> cycles, of the layers that make up the total of a run."""
    sums = ", ".join(f"SUM(({expression}) * times)" for expression in _LATENCY_TERMS.values())
    (values,) = lab.sql(f"SELECT {sums} FROM zl_v_layers WHERE run_number = ?", (run_number,)).rows
    return dict(zip(_LATENCY_TERMS, [value or 0.0 for value in values], strict=True))


RESULT_FIGURES = ("path", "kind", "n_layers", "energy_pj", "mac_energy_pj", "memory_energy_pj", "latency_cycles")


def result_figures(lab: Lab, run_number: int) -> list[Row]:
    """The results of a run in order, each with :data:`RESULT_FIGURES`."""
    sql = f"SELECT {', '.join(RESULT_FIGURES)} FROM zl_result WHERE run_number = ? ORDER BY result_index"
    return lab.sql(sql, (run_number,)).rows


def listed_rows(lab: Lab, run_number: int, role: LayerRole) -> list[tuple[int, int, float]]:
    """The rows in a list of a run: the run that owns it, its index there, and how often it counts."""
    stretches = lab.sql(
        "SELECT owner_number, first_index, last_index, times FROM zl_run_layer "
        "WHERE run_number = ? AND role = ? ORDER BY result_index, position",
        (run_number, role.value),
    ).rows
    return [(owner, index, times) for owner, begin, end, times in stretches for index in range(begin, end + 1)]
