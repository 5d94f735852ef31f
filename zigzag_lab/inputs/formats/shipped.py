"""JSON Schemas as files of the package, for editors: written from the declarations by ``python -m tests.docs``."""

from __future__ import annotations

import os
from pathlib import Path

from zigzag_lab.vocab import InputError, nearest

SCHEMAS = Path(__file__).parents[2] / "schemas"
"""Their folder: ``accelerator.json`` and the like."""

COMMENT = "# yaml-language-server: $schema="
"""What stands before a schema in the first line of a file."""


def schema_path(kind: str) -> Path:
    """The file of the schema of a kind of file.

    Raises:
        InputError: there is no such kind.
    """
    kinds = sorted(path.stem for path in SCHEMAS.glob("*.json"))
    if kind not in kinds:
        found = f"there is no kind of file called '{kind[:200]}'"
        raise InputError("schema", found, f"one of {', '.join(kinds)}", nearest(kind[:200], kinds))
    return SCHEMAS / f"{kind}.json"


def schema_line(kind: str, folder: Path | None = None) -> str:
    """The first line of a file of a kind, by which editors find the schema; relative to a folder if there is one.

    Raises:
        InputError: there is no such kind.
    """
    path = schema_path(kind)
    place = path.as_posix() if folder is None else Path(os.path.relpath(path, folder)).as_posix()
    return f"{COMMENT}{place}"


def with_schema_found(kind: str, content: bytes, folder: Path) -> bytes:
    """Return a file of a kind for a folder: a schema that its first line names, and that is not there, named anew.

    Presets name theirs by a path from where they lie. Nothing else of a file changes.

    Raises:
        InputError: there is no such kind.
    """
    first, end, rest = content.partition(b"\n")
    if not first.startswith(COMMENT.encode()):
        return content
    named = first.decode(errors="replace").removeprefix(COMMENT).strip()
    if "://" in named or (folder / named).is_file():
        return content
    return schema_line(kind).encode() + end + rest
