"""Files that stages write: whole or not at all, and refused before a search where they could not be written."""

from __future__ import annotations

import errno
import hashlib
import json
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from zigzag_lab.vocab import InputError

MAX_STEM_BYTES = 200
"""Longer names of layers are cut in names of files; file systems allow 255 bytes in all."""


def check_folder(folder: Path) -> None:
    """Try to write to a folder, and leave everything as it was.

    Raises:
        InputError: it is not, or cannot become, a folder that can be written to.
    """
    made: list[Path] = []
    try:
        _make_folder(folder, made)
        probe = _beside(folder / "probe")
        probe.touch(exist_ok=False)
        probe.unlink()
    except (OSError, ValueError) as error:
        raise _cannot_write(folder, error) from error
    finally:
        for path in reversed(made):
            with suppress(OSError):
                path.rmdir()


def check_file(path: Path) -> None:
    """The same for a file, which may exist."""
    if path.is_dir():
        raise InputError(str(path), "is a folder", "the name of a file to write", "Add a file name to it.")
    check_folder(path.parent)


def file_stem(name: str) -> str:
    """A layer's name as part of a file's: slashes become underscores; too long a name ends in its digest."""
    stem = name.replace("/", "_").replace("\0", "_")
    encoded = stem.encode(errors="replace")
    if len(encoded) <= MAX_STEM_BYTES:
        return encoded.decode()
    return encoded[:MAX_STEM_BYTES].decode(errors="ignore") + "_" + hashlib.sha256(name.encode()).hexdigest()[:8]


def write_json(path: Path, document: Any) -> None:
    """Write a JSON file, whole or not at all."""
    write_atomically(path, json.dumps(document, indent=4).encode())


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all; its folder is made if need be.

    Raises:
        InputError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half = _beside(path)
        try:
            half.write_bytes(content)
            half.replace(path)
        except BaseException:
            half.unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:
        raise _cannot_write(path, error) from error


def _make_folder(folder: Path, made: list[Path]) -> None:
    """Make a folder and its parents, and note those that were not there."""
    if folder.is_dir():
        return
    _make_folder(folder.parent, made) if folder.parent != folder else None
    try:
        folder.mkdir()
    except FileExistsError as error:
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, f"{folder} is not a folder") from error
    else:
        made.append(folder)


def _beside(path: Path) -> Path:
    """A name that nobody uses in the same folder."""
    return path.with_name(f".{secrets.token_hex(8)}.tmp")


def _cannot_write(path: Path, error: OSError | ValueError) -> InputError:
    reason = getattr(error, "strerror", None) or str(error)
    return InputError(
        str(path), f"cannot be written ({reason})", "a place that you may write to", "Choose another one."
    )
