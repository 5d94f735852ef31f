"""Tables of runs, layers and memories as files, and the inputs of a run as they were."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from zigzag_lab.inputs.formats.shipped import with_schema_found
from zigzag_lab.stages.files import unfinished
from zigzag_lab.store.database import Answer
from zigzag_lab.store.lab import Lab
from zigzag_lab.store.run_records import input_records
from zigzag_lab.store.views import TABLES, ParquetWriter, rows_of_table, without_rows
from zigzag_lab.vocab import InputError, nearest
from zigzag_lab.vocab.plain import CsvWriter, as_plain

FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


def export(
    lab: Lab,
    table: str,
    target: Path | IO[str],
    *,
    kind: str | None = None,
    experiment: str | None = None,
    runs: Sequence[str] = (),
    children: bool = False,
    raw: bool = False,
) -> int:
    """Write one of :data:`TABLES`, a portion of rows at a time; a file that was there is replaced once all is written.

    The target is a file, or a stream of text for ``csv`` and ``jsonl``; the kind, ``csv``, ``jsonl`` or ``parquet``, by
    default that of the file's suffix. Rows are those of an experiment or of some runs, by id, where these are given;
    those of runs within runs only with ``children``. ``raw`` leaves cells of CSV that begin a formula as they are.

    Returns:
        How many rows.
    """
    if table not in TABLES:
        raise InputError("export", f"a table '{table}'", " or ".join(TABLES), nearest(table, TABLES))
    kind = kind or _kind_of(target)
    sql, values = rows_of_table(lab, table, experiment, runs, children=children)
    if not isinstance(target, Path):
        if kind == "parquet":
            raise InputError("export", "Parquet on standard output", "a file", "Name one with --out FILE.parquet.")
        return _pour(lab, sql, values, _TextWriter(target, kind, raw=raw))
    with replaced(target) as part:
        if kind == "parquet":
            return _pour(lab, sql, values, ParquetWriter(part))
        with part.open("w", encoding="utf-8", newline="") as stream:
            return _pour(lab, sql, values, _TextWriter(stream, kind, raw=raw))


def _kind_of(target: Path | IO[str]) -> str:
    if not isinstance(target, Path):
        return "csv"
    kind = FORMATS.get(target.suffix.lower())
    if kind is None:
        raise InputError(str(target), "its suffix names no format", " or ".join(FORMATS), "Or give --format.")
    return kind


def _pour(lab: Lab, sql: str, values: Sequence[str], writer: ParquetWriter | _TextWriter) -> int:
    n_rows = 0
    try:
        for portion in lab.stream(sql, values):
            writer.write(portion)
            n_rows += len(portion.rows)
        if not n_rows:  # a file without rows has its headings
            writer.write(without_rows(lab, sql, values))
    finally:
        writer.close()
    return n_rows


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A path beside a file, whose content takes the file's place at the end."""
    try:
        with unfinished(path) as part:
            yield part
            part.replace(path)
    except OSError as error:
        raise InputError(str(path), f"it cannot be written ({error.strerror or error})", "a file to write") from error


class _TextWriter:
    """CSV under a line of headings, or an object a line."""

    def __init__(self, stream: IO[str], kind: str, *, raw: bool) -> None:
        self._stream, self._kind, self._is_first = stream, kind, True
        self._csv = CsvWriter(stream, raw=raw)

    def write(self, portion: Answer) -> None:
        if self._kind == "jsonl":
            for row in portion.as_dicts():
                self._stream.write(json.dumps(as_plain(row), ensure_ascii=False, allow_nan=False) + "\n")
            return
        if self._is_first:
            self._csv.writerow(portion.columns)
            self._is_first = False
        self._csv.writerows(portion.rows)

    def close(self) -> None:
        self._stream.flush()


@dataclass(frozen=True)
class WrittenInput:
    """An input that was written to a path: the bytes that the run read if original, else all that it held, as JSON."""

    kind: str
    path: Path
    is_original: bool


def write_inputs(lab: Lab, run_id: str, folder: Path) -> list[WrittenInput]:
    """Write the inputs of a run: the bytes of its files, in a folder for each kind, under the names they had.

    A first line that names a schema for editors names one that is there.
    The folder is made where it is missing.

    Raises:
        InputError: a file that holds something else is in the way, or the folder cannot be written to.
    """
    written: list[tuple[WrittenInput, bytes]] = []
    inputs = lab.inputs(run_id)
    given = input_records(lab.store.database, lab.store.run_number(run_id))
    names = {one.kind: _as_file_name(one.file_name) for one in given if one.file_name}
    for kind, (name, content, source) in inputs.items():
        file_name = None if source is None else names.get(kind)
        path = folder / kind / (file_name or f"{_as_file_name(name) or kind}.json")
        as_json = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        data = as_json.encode() if source is None else with_schema_found(kind, source, path.parent)
        written.append((WrittenInput(kind, path, source is not None), data))
    try:
        for one, data in written:
            if one.path.exists() and one.path.read_bytes() != data:
                raise InputError(str(one.path), "another file is there already", hint="Name a new folder.")
        for one, data in written:
            one.path.parent.mkdir(parents=True, exist_ok=True)
            one.path.write_bytes(data)
    except OSError as error:
        raise InputError(str(folder), f"it cannot be written to ({error.strerror})", "a folder to write to") from error
    return [one for one, _ in written]


def _as_file_name(name: str) -> str:
    """The last part of a path of any system; nothing of it leads out of a folder."""
    last = PurePosixPath(PureWindowsPath(name).name if "\\" in name else name).name
    return "" if last in (".", "..") else last.replace("\0", "")
