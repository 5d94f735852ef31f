"""Remember the records that files were read as, by the files' bytes, and what external tools price memories at."""

from __future__ import annotations

import json
import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any

from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs.memory_costs import MemoryCosts
from zigzag_lab.keys.records import described_record, exact_description
from zigzag_lab.store.codec import packed, unpacked
from zigzag_lab.store.database import Database, Row
from zigzag_lab.store.row_checks import UNREADABLE
from zigzag_lab.store.run_start import RunInput, small_source
from zigzag_lab.store.tables import MemoryCostTuple, ReadingTuple

log = logging.getLogger("zigzag_lab.store")

_DAY_SECONDS = 86_400.0
_DIGEST = re.compile("[0-9a-f]{64}")
_COSTS = tuple(field.name for field in fields(MemoryCosts))

_MOST_KNOWN = 64
_known: OrderedDict[str, RunInput] = OrderedDict()
"""What this process read: key of a reading -> the record with its description and the key of its meaning."""


class Readings:
    """Reads files, and remembers their records in this process and in a database.

    A reading depends on the file's bytes, on the name that its record takes from it, on the options it is read with,
    and on our code that reads it; on nothing else, so that a moved file or a touched one is known again.

    Args:
        database: where it may be remembered already; None for nowhere.
        readers: the digest of the code that reads files.
    """

    def __init__(self, database: Database | None, readers: str) -> None:
        self._database, self._readers = database, readers
        self._said: dict[int, RunInput] = {}
        self._new: list[tuple[str, RunInput]] = []
        self._old: list[tuple[str]] = []  # keys of readings that were not used for a day
        self._damaged: list[tuple[str]] = []

    def read(self, kind: str, path: Path, options: Any, read: Callable[[], Any]) -> Any:
        """The record of a file: recalled, or read and remembered."""
        source = path.read_bytes()
        key = self._key(kind, path, source, options)
        found = self._remembered(kind, key) or self._read(key, read)
        self._said[id(found.record)] = replace(found, name=path.stem, source=small_source(source))
        return found.record

    def _remembered(self, kind: str, key: str) -> RunInput | None:
        known = _known.get(key)
        rows = self._kept(key, with_content=known is None)
        if rows and known is None:
            known = said_by(kind, *rows[0][:2])
            if known is None:
                log.warning("what a file said is damaged, and read again (key %s)", key[:12])
                self._damaged.append((key,))
                return None
            _remember(key, known)
        elif known is not None and not rows:
            self._new.append((key, known))
        return known

    def _kept(self, key: str, *, with_content: bool) -> list[Row]:
        """The content and the digest of a reading in the database, if it is there."""
        if self._database is None:
            return []
        content = "content" if with_content else "NULL"
        is_old = f"used_at IS NULL OR used_at < {self._database.seconds_ago(_DAY_SECONDS)}"
        rows = self._database.select(f"SELECT {content}, digest, {is_old} FROM zl_reading WHERE key = ?", (key,)).rows
        if rows and rows[0][2]:
            self._old.append((key,))
        return rows

    def _read(self, key: str, read: Callable[[], Any]) -> RunInput:
        found = RunInput.of(read())
        if not _depends_on_tools(found.record):
            self._new.append((key, found))
            _remember(key, found)
        return found

    def _key(self, kind: str, path: Path, source: bytes, options: Any) -> str:
        said = [self._readers, kind, path.stem, path.suffix.lower(), sha256(source).hexdigest(), options]
        return sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()

    def said_by(self, record: Any) -> RunInput | None:
        """What is known of a record that came from here."""
        return self._said.get(id(record))

    def all_said(self) -> list[RunInput]:
        """All that was read so far."""
        return list(self._said.values())

    def keep(self, database: Database) -> None:
        """Write what is new, and that what was not used for a day was used."""
        new = sorted(
            ReadingTuple(key, one.kind, packed(exact_description(one.record)), one.digest) for key, one in self._new
        )
        used = sorted([*self._old, *((key,) for key, *_ in new)])

        def write() -> None:
            database.executemany("DELETE FROM zl_reading WHERE key = ?", self._damaged)
            database.insert(ReadingTuple, new)
            database.executemany(f"UPDATE zl_reading SET used_at = {database.now} WHERE key = ?", used)

        if used:
            database.transact(write)
        self._new.clear()
        self._old.clear()
        self._damaged.clear()


def said_by(kind: str, content: Any, digest: Any) -> RunInput | None:
    """What a reading in the database says; None where it is damaged."""
    try:
        if not _DIGEST.fullmatch(digest):
            return None
        record, description = described_record(kind, unpacked(content))
    except UNREADABLE:
        return None
    return RunInput(kind, "", digest, description, record=record)


def _remember(key: str, found: RunInput) -> None:
    _known[key] = found
    while len(_known) > _MOST_KNOWN:
        _known.popitem(last=False)


def _depends_on_tools(record: Any) -> bool:
    """Whether a tool outside priced some of it, whose answer may be another tomorrow."""
    return isinstance(record, Accelerator) and any(memory.auto_cost_extraction for memory in record.memories)


def memory_cost(database: Database, key: str) -> MemoryCosts | None:
    """The answer stored under a key; none where there is none, or no sound one."""
    rows = database.select(f"SELECT {', '.join(_COSTS)} FROM zl_memory_cost WHERE key = ?", (key,)).rows
    numbers = [value for row in rows for value in row]
    if not numbers or not all(isinstance(n, (int, float)) and isfinite(n) and n > 0 for n in numbers):
        return None
    return MemoryCosts(*map(float, numbers))


def store_memory_costs(database: Database, answers: Mapping[str, MemoryCosts]) -> None:
    """Store answers; one that is there already stays."""
    rows = [MemoryCostTuple(key=key, **asdict(costs)) for key, costs in sorted(answers.items())]
    database.transact(lambda: database.insert(MemoryCostTuple, rows))
