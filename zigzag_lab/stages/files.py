"""Files that stages write: whole or not at all, and refused before a search where they could not be written."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from zigzag_lab.hardware import Accelerator
from zigzag_lab.vocab import InputError, nearest
from zigzag_lab.workload import Layer, Workload

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

MAX_STEM_BYTES = 200
"""Longer names of layers are cut in names of files; file systems allow 255 bytes in all."""

_MOST_TRIES = 100
_NAMED = 40  # characters of a file's name that its unfinished form begins with
_PART = re.compile(r"^\..*\.part-\d+$", re.DOTALL)
_OF_SQLITE = ("-wal", "-shm", "-journal")


def check_folder(folder: Path) -> None:
    """Try to write to a folder, and leave everything as it was.

    Raises:
        InputError: it is not, or cannot become, a folder that can be written to.
    """
    try:
        _tried(lambda: _probe(folder))
    except (OSError, ValueError) as error:
        raise _cannot_write(folder, error) from error


def _probe(folder: Path) -> None:
    made: list[Path] = []
    try:
        _make_folder(folder, made)
        with unfinished(folder / "probe"):
            pass
    finally:
        for path in reversed(made):
            with suppress(OSError):
                path.rmdir()


def _tried(step: Callable[[], None]) -> None:
    """Do something in a folder, again where another process that probes it has taken it away meanwhile."""
    for _ in range(_MOST_TRIES):
        with suppress(FileNotFoundError):
            return step()
    return step()


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


def formatted(keyword: str, pattern: str | Path, fields: Mapping[str, object]) -> Path:
    """Return the file that a pattern names; layers, accelerators and workloads stand for their names as file stems.

    The pattern has named fields in the notation of ``str.format``: keywords of the stage.

    Raises:
        InputError: the pattern, given as this ``keyword``, is malformed or names a field that is not there.
    """
    values = {name: file_stem(v.name) if isinstance(v, (Layer, Accelerator, Workload)) else v
              for name, v in fields.items()}  # fmt: skip
    try:
        return Path(str(pattern).format(**values))
    except KeyError as error:
        name = str(error.args[0])
        expected = f"one of {', '.join(sorted(values))}"
        raise InputError(
            keyword, f"'{pattern}' names the unknown field '{name}'", expected, nearest(name, values)
        ) from None
    except (ValueError, IndexError, AttributeError) as error:
        raise InputError(
            keyword, f"'{pattern}' is no pattern ({error})", "a file name with fields such as {layer}"
        ) from None


def write_json(path: Path, document: object) -> None:
    """Write a JSON file, whole or not at all."""
    write_atomically(path, json.dumps(document, indent=4).encode())


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all; its folder is made if need be.

    Raises:
        InputError: it cannot be written.
    """
    try:
        _tried(lambda: _write(path, content))
    except (OSError, ValueError) as error:
        raise _cannot_write(path, error) from error


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with unfinished(path) as part:
        part.write_bytes(content)
        part.replace(path)


@contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """An empty file beside another, to be moved there once it is whole; removed at the end if it was not moved.

    It is locked as long as its process lives, and its name ends in ``.part-PID``. What killed processes left in the
    folder under such names is removed, wherever they ran.
    """
    remove_left_over(path.parent)
    part = path.with_name(f".{path.name[:_NAMED]}-{secrets.token_hex(4)}.part-{os.getpid()}")
    with ExitStack() as held:
        file = held.enter_context(part.open("xb"))
        try:
            if fcntl is None:
                held.close()  # a file that is open cannot be moved there
            else:
                _is_locked_now(file)
            yield part
        finally:
            _remove(part)


def remove_left_over(folder: Path) -> None:
    """Remove from a folder what killed processes left unfinished."""
    with suppress(OSError):
        for path in folder.iterdir():
            if _PART.search(path.name):
                with suppress(OSError), path.open("r+b") as file:
                    if _is_locked_now(file):
                        _remove(path)


def _is_locked_now(file: IO[bytes]) -> bool:
    """Lock a file, unless a process that lives has; where nothing can be locked, files in use cannot be removed."""
    with suppress(BlockingIOError):
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _remove(part: Path) -> None:
    for suffix in ("", *_OF_SQLITE):
        part.with_name(part.name + suffix).unlink(missing_ok=True)


def _make_folder(folder: Path, made: list[Path]) -> None:
    """Make a folder and its parents, and note those that were not there."""
    if folder.is_dir():
        return
    _make_folder(folder.parent, made) if folder.parent != folder else None
    try:
        folder.mkdir()
    except FileExistsError as error:
        # one look, as others may take it away and make it again between two
        with suppress(FileNotFoundError):
            if not stat.S_ISDIR(folder.stat().st_mode):
                raise NotADirectoryError(errno.ENOTDIR, f"{folder} is not a folder") from error
    else:
        made.append(folder)


def _cannot_write(path: Path, error: OSError | ValueError) -> InputError:
    reason = getattr(error, "strerror", None) or str(error)
    return InputError(
        str(path), f"cannot be written ({reason})", "a place that you may write to", "Choose another one."
    )
