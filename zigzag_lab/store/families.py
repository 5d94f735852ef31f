"""Questions of pages and reports about a run, beyond its totals and layers, and about the runs within it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from zigzag_lab.store.database import Row
from zigzag_lab.store.lab import Lab, RunRecord, StoredResult
from zigzag_lab.store.results import WITHIN
from zigzag_lab.store.states import LayerRole

_COUNT = "SUM(c.last_index - c.first_index + 1)"
_SHARED = (
    "SUM(CASE WHEN p.last_index < c.last_index THEN p.last_index ELSE c.last_index END"
    " - CASE WHEN p.first_index > c.first_index THEN p.first_index ELSE c.first_index END + 1)"
)
_OVERLAP = (
    "p.owner_number = c.owner_number AND p.first_index <= c.last_index AND p.last_index >= c.first_index"
    " AND c.role = 'chosen'"
)


@dataclass(frozen=True)
class Child:
    """A run within a run.

    Attributes:
        run: its totals.
        depth: 0 for a child of the run itself, 1 for a child of such a child.
        n_chosen: how many of the layer evaluations that it chose its parent chose, too.
        n_layers: how many it chose.
    """

    run: RunRecord
    depth: int
    n_chosen: int
    n_layers: int


def family_of(lab: Lab, run: RunRecord) -> list[Child]:
    """All runs within a run, each followed by those within it."""
    if not run.n_children:
        return []
    below: dict[str | None, list[RunRecord]] = {}
    for one in lab.children(run.run_id, all_levels=True):
        below.setdefault(one.parent_run_id, []).append(one)
    own = _counts(lab, f"SELECT c.run_number, {_COUNT} FROM zl_run_layer c", run)
    shared = _counts(
        lab,
        f"SELECT c.run_number, {_SHARED} FROM zl_run k JOIN zl_run_layer c ON c.run_number = k.number "
        f"JOIN zl_run_layer p ON p.run_number = k.parent_number AND p.role = 'chosen' AND {_OVERLAP}",
        run,
    )

    def under(parent: str, depth: int) -> list[Child]:
        found = []
        for one in below.get(parent, ()):
            n_layers = own.get(one.run_number, 0)
            n_chosen = min(shared.get(one.run_number, 0), n_layers)  # a layer that counts twice is one
            found += [Child(one, depth, n_chosen, n_layers), *under(one.run_id, depth + 1)]
        return found

    return under(run.run_id, 0)


def _counts(lab: Lab, sql: str, run: RunRecord) -> dict[int, int]:
    where = f"WHERE c.role = 'chosen' AND c.run_number IN ({WITHIN}) GROUP BY c.run_number"
    return {int(key): int(n) for key, n in lab.sql(f"{sql} {where}", (run.run_number,)).rows}


def chosen_of(family: Sequence[Child]) -> list[Child]:
    """The way down to the child whose layers are all that a run chose; empty where several children have a part."""
    takers = [child for child in family if child.depth == 0 and child.n_chosen]
    if len(takers) != 1:
        return []
    place = family.index(takers[0])
    below = takewhile(lambda child: child.depth > 0, family[place + 1 :])
    return [takers[0], *chosen_of([replace(child, depth=child.depth - 1) for child in below])]


def innermost(lab: Lab, runs: Sequence[RunRecord]) -> list[RunRecord]:
    """Runs; those with runs within them stand for the innermost of these, with all that varies on the way there."""
    found: list[RunRecord] = []
    for run in runs:
        below = lab.children(run.run_id) if run.n_children else []
        varied = [replace(one, settings={**(run.settings or {}), **(one.settings or {})}) for one in below]
        found += innermost(lab, varied) if varied else [run]
    return found


def n_saved(lab: Lab, run: RunRecord) -> int:
    """How many layer evaluations passed the save stages of a run and of those within it."""
    sql = f"SELECT {_COUNT} FROM zl_run_layer c WHERE c.role = 'saved'"
    of_all = f"{sql} AND c.run_number IN ({WITHIN} UNION ALL SELECT number FROM zl_run WHERE number = ?)"
    return int(lab.sql(of_all, (run.run_number, run.run_number)).rows[0][0] or 0)


@dataclass(frozen=True)
class ResultOf:
    """A result of a run, and where it comes from.

    Attributes:
        result: what the run yielded.
        layers: the layer that it is, or how many it sums up.
        child: the id of the child whose layers it is made of; None where there is none, or several.
    """

    result: StoredResult
    layers: str
    child: str | None


def results_of(lab: Lab, run: RunRecord) -> list[ResultOf]:
    """What a run yielded, in order."""
    parts: dict[int, tuple[str, int]] = {
        int(index): (name, int(n))
        for index, name, n in lab.sql(
            "SELECT result_index, MIN(layer), COUNT(*) FROM zl_v_evaluations WHERE run_number = ? AND role = 'result' "
            "GROUP BY result_index",
            (run.run_number,),
        ).rows
    }
    origins: dict[int, set[str]] = {}
    for index, child in lab.sql(
        "SELECT DISTINCT p.result_index, k.id FROM zl_run_layer p JOIN zl_run k ON k.parent_number = p.run_number "
        f"JOIN zl_run_layer c ON c.run_number = k.number AND {_OVERLAP} "
        "WHERE p.run_number = ? AND p.role = 'result'",
        (run.run_number,),
    ).rows:
        origins.setdefault(int(index), set()).add(str(child))
    found = []
    for result in lab.results(run.run_id):
        name, n = parts.get(result.result_index, ("", 0))
        children = origins.get(result.result_index, set())
        found.append(ResultOf(result, _said(result.kind, name, n), children.pop() if len(children) == 1 else None))
    return found


def _said(kind: str, name: str, n: int) -> str:
    if kind == "layer":
        return name
    return "no cost-model evaluation" if kind == "other" else f"sum of {n} layers" if n else "a sum"


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
