"""The views as tables: their names, their columns, and queries of their rows."""

from __future__ import annotations

from collections.abc import Sequence

from zigzag_lab.store.database import Answer
from zigzag_lab.store.lab import Lab

VIEWS = ("zl_v_runs", "zl_v_layers", "zl_v_memory", "zl_v_all_runs", "zl_v_results", "zl_v_evaluations")
TABLES = {
    "runs": "zl_v_runs",
    "layers": "zl_v_layers",
    "memory": "zl_v_memory",
    "results": "zl_v_results",
    "evaluations": "zl_v_evaluations",
}
"""Tables that can be exported -> their views."""

_ORDERS = {
    "runs": "run_number",
    "layers": "run_number, layer_index",
    "memory": "run_number, layer_index",
    "results": "run_number, result_index",
    "evaluations": "run_number, role, result_index, place",
}


def columns_of_views(lab: Lab) -> dict[str, tuple[str, ...]]:
    """View -> its columns."""
    return {view: lab.sql(f"SELECT * FROM {view} LIMIT 0").columns for view in VIEWS}


def without_rows(lab: Lab, sql: str, values: Sequence[str]) -> Answer:
    """The columns of a question's answer, and no rows."""
    return lab.sql(f"SELECT * FROM ({sql}) none LIMIT 0", values)


def rows_of_table(
    lab: Lab, table: str, experiment: str | None, runs: Sequence[str], *, children: bool
) -> tuple[str, list[str]]:
    """The question for the rows of a table, and its parameters.

    Args:
        lab: the database.
        table: one of :data:`TABLES`.
        experiment: only runs of this one.
        runs: only these runs, by id; all when empty.
        children: whether the rows of runs within runs are wanted, too.
    """
    wanted, values = [], []
    if experiment is not None:
        wanted.append("experiment = ?")
        values.append(experiment)
    if runs:
        ids = list(runs) + [one.run_id for run in runs if children for one in lab.children(run, all_levels=True)]
        wanted.append(f"run_id IN ({', '.join('?' * len(ids))})")
        values += ids
    elif not children:
        wanted.append("run_number IN (SELECT number FROM zl_run WHERE parent_number IS NULL)")
    is_of_children = children or any(lab.run(run).parent_run_id for run in runs)
    view = "zl_v_all_runs" if table == "runs" and is_of_children else TABLES[table]
    where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
    return f"SELECT * FROM {view}{where} ORDER BY {_ORDERS[table]}", values
