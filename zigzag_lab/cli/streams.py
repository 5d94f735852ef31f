"""The standard streams, any of which may be closed, full, or speak another encoding."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from zigzag_lab.vocab import InputError

_STREAMS = (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_RDONLY, "w"), ("stderr", os.O_WRONLY, "w"))
"""Name, how the null device stands for it where it is closed, and its mode. Writing to closed output fails."""

_OUTPUT_FAILS = (errno.ENOSPC, errno.EBADF, errno.EIO, errno.EFBIG, errno.EDQUOT, errno.EPIPE)


class OutputError(InputError):
    """What was to be printed could not be. Exit status 1."""

    exit_status = 1


def prepare() -> None:
    """Let the null device stand for closed streams, and no character fail.

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


def _set_errors(stream: Any, errors: str) -> None:
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors=errors)


def flush() -> None:
    """See that all that was printed has gone out.

    Raises:
        OSError: standard output does not take it.
    """
    try:
        sys.stdout.flush()
    except OSError:
        give_up(sys.stdout)
        raise


def give_up(stream: IO[str]) -> None:
    """Have what a stream still holds go nowhere, so that the interpreter does not stumble over it at its end."""
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
