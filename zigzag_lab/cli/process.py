"""This process: its standard streams, which may be closed, full, or of another encoding, and its command line.

Every user of the machine can read the command line in the list of processes.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.masking import masked_words

_STREAMS = (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_RDONLY, "w"), ("stderr", os.O_WRONLY, "w"))
"""Name, how the null device stands for it where it is closed, and its mode. Writing to closed output fails."""

_OUTPUT_FAILS = (errno.ENOSPC, errno.EBADF, errno.EIO, errno.EFBIG, errno.EDQUOT, errno.EPIPE)


class OutputError(InputError):
    """What was to be printed could not be. Exit status 1."""

    exit_status = 1


def prepare() -> None:
    """Replace closed streams by the null device, and encode every character.

    Without it a file that is opened later would be taken for a closed stream, and be written over.
    """
    for number, (name, flags, mode) in enumerate(_STREAMS):
        if getattr(sys, name) is None:
            with suppress(OSError):
                os.fstat(number)
                continue  # something else has the number
            if os.open(os.devnull, flags) == number:
                setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    _set_errors(sys.stdin, "surrogateescape")
    _set_errors(sys.stdout, "backslashreplace")


def _set_errors(stream: object, errors: str) -> None:
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors=errors)


def flush() -> None:
    """Flush all that was printed.

    Raises:
        OSError: standard output does not take it.
    """
    try:
        sys.stdout.flush()
    except OSError:
        give_up(sys.stdout)
        raise


def give_up(stream: IO[str]) -> None:
    """Discard what a stream still buffers, so that the interpreter does not fail on it at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def explained(error: OSError) -> InputError:
    """An error of the operating system as the user's.

    Raises:
        OSError: the same, where it is about neither a file nor output.
    """
    try:
        Path.cwd()
    except OSError:
        hint = "Change to another folder."
        return InputError("working folder", "it was deleted, or cannot be read", "a folder that is there", hint)
    if error.filename is not None:
        return InputError(os.fsdecode(error.filename), str(error.strerror), "a file or folder that can be used")
    if error.errno not in _OUTPUT_FAILS:
        raise error
    give_up(sys.stdout)
    found = f"it cannot be written to ({error.strerror})"
    return OutputError("standard output", found, hint="What the database holds is safe.")


_ARGUMENTS_START = 45  # of the fields of /proc/self/stat, counted from the one after the name


def hide_passwords() -> None:
    """Blank secrets in the list of processes; what this program reads of its words stays as it is.

    Linux shows the memory in which the words lie: the secrets in it are written over. Elsewhere nothing is done.
    """
    pairs = zip(sys.argv, masked_words(sys.argv), strict=True)
    secrets = [_secret(os.fsencode(word), os.fsencode(masked)) for word, masked in pairs if word != masked]
    if sys.platform != "linux" or not secrets:
        return
    try:
        shown = Path("/proc/self/cmdline").read_bytes()
        start = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[_ARGUMENTS_START])
    except (OSError, ValueError, IndexError):
        return
    if start:
        _write_over(shown, start, secrets)


def _secret(word: bytes, masked: bytes) -> tuple[bytes, slice]:
    """A word, and which part of it is not to be seen."""
    first = _n_equal(word, masked)
    return word, slice(first, len(word) - _n_equal(word[first:][::-1], masked[first:][::-1]))


def _n_equal(one: bytes, other: bytes) -> int:
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _write_over(shown: bytes, start: int, secrets: list[tuple[bytes, slice]]) -> None:
    import ctypes

    if ctypes.string_at(start, len(shown)) != shown:
        return
    for word, part in secrets:
        place = shown.find(word)
        while place >= 0:
            ctypes.memset(start + place + part.start, ord("*"), part.stop - part.start)
            place = shown.find(word, place + 1)
