"""Remember the records that files were read as: from the files' bytes to the records' descriptions."""

from __future__ import annotations

import json
import logging
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from zigzag_lab.hardware import Accelerator
from zigzag_lab.keys.records import described_record, exact_description
from zigzag_lab.store.codec import packed, unpacked
from zigzag_lab.store.damage import UNREADABLE
from zigzag_lab.store.database import Database, Row
from zigzag_lab.store.run_start import MAX_SOURCE_BYTES, RunInput
from zigzag_lab.store.tables import ReadingTuple

log = logging.getLogger("zigzag_lab.store")

_DAY_SECONDS = 86_400.0
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class FileReading:
    """The record read from a file.

    Attributes:
        record: the record itself.
        kind: ``workload``, ``accelerator`` or ``mapping``.
        content: its description, as JSON.
        digest: the key of its meaning.
        name: the file's stem.
        source: its bytes.
    """

    record: Any
    kind: str
    content: bytes
    digest: str
    name: str
    source: bytes

    def as_input(self, file_name: str) -> RunInput:
        """The same as the input of a run."""
        source = self.source if len(self.source) <= MAX_SOURCE_BYTES else None
        return RunInput(self.kind, self.name, self.digest, self.content, file_name, source, self.record)


_MOST_KNOWN = 64
_known: OrderedDict[str, tuple[Any, bytes, str]] = OrderedDict()
"""What this process read: key of a reading -> record, its description, and the key of its meaning."""


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
        self._said: dict[int, FileReading] = {}
        self._new: list[tuple[str, str, Any, str]] = []  # key, kind, record, digest
        self._old: list[tuple[str]] = []  # keys of readings that were not used for a day
        self._damaged: list[tuple[str]] = []

    def read(self, kind: str, path: Path, options: Any, read: Callable[[], Any]) -> Any:
        """The record of a file: recalled, or read and remembered."""
        source = path.read_bytes()
        key = self._key(kind, path, source, options)
        found = self._remembered(kind, key) or self._read(kind, key, read)
        self._said[id(found[0])] = FileReading(found[0], kind, found[1], found[2], path.stem, source)
        return found[0]

    def _remembered(self, kind: str, key: str) -> tuple[Any, bytes, str] | None:
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
            self._new.append((key, kind, known[0], known[2]))
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

    def _read(self, kind: str, key: str, read: Callable[[], Any]) -> tuple[Any, bytes, str]:
        record = read()
        said = RunInput.of(record)
        found = record, said.content, said.digest
        if not _depends_on_tools(record):
            self._new.append((key, kind, record, said.digest))
            _remember(key, found)
        return found

    def _key(self, kind: str, path: Path, source: bytes, options: Any) -> str:
        said = [self._readers, kind, path.stem, path.suffix.lower(), sha256(source).hexdigest(), options]
        return sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()

    def said_by(self, record: Any) -> FileReading | None:
        """What is known of a record that came from here."""
        return self._said.get(id(record))

    def all_said(self) -> list[FileReading]:
        """All that was read so far."""
        return list(self._said.values())

    def keep(self, database: Database) -> None:
        """Write what is new, and that what was not used for a day was used."""
        new = sorted(
            ReadingTuple(key, kind, packed(exact_description(r)), digest) for key, kind, r, digest in self._new
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


def said_by(kind: str, content: Any, digest: Any) -> tuple[Any, bytes, str] | None:
    """The content of a reading in the database; None where it is damaged."""
    try:
        if not _DIGEST.fullmatch(digest):
            return None
        return *described_record(kind, unpacked(content)), digest
    except UNREADABLE:
        return None


def _remember(key: str, found: tuple[Any, bytes, str]) -> None:
    _known[key] = found
    while len(_known) > _MOST_KNOWN:
        _known.popitem(last=False)


def _depends_on_tools(record: Any) -> bool:
    """Whether a tool outside priced some of it, whose answer may be another tomorrow."""
    return isinstance(record, Accelerator) and any(memory.auto_cost_extraction for memory in record.memories)
