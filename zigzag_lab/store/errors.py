"""What goes wrong with a database, in words."""

from __future__ import annotations

import traceback

from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.masking import masked


class StoreError(InputError):
    """The database cannot be used: its place, its schema, its health. The message carries no password."""


class StoreWriteError(StoreError):
    """A result could not be stored while a run was going: the disk is full, the database went away. Exit status 1."""

    exit_status = 1


class CutShortError(Exception):
    """The run that a child belongs to ended before the child did."""

    @classmethod
    def of(cls, error: BaseException) -> BaseException:
        """The error of a child, from that of its run; a child of a child says no more."""
        return error if isinstance(error, cls) else cls(f"its run ended before it: {in_words(error)[0]}")


def in_words(error: BaseException) -> tuple[str, str, str]:
    """The message, the kind and the traceback of an error, without passwords."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return masked(str(error) or name), name, masked("".join(traceback.format_exception(error)))
