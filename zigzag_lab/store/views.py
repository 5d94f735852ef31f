"""The views as tables: their names, columns and types, queries of their rows, and rows as a Parquet file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

from zigzag_lab.store import tables
from zigzag_lab.store.database import Answer
from zigzag_lab.store.lab import Lab, RunRecord
from zigzag_lab.store.row_checks import reading
from zigzag_lab.vocab import InputError

VIEWS = (
    *("zl_v_runs", "zl_v_layers", "zl_v_memory", "zl_v_all_runs", "zl_v_results", "zl_v_evaluations"),
    *("zl_v_ports", "zl_v_operands"),
)
TABLES = {
    "runs": "zl_v_runs",
    "layers": "zl_v_layers",
    "memory": "zl_v_memory",
    "results": "zl_v_results",
    "evaluations": "zl_v_evaluations",
    "ports": "zl_v_ports",
    "operands": "zl_v_operands",
}
"""Tables that can be exported -> their views."""

_ORDERS = {
    "runs": "run_number",
    "layers": "run_number, layer_index",
    "memory": "run_number, layer_index",
    "results": "run_number, result_index",
    "evaluations": "run_number, role, result_index, place",
    "ports": "run_number, input_kind, memory_index, port_index",
    "operands": "run_number, layer_index, operand",
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


COMPUTED: dict[str, type] = {
    "parent_number": int,
    **dict.fromkeys(("accesses", "compute_cycles", "energy_per_mac_pj", "energy_share", "latency_share"), float),
    **dict.fromkeys(("time_s", "average_power_mw", "static_energy_pj", "dynamic_energy_pj"), float),
    **dict.fromkeys(("tops", "tops_per_watt", "inferences_per_s", "energy_per_inference_pj"), float),
    **dict.fromkeys(("mac_energy_share", "spatial_utilisation", "worst_gap"), float),
    **dict.fromkeys(("n_certified", "n_children", "n_proven", "owner_index", "place"), int),
    **dict.fromkeys(("read_pj_per_bit", "write_pj_per_bit"), float),
    # what 64 bits do not hold: Parquet has no wider whole numbers
    **dict.fromkeys(("n_macs", "n_instances", "size_bits", "bandwidth_min_bits", "bandwidth_max_bits"), float),
    **dict.fromkeys(("precision_bits", "final_precision_bits"), float),
}
"""Column that views compute, or that only statements know, and is no text -> type of its values."""


class ParquetWriter:
    """Parquet, a group of rows for each portion. The columns' types are those that the views promise."""

    def __init__(self, path: Path) -> None:
        try:
            import pyarrow
            import pyarrow.parquet as parquet
        except ImportError as error:
            raise InputError(str(path), "pyarrow is not installed", hint="pip install pyarrow, or use CSV.") from error
        self._arrow, self._parquet = pyarrow, parquet
        self._writer: Any = None
        self._file = path.open("wb")  # by its own hand, as Arrow takes names in UTF-8 only

    def write(self, portion: Answer) -> None:
        """Write some rows."""
        columns = list(zip(*portion.rows, strict=True)) or [() for _ in portion.columns]
        if self._writer is None:
            schema = [(name, self._type_of(name)) for name in portion.columns]
            self._writer = self._parquet.ParquetWriter(self._file, self._arrow.schema(schema))
        schema = self._writer.schema
        arrays = [self._array(column, field) for column, field in zip(columns, schema, strict=True)]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=schema))

    def _array(self, column: Sequence[Any], field: Any) -> Any:
        with reading("of the view", column=field.name):
            try:
                return self._arrow.array([_stored(v, field.type) for v in column], field.type)
            except self._arrow.ArrowException as error:
                raise ValueError(str(error)) from error

    def _type_of(self, name: str) -> Any:
        kind = type_of_column(name)
        if kind is datetime:
            return self._arrow.timestamp("us", "UTC")
        kinds = {bool: self._arrow.bool_, int: self._arrow.int64, float: self._arrow.float64, str: self._arrow.string}
        return kinds[kind]()

    def close(self) -> None:
        """All rows have been there."""
        try:
            if self._writer is not None:
                self._writer.close()
        finally:
            self._file.close()


def type_of_column(name: str) -> type:
    """The type of the values of a view's column; JSON is text."""
    return _types_of_columns().get(name, str)


_PLAIN = (bool, int, float, bytes, datetime)


@cache
def _types_of_columns() -> dict[str, type]:
    """Column of rows, of runs or of :data:`COMPUTED` -> type of its values that are not null."""
    kinds = [kind for kind in vars(tables).values() if isinstance(kind, type) and issubclass(kind, tuple)]
    hints = {name: hint for kind in (*kinds, RunRecord) for name, hint in get_type_hints(kind).items()}
    types = {name: (get_args(hint) or (hint,))[0] for name, hint in hints.items()}
    return {name: kind for name, kind in types.items() if kind in _PLAIN} | COMPUTED


def _stored(value: Any, kind: Any) -> Any:
    if value is None:
        return None
    name = str(kind)
    if name.startswith("timestamp"):
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.replace(tzinfo=moment.tzinfo or UTC)
    if name in ("bool", "double"):
        return bool(value) if name == "bool" else float(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value
