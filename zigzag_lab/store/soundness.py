"""Looks at every row of a database, and names those that cannot be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any

from sqlalchemy.dialects import sqlite

from zigzag_lab.keys import canonical_json
from zigzag_lab.keys.records import KINDS, record_from
from zigzag_lab.store.claims import sound_answer
from zigzag_lab.store.codec import mapping_digest, unpacked
from zigzag_lab.store.database import Database
from zigzag_lab.store.models import Table as Model
from zigzag_lab.store.readings import said_by
from zigzag_lab.store.row_checks import (
    NUMBER,
    UNREADABLE,
    DamagedError,
    check_types,
    mapping_of,
    object_of,
    reading,
    time_of,
)
from zigzag_lab.store.url import SQLITE

_MOST_RUNS_NAMED = 5
_MENDING = frozenset({"zl_cache_entry", "zl_reading"})
"""Tables whose damaged rows are made anew when they are needed."""

_RUNS = {
    "zl_mapping": "SELECT run_number FROM zl_layer_evaluation WHERE mapping_digest = ?",
    "zl_input": "SELECT run_number FROM zl_run_input WHERE digest = ?",
    "zl_source": "SELECT run_number FROM zl_run_input WHERE source_digest = ?",
    "zl_environment": "SELECT number FROM zl_run WHERE environment_digest = ?",
    "zl_run": "SELECT number FROM zl_run WHERE number = ?",
}
"""Table -> the runs that refer to a row."""


@dataclass(frozen=True)
class Damage:
    """A row that cannot be read.

    Attributes:
        table: its table.
        found: which row, and what is wrong.
        runs: ids of runs that refer to it, as far as they are few.
        mends_itself: whether it is made anew when it is needed.
    """

    table: str
    found: str
    runs: tuple[str, ...] = ()
    mends_itself: bool = False


def damages(database: Database) -> Iterator[Damage]:
    """Read every row; yield those that cannot be."""
    is_sqlite = database.url.kind == SQLITE  # Postgres sees to types itself
    for table, columns in sorted(Model.metadata.tables.items()):
        types = {c.name: str(c.type.compile(sqlite.dialect())) if is_sqlite else "" for c in columns.columns}
        key = next(iter(types))
        for portion in database.stream(f"SELECT * FROM {table}", n_rows=500):
            for row in portion.as_dicts():
                if damage := _damage(database, table, key, types, row):
                    yield damage
    if is_sqlite:
        for table, row, other, _ in database.select("PRAGMA foreign_key_check").rows:
            yield Damage(table, f"table {table}, row {row}: it refers to nothing in {other}")


def _damage(
    database: Database, table: str, key: str, types: Mapping[str, str], row: Mapping[str, Any]
) -> Damage | None:
    try:
        with reading(table, **{key: row[key]}):
            for column, kind in types.items():
                _check_value(table, {key: row[key]}, column, kind, row[column])
            if table in _CONTENTS:
                _CONTENTS[table](row)
    except DamagedError as error:
        return Damage(table, f"{error.where}: {error.found}", _runs(database, table, row[key]), table in _MENDING)
    return None


def _check_value(table: str, key: Mapping[str, Any], column: str, kind: str, value: Any) -> None:
    if value is None or not kind:
        return
    check_types({column: value}, {column: _TYPES[kind]}, table, **key)
    if kind == "DATETIME":
        time_of(value)
    elif kind == "JSON":
        json.loads(value)


_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("INTEGER", "BIGINT", "DOUBLE", "BOOLEAN"), NUMBER),
    **dict.fromkeys(("TEXT", "DATETIME", "JSON"), (str,)),
    "BLOB": (bytes,),
}


def _runs(database: Database, table: str, key: Any) -> tuple[str, ...]:
    if table not in _RUNS:
        return ()
    sql = f"SELECT id FROM zl_run WHERE number IN ({_RUNS[table]}) ORDER BY number LIMIT {_MOST_RUNS_NAMED}"
    try:
        return tuple(str(run) for (run,) in database.select(sql, (key,)).rows)
    except UNREADABLE:
        return ()


# -- what rows hold ----------------------------------------------------------------------------------------------------


def _mapping(row: Mapping[str, Any]) -> None:
    document = mapping_of(row["content"], row["spatial_text"], row["digest"])
    text = row["content"] if isinstance(row["content"], str) else canonical_json(document).decode()
    if mapping_digest(row["spatial_text"], text) != row["digest"]:
        raise ValueError("its content is another than its digest says")


def _input(row: Mapping[str, Any]) -> None:
    record_from(KINDS[row["kind"].partition(" ")[0]], json.loads(unpacked(row["content"])))


def _source(row: Mapping[str, Any]) -> None:
    if sha256(unpacked(row["content"])).hexdigest() != row["digest"]:
        raise ValueError("its content is another than its digest says")


def _reading(row: Mapping[str, Any]) -> None:
    if said_by(row["kind"], row["content"], row["digest"]) is None:
        raise ValueError("what it says cannot be read")


def _answer(row: Mapping[str, Any]) -> None:
    object_of(row["parts"])
    if row["content"] is not None:
        answer = sound_answer(row["content"], row["n_bytes"])
        if answer is None:
            raise ValueError("the answer cannot be unpacked")
        json.loads(answer)


def _object(column: str, row: Mapping[str, Any]) -> None:
    object_of(row[column])


_CONTENTS: dict[str, Callable[[Mapping[str, Any]], object]] = {
    "zl_mapping": _mapping,
    "zl_input": _input,
    "zl_source": _source,
    "zl_reading": _reading,
    "zl_cache_entry": _answer,
    "zl_cache_part": lambda row: object_of(unpacked(row["content"]).decode()),
    "zl_environment": partial(_object, "content"),
    "zl_run": partial(_object, "options"),
    "zl_sweep": partial(_object, "content"),
    "zl_sweep_point": partial(_object, "settings"),
    "zl_front_point": partial(_object, "memories"),
}
"""Table -> what reads a row's content."""
