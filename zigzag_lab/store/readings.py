"""What files said when they were read before: a memo from their bytes to the record's description."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from zigzag_lab.hardware import Accelerator
from zigzag_lab.keys.records import described_record, exact_description
from zigzag_lab.store.codec import packed, unpacked
from zigzag_lab.store.database import Database
from zigzag_lab.store.run_start import MAX_SOURCE_BYTES, RunInput


@dataclass(frozen=True)
class Said:
    """What a file said.

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
        return RunInput(self.kind, self.name, self.digest, self.content, file_name, source)


class Readings:
    """Reads files, and remembers in a database what they said.

    A reading depends on the file's bytes, on the name that its record takes from it, on the options it is read with,
    and on our code that reads it; on nothing else, so that a moved file or a touched one is known again.

    Args:
        database: where it may be remembered already; None for nowhere.
        readers: the digest of the code that reads files.
    """

    def __init__(self, database: Database | None, readers: str) -> None:
        self._database, self._readers = database, readers
        self._said: dict[int, Said] = {}
        self._new: list[tuple[str, str, bytes, str]] = []

    def read(self, kind: str, path: Path, options: Any, read: Callable[[], Any]) -> Any:
        """The record of a file: recalled, or read and remembered."""
        source = path.read_bytes()
        key = self._key(kind, path, source, options)
        remembered = self._remembered(key)
        if remembered is not None:
            exact, digest = remembered
            record, content = described_record(kind, exact)
        else:
            record = read()
            known = RunInput.of(record)
            content, digest = known.content, known.digest
            if not _depends_on_tools(record):
                self._new.append((key, kind, packed(exact_description(record)), digest))
        self._said[id(record)] = Said(record, kind, content, digest, path.stem, source)
        return record

    def _remembered(self, key: str) -> tuple[bytes, str] | None:
        if self._database is None:
            return None
        rows = self._database.select("SELECT content, digest FROM zl_reading WHERE key = ?", (key,)).rows
        return (unpacked(rows[0][0]), rows[0][1]) if rows else None

    def _key(self, kind: str, path: Path, source: bytes, options: Any) -> str:
        said = [self._readers, kind, path.stem, path.suffix.lower(), sha256(source).hexdigest(), options]
        return sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()

    def said_by(self, record: Any) -> Said | None:
        """What is known of a record that came from here."""
        return self._said.get(id(record))

    def all_said(self) -> list[Said]:
        """All that was read so far."""
        return list(self._said.values())

    def keep(self, database: Database) -> None:
        """Write what is new."""
        if self._new:
            rows = sorted(self._new)
            database.transact(lambda: database.insert("zl_reading", ("key", "kind", "content", "digest"), rows))
            self._new.clear()


def _depends_on_tools(record: Any) -> bool:
    """Whether a tool outside priced some of it, whose answer may be another tomorrow."""
    return isinstance(record, Accelerator) and any(memory.auto_cost_extraction for memory in record.memories)
