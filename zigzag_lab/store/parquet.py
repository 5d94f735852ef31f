"""Rows of our views as a Parquet file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from zigzag_lab.store.damage import reading
from zigzag_lab.store.database import Answer
from zigzag_lab.store.tables import VIEW_TYPES
from zigzag_lab.vocab import InputError


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
        kind = VIEW_TYPES.get(name, str)
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
