"""What is known of a run when it starts."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from zigzag_lab.hardware import Accelerator
from zigzag_lab.keys import canonical_json, described, engine_digest, meaning_digest
from zigzag_lab.keys.records import KINDS, record_from
from zigzag_lab.mapping.constraints import MappingRules
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.options import DEFAULT_EXPERIMENT, OBJECTIVE
from zigzag_lab.workload import Workload

MAX_SOURCE_BYTES = 16 * 1024 * 1024
"""Larger files are not stored, only what was read from them, as the input's content."""

INPUT_KINDS = ("workload", "accelerator", "mapping")

_ALPHABET = "0123456789abcdefghjkmnpqrstuvxyz"
"""Without the ``w`` of ``pwd``: an id in a message would be read as the name of the secret behind it."""

_EPOCH_MS = 1_735_689_600_000  # 2025-01-01


@dataclass(frozen=True)
class RunInput:
    """A workload, an accelerator or a mapping that a run is given.

    Attributes:
        kind: ``workload``, ``accelerator`` or ``mapping``.
        name: what to call it in tables.
        digest: the key of its meaning.
        content: canonical JSON of all its fields.
        file_name: the file it was read from; None where it came from memory.
        source: that file's bytes.
        record: the input itself, where it is at hand.
    """

    kind: str
    name: str
    digest: str
    content: bytes
    file_name: str | None = None
    source: bytes | None = field(default=None, repr=False)
    record: Any = field(default=None, repr=False, compare=False)

    def as_record(self) -> Any:
        """The input itself."""
        if self.record is None:
            object.__setattr__(self, "record", record_from(KINDS[self.kind.split()[0]], json.loads(self.content)))
        return self.record

    @classmethod
    def of(
        cls,
        record: Workload | Accelerator | MappingRules,
        *,
        name: str | None = None,
        file_name: str | None = None,
        source: bytes | None = None,
    ) -> RunInput:
        """An input from its record.

        Args:
            record: what was read.
            name: what to call it; by default the record's own name, ``mapping`` for mapping rules.
            file_name: the file it was read from.
            source: that file's bytes; not stored above :data:`MAX_SOURCE_BYTES`.
        """
        kind = next((kind for kind in INPUT_KINDS if isinstance(record, KINDS[kind])), None)
        if kind is None:
            raise InputError("run input", f"a {type(record).__name__}", "a Workload, an Accelerator or MappingRules")
        called = name or (kind if isinstance(record, MappingRules) else record.name)
        content, small = canonical_json(described(record)), small_source(source)
        return cls(kind, called, meaning_digest(record), content, file_name, small, record)

    @property
    def source_digest(self) -> str | None:
        """SHA-256 of the file's bytes."""
        return None if self.source is None else sha256(self.source).hexdigest()


def small_source(source: bytes | None) -> bytes | None:
    """The bytes of a file, unless they are more than :data:`MAX_SOURCE_BYTES`."""
    return source if source is not None and len(source) <= MAX_SOURCE_BYTES else None


@dataclass(frozen=True)
class RunStart:
    """What is known of a run when it starts.

    Attributes:
        experiment: the question it belongs to; made when new.
        name: what to call it; by default its workload on its accelerator.
        objective: ``latency``, ``energy`` or ``edp``; ``none`` where stages of the user choose, or none does.
        options: all other options, as plain data.
        keywords: of its stages, where options and inputs do not give them back
            (:func:`zigzag_lab.keys.values.value_document`).
        inputs: what it is given.
        tags: words to find it by.
        engine: the digest of the code that decides numbers.
        settings: of a child run, what is varied -> its value.
    """

    experiment: str = DEFAULT_EXPERIMENT
    name: str = ""
    objective: str = OBJECTIVE.default
    options: Mapping[str, Any] = field(default_factory=dict)
    inputs: Sequence[RunInput] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    engine: str = field(default_factory=engine_digest)
    settings: Mapping[str, Any] | None = None
    keywords: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        kinds = [i.kind for i in self.inputs]
        if len(set(kinds)) < len(kinds):
            raise InputError("run", f"inputs of kinds {', '.join(kinds)}", "one input of each kind")
        if not self.experiment.strip():
            raise InputError("experiment", "its name is empty", "a name")

    @property
    def title(self) -> str:
        """The name, or what stands for it."""
        return self.name or " on ".join(i.name for i in self.inputs if i.kind != "mapping") or "run"


def new_run_id() -> str:
    """Twelve letters and digits that sort by time: milliseconds since 2025, then four at random."""
    number = int(time.time() * 1000) - _EPOCH_MS
    stamp = "".join(_ALPHABET[(number >> shift) & 31] for shift in range(35, -1, -5))
    draw = secrets.randbits(20)
    return stamp + "".join(_ALPHABET[(draw >> shift) & 31] for shift in (15, 10, 5, 0))
